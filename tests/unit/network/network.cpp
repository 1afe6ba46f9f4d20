#include <lipt/network/network.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(network_)

BOOST_AUTO_TEST_CASE(parameter_counts_are_the_published_ones) {
    const auto count = [](const char *name, std::size_t classes) {
        return lipt::make_network(name, {.image = {3, 32, 32}, .classes = classes}).parameter_count();
    };
    BOOST_TEST(count("resnet8", 10) == 78042u);
    BOOST_TEST(count("resnet18", 10) == 11173962u);
    BOOST_TEST(count("wrn-28-10", 100) == 36536884u);
    BOOST_TEST(count("resnet18-224", 1000) == 11689512u);
    BOOST_TEST(count("wrn-50-2", 1000) == 68883240u);
}

BOOST_AUTO_TEST_CASE(layers_fit_together) {
    for (const char *name :
         {"resnet8", "resnet20", "resnet18", "wrn-16-1", "wrn-16-2", "resnet18-224", "wrn-50-2"}) {
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
    const auto a = lipt::initial_weights(spec, 5), b = lipt::initial_weights(spec, 5),
               c = lipt::initial_weights(spec, 6);
    BOOST_TEST((a == b));
    BOOST_TEST((a != c));
    BOOST_TEST(a.size() == spec.state_size());
}

BOOST_AUTO_TEST_CASE(weights_lie_one_after_another_without_gaps) {
    for (const char *name : {"resnet8", "resnet18", "wrn-10-1", "wrn-16-2", "resnet18-224", "wrn-50-2"}) {
        const auto spec = lipt::make_network(name, {});
        std::size_t offset = 0;
        for (const auto &entry : spec.weights) {
            std::size_t size = 1;
            for (const auto extent : entry.shape) size *= extent;
            BOOST_TEST(entry.offset == offset, entry.name);
            BOOST_TEST(entry.size == size, entry.name);
            offset += size;
        }
        BOOST_TEST(spec.state_size() == offset);
    }
}

BOOST_AUTO_TEST_CASE(layers_name_tensors_of_their_own_kind) {
    using enum lipt::weight_kind;
    for (const char *name : {"resnet20", "wrn-16-2", "wrn-50-2"}) {
        const auto spec = lipt::make_network(name, {});
        std::vector<int> uses(spec.weights.size());
        for (const auto &at : spec.layers) {
            std::vector<lipt::weight_kind> kinds;
            if (at.kind == lipt::layer_kind::convolution) kinds = {convolution};
            if (at.kind == lipt::layer_kind::batch_norm)
                kinds = {scale, shift, running_mean, running_variance};
            if (at.kind == lipt::layer_kind::linear) kinds = {linear, bias};
            for (std::size_t i = 0; i < kinds.size(); ++i) {
                BOOST_TEST((spec.weights[at.weights + i].kind == kinds[i]));
                BOOST_TEST(spec.weights[at.weights + i].shape[0] == at.out.channels);
                ++uses[at.weights + i];
            }
        }
        BOOST_TEST(std::ranges::count(uses, 1) == static_cast<std::ptrdiff_t>(uses.size()));
    }
}

BOOST_AUTO_TEST_CASE(strides_halve_the_plane_and_round_up) {
    const auto planes = [](std::size_t size) {
        const auto spec = lipt::make_network("resnet8", {.image = {3, size, size}});
        return spec.layers[spec.layers.size() - 2].in.height;
    };
    BOOST_TEST(planes(32) == 8u);
    BOOST_TEST(planes(28) == 7u);
    BOOST_TEST(planes(29) == 8u);
    BOOST_TEST(planes(1) == 1u);
}

BOOST_AUTO_TEST_CASE(strides_of_the_imagenet_networks_leave_a_thirty_second_rounded_up) {
    for (const char *name : {"resnet18-224", "wrn-50-2"}) {
        const auto spec = lipt::make_network(name, {.image = {3, 224, 65}});
        const auto &pool = spec.layers[2], &last = spec.layers[spec.layers.size() - 2];
        BOOST_TEST((pool.kind == lipt::layer_kind::max_pool));
        BOOST_TEST((pool.in == lipt::image_shape{64, 112, 33}));
        BOOST_TEST((pool.out == lipt::image_shape{64, 56, 17}));
        BOOST_TEST(last.in.height == 7u);
        BOOST_TEST(last.in.width == 3u);
        BOOST_TEST(
            (lipt::make_network(name, {.image = {3, 1, 1}}).layers[2].out == lipt::image_shape{64, 1, 1}));
    }
}

BOOST_AUTO_TEST_CASE(bottlenecks_have_their_stride_on_the_middle_convolution) {
    const auto spec = lipt::make_network("wrn-50-2", {.image = {3, 224, 224}});
    std::vector<std::size_t> strides;
    for (const auto &at : spec.layers) {
        if (at.kind != lipt::layer_kind::convolution) continue;
        if (spec.weights[at.weights].name.starts_with("layer2.0.")) strides.push_back(at.stride);
    }
    BOOST_TEST((strides == std::vector<std::size_t>{1, 2, 1, 2}));
}

BOOST_AUTO_TEST_CASE(imagenet_networks_are_laid_out_as_torchvision_has_them) {
    const auto names = [](const char *name, const char *from, const char *to) {
        const auto spec = lipt::make_network(name, {.image = {3, 64, 64}});
        std::string joined;
        bool inside = false;
        for (const auto &entry : spec.weights) {
            inside |= entry.name == from;
            if (inside) joined += entry.name + " ";
            if (entry.name == to) break;
        }
        return joined;
    };
    BOOST_TEST(names("resnet18-224", "conv1.weight", "layer1.0.bn1.weight") ==
               "conv1.weight bn1.weight bn1.bias bn1.running_mean bn1.running_var layer1.0.conv1.weight "
               "layer1.0.bn1.weight ");
    BOOST_TEST(names("resnet18-224", "layer2.0.bn2.running_var", "layer2.1.conv1.weight") ==
               "layer2.0.bn2.running_var layer2.0.downsample.0.weight layer2.0.downsample.1.weight "
               "layer2.0.downsample.1.bias layer2.0.downsample.1.running_mean "
               "layer2.0.downsample.1.running_var layer2.1.conv1.weight ");
    BOOST_TEST(names("wrn-50-2", "layer1.0.conv3.weight", "layer1.1.conv1.weight") ==
               "layer1.0.conv3.weight layer1.0.bn3.weight layer1.0.bn3.bias layer1.0.bn3.running_mean "
               "layer1.0.bn3.running_var layer1.0.downsample.0.weight layer1.0.downsample.1.weight "
               "layer1.0.downsample.1.bias layer1.0.downsample.1.running_mean "
               "layer1.0.downsample.1.running_var layer1.1.conv1.weight ");
    BOOST_TEST(names("wrn-50-2", "layer4.2.bn3.running_var", "") ==
               "layer4.2.bn3.running_var fc.weight fc.bias ");
}

BOOST_AUTO_TEST_CASE(initial_weights_have_the_spread_of_their_kind) {
    const auto spec = lipt::make_network("resnet20", {});
    const auto weights = lipt::initial_weights(spec, 3);
    for (const auto &entry : spec.weights) {
        double sum = 0, squares = 0, largest = 0;
        for (std::size_t i = entry.offset; i < entry.offset + entry.size; ++i) {
            const auto value = static_cast<double>(weights[i]);
            sum += value;
            squares += value * value;
            largest = std::max(largest, std::abs(value));
        }
        const auto size = static_cast<double>(entry.size);
        switch (entry.kind) {
        case lipt::weight_kind::convolution: {
            const double variance =
                2.0 / static_cast<double>(entry.shape[0] * entry.shape[2] * entry.shape[3]);
            // Four standard errors of a mean and of a variance of so many normal draws.
            BOOST_TEST(std::abs(sum / size) < 4 * std::sqrt(variance / size), entry.name);
            BOOST_TEST(std::abs(squares / size / variance - 1) < 4 * std::sqrt(2 / size), entry.name);
            break;
        }
        case lipt::weight_kind::linear:
        case lipt::weight_kind::bias:
            BOOST_TEST(largest <= 1 / 8.0, entry.name); // 64 features
            BOOST_TEST(largest > 0.05, entry.name);
            break;
        case lipt::weight_kind::scale:
        case lipt::weight_kind::running_variance:
            BOOST_TEST(sum == size, entry.name);
            break;
        default:
            BOOST_TEST(largest == 0, entry.name);
        }
    }
}

BOOST_AUTO_TEST_CASE(runs_have_weights_of_their_own) {
    const auto spec = lipt::make_network("resnet8", {});
    BOOST_TEST((lipt::initial_weights(spec, 5, 0) == lipt::initial_weights(spec, 5)));
    BOOST_TEST((lipt::initial_weights(spec, 5, 1) != lipt::initial_weights(spec, 5, 0)));
}

BOOST_AUTO_TEST_CASE(tensors_of_any_shape_have_initial_weights) {
    lipt::network_spec spec;
    const auto add = [&](std::vector<std::size_t> shape, lipt::weight_kind kind,
                         std::vector<float> start = {}) {
        std::size_t size = 1;
        for (const auto extent : shape) size *= extent;
        spec.weights.push_back({"w", std::move(shape), kind, spec.state_size(), size, std::move(start)});
    };
    add({64, 32, 3}, lipt::weight_kind::convolution);       // one dimension
    add({64}, lipt::weight_kind::bias);                     // its bias: within 1/sqrt(96)
    add({64, 8, 3, 2, 2}, lipt::weight_kind::convolution);  // three dimensions
    add({3}, lipt::weight_kind::bias, {0.5f, -0.5f, 2.0f}); // of no known layer
    const auto weights = lipt::initial_weights(spec, 1);
    const auto deviation = [&](const lipt::weight_entry &entry) {
        double sum = 0;
        for (std::size_t i = 0; i < entry.size; ++i)
            sum += static_cast<double>(weights[entry.offset + i]) * weights[entry.offset + i];
        return std::sqrt(sum / static_cast<double>(entry.size));
    };
    BOOST_TEST(std::abs(deviation(spec.weights[0]) / std::sqrt(2.0 / (64 * 3)) - 1) < 0.05);
    BOOST_TEST(std::abs(deviation(spec.weights[1]) * std::sqrt(96.0 * 3) - 1) < 0.2);
    BOOST_TEST(std::abs(deviation(spec.weights[2]) / std::sqrt(2.0 / (64 * 12)) - 1) < 0.05);
    BOOST_TEST(std::vector<float>(weights.end() - 3, weights.end()) == spec.weights[3].start,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_that_make_no_network_are_refused) {
    const auto id = [](const lipt::network_options &options) {
        return lipt_test::error_id([&] { lipt::make_network("resnet8", options); });
    };
    BOOST_TEST(id({.image = {3, 0, 32}}) == "LIPT-N02");
    BOOST_TEST(id({.classes = 1}) == "LIPT-N02");
    BOOST_TEST(id({.mean = {0.5f}}) == "LIPT-N03");
    BOOST_TEST(id({.deviation = {0.5f, 0.5f, 0.5f, 0.5f}}) == "LIPT-N03");
    BOOST_TEST(id({.image = {1, 28, 28}, .mean = {0.3f}, .deviation = {0.3f}}) == "");
}

BOOST_AUTO_TEST_CASE(names_of_imagenets_networks_are_not_those_of_small_ones) {
    // Of depth 6m+2, and yet not what their names say.
    for (const char *name : {"resnet50", "resnet152"})
        BOOST_TEST(lipt_test::error_id([&] { lipt::make_network(name, {}); }) == "LIPT-N01", name);
    for (const char *name : {"resnet44", "resnet56", "resnet146"})
        BOOST_TEST(lipt_test::error_id([&] { lipt::make_network(name, {}); }) == "", name);
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused) {
    for (const char *name : {"resnet9", "resnet", "wrn-16", "wrn-15-1", "wrn-16-0", "vgg", "resnet8x",
                             "wrn-16-1-1", "wrn-50-1", "resnet18-225", "resnet18-"}) {
        BOOST_TEST(lipt_test::error_id([&] { lipt::make_network(name, {}); }) == "LIPT-N01", name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
