// Networks by name, and their initial weights. What a network is stands in <lipt/network/spec.hpp>, which
// this header brings along; every backend trains from that description.
#pragma once

#include <lipt/network/families.hpp>
#include <lipt/network/spec.hpp>
#include <lipt/random.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace lipt {

/// Builds a network by name. For small images: resnet8, resnet14, resnet20, ... (6m+2, widths 16-32-64, but
/// not resnet50 and resnet152, which are ImageNet's), resnet18 (widths 64 to 512), wrn-<depth>-<width> with
/// depth 6m+4. For images of 224x224 or any other size, in the layout of torchvision's models: resnet18-224
/// (its resnet18), wrn-50-2 (its wide_resnet50_2). errors: N01 unknown name, N02 empty image or classes, N03
/// normalisation of another length source: [He2016], [Zagoruyko2016]
inline network_spec make_network(std::string_view name, const network_options &options) {
    const auto number = [](std::string_view digits) {
        std::size_t value = 0;
        const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return code == std::errc{} && end == digits.data() + digits.size() && value < 10000 ? value : 0;
    };
    if (name == "resnet18") {
        constexpr std::array<std::size_t, 4> widths{64, 128, 256, 512};
        return detail::make_resnet(name, widths, 2, options);
    }
    if (name == "resnet18-224") return detail::make_imagenet_resnet(name, {2, 2, 2, 2}, 1, 1, options);
    if (name == "wrn-50-2") return detail::make_imagenet_resnet(name, {3, 4, 6, 3}, 4, 2, options);
    // 6m+2 happens to fit these depths of ImageNet's networks with bottlenecks, which whoever names them
    // means.
    require(
        name != "resnet50" && name != "resnet152", "N01", "network: '", name,
        "' is ImageNet's by that name, which is not built in: there are resnet18-224 and wrn-50-2 for large "
        "images, resnet44, resnet56 and every other resnet<6m+2> for small ones");
    if (name.starts_with("resnet")) {
        constexpr std::array<std::size_t, 3> widths{16, 32, 64};
        const std::size_t depth = number(name.substr(6));
        if (depth >= 8 && depth % 6 == 2) return detail::make_resnet(name, widths, (depth - 2) / 6, options);
    }
    if (name.starts_with("wrn-")) {
        const auto dash = name.find('-', 4);
        if (dash != std::string_view::npos) {
            const std::size_t depth = number(name.substr(4, dash - 4)), width = number(name.substr(dash + 1));
            if (depth >= 10 && depth % 6 == 4 && width > 0) {
                return detail::make_wide_resnet(name, depth, width, options);
            }
        }
    }
    fail("N01", "network: '", name,
         "' is unknown, expected resnet8, resnet20, resnet18, another resnet<6m+2>, wrn-<6m+4>-<width>, "
         "resnet18-224 or wrn-50-2");
}

/// Seeded initial weights, different for each `run`: convolutions He-normal over fan-out, linear layers and
/// biases uniform within 1/sqrt(inputs), batch-norm scale and variance 1, shift and mean 0; where an entry
/// has a start of its own, that. shapes: result (S) in layout order. source: [He2015] Section 2.2
inline std::vector<float> initial_weights(const network_spec &spec, std::uint64_t seed,
                                          std::uint32_t run = 0) {
    std::vector<float> state(spec.state_size(), 0.0f);
    float bound = 0;
    for (std::size_t w = 0; w < spec.weights.size(); ++w) {
        const auto &entry = spec.weights[w];
        rng draw(
            {.seed = seed, .stage = stream::weights, .pass = run, .sample = static_cast<std::uint32_t>(w)});
        const std::span values(state.data() + entry.offset, entry.size);
        if (!entry.start.empty()) {
            std::copy(entry.start.begin(), entry.start.end(), values.begin());
            continue;
        }
        switch (entry.kind) {
        case weight_kind::convolution: {
            const auto fan_out = static_cast<float>(entry.size / entry.shape[1]); // out times the window
            bound = 1.0f / std::sqrt(static_cast<float>(entry.size / entry.shape[0]));
            for (auto &value : values) value = draw.normal() * std::sqrt(2.0f / fan_out);
            break;
        }
        case weight_kind::linear: // a bias comes next, within the same
            bound = 1.0f / std::sqrt(static_cast<float>(entry.shape[1]));
            [[fallthrough]];
        case weight_kind::bias:
            for (auto &value : values) value = draw.uniform(-bound, bound);
            break;
        case weight_kind::scale:
        case weight_kind::running_variance:
            for (auto &value : values) value = 1.0f;
            break;
        case weight_kind::shift:
        case weight_kind::running_mean:
            break;
        }
    }
    return state;
}

} // namespace lipt
