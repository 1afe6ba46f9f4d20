#include <lipt/network.hpp>

#include <support/expect_error.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(network_)

BOOST_AUTO_TEST_CASE(parameter_counts_are_the_published_ones) {
    const auto count = [](const char *name, std::size_t classes) {
        return lipt::make_network(name, {.image = {3, 32, 32}, .classes = classes}).parameter_count();
    };
    BOOST_TEST(count("resnet8", 10) == 78042u);
    BOOST_TEST(count("resnet18", 10) == 11173962u);
    BOOST_TEST(count("wrn-28-10", 100) == 36536884u);
}

BOOST_AUTO_TEST_CASE(layers_fit_together) {
    for (const char *name : {"resnet8", "resnet20", "resnet18", "wrn-16-1", "wrn-16-2"}) {
        const auto spec = lipt::make_network(name, {.image = {1, 28, 28}, .classes = 10});
        for (std::size_t i = 0; i < spec.layers.size(); ++i) {
            const auto &layer = spec.layers[i];
            BOOST_TEST(layer.input <= i);
            const auto source = layer.input == 0 ? spec.image : spec.layers[layer.input - 1].out;
            BOOST_TEST((source == layer.in));
            if (layer.residual != lipt::layer::none) {
                BOOST_TEST(layer.residual <= i);
                BOOST_TEST((spec.layers[layer.residual - 1].out == layer.out));
            }
        }
        BOOST_TEST(spec.layers.back().out.channels == 10u);
    }
}

BOOST_AUTO_TEST_CASE(initial_weights_depend_on_the_seed_alone) {
    const auto spec = lipt::make_network("resnet8", {});
    const auto a = lipt::initial_weights(spec, 5), b = lipt::initial_weights(spec, 5), c = lipt::initial_weights(spec, 6);
    BOOST_TEST((a == b));
    BOOST_TEST((a != c));
    BOOST_TEST(a.size() == spec.state_size());
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused) {
    for (const char *name : {"resnet9", "resnet", "wrn-16", "wrn-15-1", "wrn-16-0", "vgg", "resnet8x", "wrn-16-1-1"}) {
        BOOST_TEST(lipt_test::error_id([&] { lipt::make_network(name, {}); }) == "LIPT-N01", name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
