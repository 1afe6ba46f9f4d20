#include <lipt/adapters/cli/network_words.hpp>
#include <lipt/network/network.hpp>

#include <boost/test/unit_test.hpp>

using lipt::adapters::depth_of;
using lipt::adapters::network_words;

BOOST_AUTO_TEST_SUITE(network_words_)

namespace {

lipt::network_spec made(const char *name, std::size_t classes = 10) {
    return lipt::make_network(name, {.image = {3, 32, 32}, .classes = classes});
}

} // namespace

BOOST_AUTO_TEST_CASE(depths_are_those_of_the_names) {
    BOOST_TEST(depth_of(made("resnet8")) == 8u);
    BOOST_TEST(depth_of(made("resnet20")) == 20u);
    BOOST_TEST(depth_of(made("resnet18")) == 18u);
    BOOST_TEST(depth_of(made("resnet18-224")) == 18u);
    BOOST_TEST(depth_of(made("wrn-16-1")) == 16u);
    BOOST_TEST(depth_of(made("wrn-28-10")) == 28u);
    BOOST_TEST(depth_of(made("wrn-50-2")) == 50u);
}

BOOST_AUTO_TEST_CASE(words_say_stem_depth_and_parameters) {
    BOOST_TEST(network_words(made("resnet8")) == "resnet8 (3x3 stem, depth 8, 78,042 parameters)");
    BOOST_TEST(network_words(made("resnet18")) ==
               "resnet18 (3x3 stem, depth 18, 11,173,962 parameters; the form for 32x32 images, that for "
               "224x224 is resnet18-224)");
    BOOST_TEST(network_words(made("resnet18-224", 1000)) ==
               "resnet18-224 (7x7 stem with stride 2 and max-pool, depth 18, 11,689,512 parameters)");
    lipt::network_spec module{.name = "model.pt", .module = "/models/model.pt"};
    module.weights = {
        {.name = "fc.weight", .shape = {10, 90}, .kind = lipt::weight_kind::linear, .size = 900}};
    BOOST_TEST(network_words(module) == "model.pt (TorchScript, 900 parameters)");
}

BOOST_AUTO_TEST_SUITE_END()
