// The families of networks: basic blocks, pre-activation blocks and bottlenecks, for small images and for
// ImageNet's.
#pragma once

#include <lipt/network/builder.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lipt::detail {

/// One block of a residual network: where its names begin, and what it makes of the value before it.
struct block_shape {
    std::string at;            ///< "layer1.0."
    std::string_view shortcut; ///< name of the projection
    std::size_t inner = 0;     ///< channels of the convolutions inside
    std::size_t outer = 0;     ///< channels of the output
    std::size_t stride = 1;
};

/// Joins the last convolution of a block with the shortcut. That comes after the last batch-norm in the
/// state_dict, so this one's weights are laid out before it is built.
inline std::size_t join_block(network_builder &build, const block_shape &block, const std::string &norm,
                              std::size_t outer, std::size_t x) {
    const bool projected = block.stride != 1 || build.shape_of(x).channels != block.outer;
    if (!projected) return build.batch_norm(norm, outer, true, x);
    const auto normed = build.batch_norm(norm, outer, false);
    const std::string name = block.at + std::string(block.shortcut);
    const auto shortcut = build.convolution(name + ".0", x, block.outer, 1, block.stride);
    return build.batch_norm(name + ".1", shortcut, true, normed);
}

/// Two 3x3 convolutions, the stride on the first.
inline std::size_t basic_block(network_builder &build, const block_shape &block, std::size_t x) {
    const auto &at = block.at;
    const auto inner =
        build.batch_norm(at + "bn1", build.convolution(at + "conv1", x, block.inner, 3, block.stride), true);
    return join_block(build, block, at + "bn2", build.convolution(at + "conv2", inner, block.outer, 3, 1), x);
}

/// 1x1, 3x3 and 1x1 convolutions, the stride on the 3x3.
inline std::size_t bottleneck_block(network_builder &build, const block_shape &block, std::size_t x) {
    const auto &at = block.at;
    const auto narrow =
        build.batch_norm(at + "bn1", build.convolution(at + "conv1", x, block.inner, 1, 1), true);
    const auto inner = build.batch_norm(
        at + "bn2", build.convolution(at + "conv2", narrow, block.inner, 3, block.stride), true);
    return join_block(build, block, at + "bn3", build.convolution(at + "conv3", inner, block.outer, 1, 1), x);
}

/// "layer2.0.", as state_dicts count: stages from 1, blocks from 0.
inline std::string block_name(std::size_t stage, std::size_t block) {
    return text("layer", stage + 1, ".", block, ".");
}

/// ResNet of basic blocks for small images (3x3 stem, no max-pool), projection shortcuts. source: [He2016]
inline network_spec make_resnet(std::string_view name, std::span<const std::size_t> widths,
                                std::size_t blocks, const network_options &options) {
    network_builder build(name, options);
    std::size_t x = build.batch_norm("bn1", build.convolution("conv1", 0, widths[0], 3, 1), true);
    for (std::size_t stage = 0; stage < widths.size(); ++stage) {
        for (std::size_t block = 0; block < blocks; ++block) {
            x = basic_block(build,
                            {.at = block_name(stage, block),
                             .shortcut = "shortcut",
                             .inner = widths[stage],
                             .outer = widths[stage],
                             .stride = stage > 0 && block == 0 ? std::size_t{2} : std::size_t{1}},
                            x);
        }
    }
    return build.finish("linear", x);
}

/// ResNet for ImageNet's images (7x7 stem with stride 2, max-pool), stages of 64 to 512 channels, named as in
/// torchvision. `expansion` 1: basic blocks; 4: bottlenecks, `widening` times as wide inside. source:
/// [He2016], [Zagoruyko2016]
inline network_spec make_imagenet_resnet(std::string_view name, const std::array<std::size_t, 4> &blocks,
                                         std::size_t expansion, std::size_t widening,
                                         const network_options &options) {
    network_builder build(name, options);
    const auto stem = build.batch_norm("bn1", build.convolution("conv1", 0, 64, 7, 2), true);
    std::size_t x = build.max_pool(stem, 3, 2, 1);
    for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
        const std::size_t channels = std::size_t{64} << stage;
        for (std::size_t block = 0; block < blocks[stage]; ++block) {
            const block_shape shape{.at = block_name(stage, block),
                                    .shortcut = "downsample",
                                    .inner = channels * widening,
                                    .outer = channels * expansion,
                                    .stride = stage > 0 && block == 0 ? std::size_t{2} : std::size_t{1}};
            x = expansion == 1 ? basic_block(build, shape, x) : bottleneck_block(build, shape, x);
        }
    }
    return build.finish("fc", x);
}

/// Wide ResNet, pre-activation. source: [Zagoruyko2016]
inline network_spec make_wide_resnet(std::string_view name, std::size_t depth, std::size_t width,
                                     const network_options &options) {
    const std::size_t blocks = (depth - 4) / 6;
    network_builder build(name, options);
    std::size_t x = build.convolution("conv1", 0, 16, 3, 1);
    for (std::size_t stage = 0; stage < 3; ++stage) {
        const std::size_t channels = (std::size_t{16} << stage) * width;
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::string at = block_name(stage, block);
            const std::size_t stride = stage > 0 && block == 0 ? 2 : 1;
            const bool projected = stride != 1 || build.shape_of(x).channels != channels;
            const auto active = build.batch_norm(at + "bn1", x, true);
            const auto inner = build.convolution(at + "conv1", active, channels, 3, stride);
            const auto outer =
                build.convolution(at + "conv2", build.batch_norm(at + "bn2", inner, true), channels, 3, 1);
            x = build.add(outer,
                          projected ? build.convolution(at + "shortcut", active, channels, 1, stride) : x);
        }
    }
    return build.finish("linear", build.batch_norm("bn1", x, true));
}

} // namespace lipt::detail
