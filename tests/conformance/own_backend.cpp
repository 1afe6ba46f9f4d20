// What the example's backend refuses besides the contract: a network that it cannot run.
#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

BOOST_AUTO_TEST_CASE(a_network_of_more_than_one_layer_is_refused) {
    const auto resnet = lipt::make_network("resnet8", {.image = {1, 8, 8}, .classes = 3});
    BOOST_TEST(lipt_test::error_id([&] { own::training::make(resnet); }) == "LIPT-X01");
}
