#include <lipt/adapters/arrays/notices.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(notices)

BOOST_AUTO_TEST_CASE(lost_classes_are_counted_and_the_first_named) {
    BOOST_TEST(lipt::arrays::lost_classes_notice({}).empty());
    const std::vector<std::size_t> one{4}, many{0, 1, 2, 3, 4, 5, 6};
    BOOST_TEST(lipt::arrays::lost_classes_notice(one).starts_with("no sample is kept of 1 class (4):"));
    BOOST_TEST(lipt::arrays::lost_classes_notice(many).starts_with(
        "no sample is kept of 7 classes (0, 1, 2, 3, 4 and 2 more):"));
}

BOOST_AUTO_TEST_CASE(weights_of_zero_are_counted) {
    BOOST_TEST(lipt::arrays::zero_weights_notice({}).empty());
    const std::vector<float> none{1, 2}, some{0, 2, 1, 0}, all{0, 0};
    BOOST_TEST(lipt::arrays::zero_weights_notice(none).empty());
    BOOST_TEST(lipt::arrays::zero_weights_notice(some).starts_with("2 of 4 kept samples weigh 0"));
    BOOST_TEST(lipt::arrays::zero_weights_notice(all).starts_with("all weights are 0"));
}

BOOST_AUTO_TEST_CASE(tensors_that_a_mask_emptied_are_named) {
    BOOST_TEST(lipt::arrays::emptied_notice(3, {}).empty());
    const std::vector<std::string> names{"stem.conv"};
    BOOST_TEST(lipt::arrays::emptied_notice(3, names).starts_with("worker 3: nothing is kept of stem.conv"));
}

BOOST_AUTO_TEST_SUITE_END()
