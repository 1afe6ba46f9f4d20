// The passes of Winograd's method for one processor. Included by the sources that are compiled for it alone.
#pragma once

#include "winograd_passes.hpp"
#include "winograd_product.hpp"
#include "winograd_transforms.hpp"

namespace lipt::onednn::detail {

template <class Cpu>
class winograd_of {
  public:
    static std::size_t weight_floats(const winograd_shape &shape) {
        return positions * stride_of(shape.out_channels * shape.in_channels);
    }
    static std::size_t scratch_floats(const winograd_shape &shape) {
        const std::size_t tiles = tiles_at_once(shape);
        return positions * (stride_of(tiles * padded(shape.in_channels)) + stride_of(tiles * group));
    }
    static std::size_t gradient_scratch_floats(const winograd_shape &shape, std::size_t images) {
        const std::size_t tiles = gradient_tiles_at_once(shape), in = padded(shape.in_channels),
                          out = padded(shape.out_channels);
        const std::size_t blocks = tiles_in(shape, images) > tiles ? in / group * (out / group) : 1;
        return positions *
               (stride_of(tiles * in) + stride_of(tiles * out) + blocks * stride_of(group * group));
    }

    static void weights(const winograd_shape &shape, const float *blocked, float *target) {
        const std::size_t in_blocks = shape.in_channels / lanes;
        transform_weights(
            shape, target, [&](std::size_t out, std::size_t in, std::size_t channel, std::size_t at) {
                return load(blocked + (((out * in_blocks + in) * 9 + at) * lanes + channel) * lanes);
            });
    }
    static void backward_weights(const winograd_shape &shape, const float *blocked, float *target) {
        const std::size_t out_blocks = shape.out_channels / lanes;
        transform_weights(shape, target,
                          [&](std::size_t out, std::size_t in, std::size_t channel, std::size_t at) {
                              // The kernel is turned around, and its rows of a block lie along the other
                              // channel.
                              const float *from =
                                  blocked + ((in * out_blocks + out) * 9 + 8 - at) * lanes * lanes + channel;
                              lane values{};
                              for (std::size_t i = 0; i < lanes; ++i) values[i] = from[i * lanes];
                              return values;
                          });
    }

    static void convolve(const winograd_shape &shape, std::size_t images, const float *source,
                         const float *weights, const winograd_ending &ending, float *target, float *scratch) {
        const std::size_t in = shape.in_channels, out = shape.out_channels, at_once = tiles_at_once(shape);
        const std::size_t spread_stride = stride_of(at_once * padded(in)),
                          sums_stride = stride_of(at_once * group);
        float *spread = scratch, *sums = scratch + positions * spread_stride;
        const std::size_t tiles = tiles_in(shape, images);
        for (std::size_t first = 0; first < tiles; first += at_once) {
            const std::size_t count = least(at_once, tiles - first);
            for (std::size_t t = 0; t < count; ++t) {
                spread_tile<typename transforms::input, 1>(shape, in, place_of(shape, first + t), source,
                                                           at_once, spread_stride, spread + t * group);
            }
            for (std::size_t n = 0; n < out; n += group) {
                const std::size_t end = least(n + group, out);
                for (std::size_t p = 0; p < positions; ++p) {
                    multiply_group(count, at_once, shape, {n, end}, spread + p * spread_stride,
                                   weights + p * stride_of(out * in), sums + p * sums_stride);
                }
                for (std::size_t t = 0; t < count; ++t) {
                    gather_tile(shape, place_of(shape, first + t), {n, end}, sums + t * group, sums_stride,
                                ending, target);
                }
            }
        }
    }

    static void weights_gradient(const winograd_shape &shape, std::size_t images, const float *source,
                                 const float *gradient, float *target, float *scratch) {
        const std::size_t in = shape.in_channels, out = shape.out_channels,
                          at_once = gradient_tiles_at_once(shape);
        const std::size_t spread_stride = stride_of(at_once * padded(in)),
                          slope_stride = stride_of(at_once * padded(out)),
                          sums_stride = stride_of(group * group);
        float *spread = scratch, *slopes = spread + positions * spread_stride;
        const std::size_t tiles = tiles_in(shape, images);
        for (std::size_t first = 0; first < tiles; first += at_once) {
            const std::size_t count = least(at_once, tiles - first);
            for (std::size_t t = 0; t < count; ++t) {
                const auto at = place_of(shape, first + t);
                spread_tile<typename transforms::input, 1>(shape, in, at, source, at_once, spread_stride,
                                                           spread + t * group);
                spread_tile<typename transforms::slope, 0>(shape, out, at, gradient, at_once, slope_stride,
                                                           slopes + t * group);
            }
            float *sums = slopes + positions * slope_stride;
            for (std::size_t k = 0; k < in; k += group) {
                for (std::size_t n = 0; n < out; n += group) {
                    const range rows{k, least(k + group, in)}, columns{n, least(n + group, out)};
                    for (std::size_t p = 0; p < positions; ++p) {
                        multiply_slopes(count, rows, columns, spread + p * spread_stride + k * at_once,
                                        slopes + p * slope_stride + n * at_once, first > 0,
                                        sums + p * sums_stride);
                    }
                    if (first + count == tiles)
                        gather_kernels(shape, rows, columns, sums, sums_stride, target);
                    // Where all tiles fit at once, nothing is added to them later.
                    if (tiles > at_once) sums += positions * sums_stride;
                }
            }
        }
    }

  private:
    using transforms = winograd_transforms<Cpu>;
    using product = winograd_product<Cpu>;
    using lane = typename Cpu::lane;
    static constexpr std::size_t lanes = Cpu::lanes;
    static constexpr std::size_t positions = 36;    ///< of a transformed tile
    static constexpr std::size_t tile = 4;          ///< outputs along a side of a tile
    static constexpr std::size_t group = 64;        ///< channels that lie together in a factor or in sums
    static constexpr std::size_t panel = 2 * lanes; ///< columns that a product computes at once
    static constexpr std::size_t line = 16; ///< floats between positions, lest they share a set of the cache

    /// Channels or rows from `first` up to `last`, not included.
    struct range {
        std::size_t first, last;
    };
    /// Where a tile lies.
    struct place {
        std::size_t image, top, left; ///< of its first output
    };

    static std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
    static std::size_t stride_of(std::size_t size) { return size + line; }
    static std::size_t padded(std::size_t channels) { return (channels + group - 1) / group * group; }
    static std::size_t tiles_along(std::size_t side) { return (side + tile - 1) / tile; }
    static std::size_t tiles_in(const winograd_shape &shape, std::size_t images) {
        return images * tiles_along(shape.height) * tiles_along(shape.width);
    }
    static place place_of(const winograd_shape &shape, std::size_t number) {
        const std::size_t down = tiles_along(shape.height), across = tiles_along(shape.width);
        return {number / (down * across), number / across % down * tile, number % across * tile};
    }
    /// Tiles whose transforms are held at once: more where the weights, read once a lot, leave the cache.
    static std::size_t tiles_at_once(const winograd_shape &shape) {
        return shape.in_channels * shape.out_channels <= 64 * 64 ? 24 : 48;
    }
    /// The same for the weight gradient: more where the sums, read and written for every lot, leave the
    /// cache.
    static std::size_t gradient_tiles_at_once(const winograd_shape &shape) {
        return shape.in_channels * shape.out_channels <= 128 * 128 ? 32 : 64;
    }

    static lane load(const float *from) { return product::load(from); }
    static void store(float *to, const lane &value) { product::store(to, value); }

    /// The transforms of a tile, whose values begin `Before` rows and columns before its outputs and are zero
    /// outside of the plane. shapes: source (images,ch/lanes,h,w,lanes), spread (positions) of
    /// (ch/group,tiles,group), `stride` apart
    template <class Transform, std::size_t Before>
    static void spread_tile(const winograd_shape &shape, std::size_t channels, const place &at,
                            const float *source, std::size_t tiles, std::size_t stride, float *spread) {
        constexpr std::size_t side = Transform::in;
        const std::size_t pixels = shape.height * shape.width;
        const range rows{at.top < Before ? Before - at.top : 0, least(side, shape.height + Before - at.top)},
            columns{at.left < Before ? Before - at.left : 0, least(side, shape.width + Before - at.left)};
        lane values[side * side]{}, result[positions]; // what lies outside stays zero for all channels
        for (std::size_t c = 0; c < channels; c += lanes) {
            const float *plane = source + (at.image * channels + c) * pixels;
            for (std::size_t y = rows.first; y < rows.last; ++y) {
                const float *row = plane + ((at.top + y - Before) * shape.width + at.left) * lanes;
                for (std::size_t x = columns.first; x < columns.last; ++x)
                    values[y * side + x] = load(row + x * lanes - Before * lanes);
            }
            transforms::template transform<Transform>(values, result);
            float *to = spread + c / group * group * tiles + c % group;
            for (std::size_t p = 0; p < positions; ++p) store(to + p * stride, result[p]);
        }
    }

    /// sums (count,group) = spread (count,in) * the columns `to` of a position's weights
    static void multiply_group(std::size_t count, std::size_t tiles, const winograd_shape &shape,
                               const range &to, const float *spread, const float *weights, float *sums) {
        using whole = product_layout<group, 1, panel, group>;
        using half = product_layout<group, 1, lanes, group>;
        const std::size_t in = shape.in_channels;
        for (std::size_t n = to.first; n < to.last; n += panel) {
            const bool full = to.last - n >= panel;
            for (std::size_t k = 0; k < in; k += group) {
                const std::size_t steps = least(group, in - k);
                const float *left = spread + k * tiles;
                float *sum = sums + n - to.first;
                if (full) {
                    product::template rows<whole, 2>(count, steps, left, weights + n * in + k * panel, k > 0,
                                                     sum);
                } else {
                    product::template rows<half, 1>(count, steps, left, weights + n * in + k * lanes, k > 0,
                                                    sum);
                }
            }
        }
    }

    /// sums (group,group) [+]= the transposed `rows` of spread (count,group) * the `columns` of slopes
    /// (count,group)
    static void multiply_slopes(std::size_t count, const range &rows, const range &columns,
                                const float *spread, const float *slopes, bool add, float *sums) {
        using layout = product_layout<1, group, group, group>;
        const std::size_t height = rows.last - rows.first, width = columns.last - columns.first;
        for (std::size_t n = 0; n < width; n += panel) {
            if (width - n >= panel) {
                product::template rows<layout, 2>(height, count, spread, slopes + n, add, sums + n);
            } else {
                product::template rows<layout, 1>(height, count, spread, slopes + n, add, sums + n);
            }
        }
    }

    /// The outputs of a tile in one plane.
    static void write_outputs(const winograd_shape &shape, const place &at, const lane *values,
                              const lane &bias, const winograd_ending &ending, float *plane) {
        const std::size_t below = least(tile, shape.height - at.top),
                          right = least(tile, shape.width - at.left);
        for (std::size_t y = 0; y < below; ++y) {
            float *row = plane + ((at.top + y) * shape.width + at.left) * lanes;
            for (std::size_t x = 0; x < right; ++x) {
                lane value = values[y * tile + x] + bias;
                if (ending.accumulate) value += load(row + x * lanes);
                // NaN passes.
                if (ending.relu) value = lane{} > value ? lane{} : value;
                store(row + x * lanes, value);
            }
        }
    }

    /// shapes: sums (positions) of (group), `stride` apart
    static void gather_tile(const winograd_shape &shape, const place &at, const range &channels,
                            const float *sums, std::size_t stride, const winograd_ending &ending,
                            float *target) {
        const std::size_t pixels = shape.height * shape.width;
        float *image = target + at.image * shape.out_channels * pixels;
        lane values[positions], outputs[tile * tile];
        for (std::size_t c = channels.first; c < channels.last; c += lanes) {
            for (std::size_t p = 0; p < positions; ++p)
                values[p] = load(sums + p * stride + c - channels.first);
            transforms::template transform<typename transforms::output>(values, outputs);
            write_outputs(shape, at, outputs, ending.bias == nullptr ? lane{} : load(ending.bias + c), ending,
                          image + c * pixels);
        }
    }

    /// kernel_of(out block, in block, channel in it, position) gives a block of output channels' weights.
    /// shapes: target (positions) of (out/panel,in,panel), the last panel may be half as wide
    template <class Kernel>
    static void transform_weights(const winograd_shape &shape, float *target, Kernel kernel_of) {
        const std::size_t stride = stride_of(shape.out_channels * shape.in_channels);
        lane kernel[9], result[positions];
        for (std::size_t n = 0; n < shape.out_channels; n += lanes) {
            const std::size_t first = n / panel * panel, width = least(panel, shape.out_channels - first);
            for (std::size_t k = 0; k < shape.in_channels; ++k) {
                for (std::size_t at = 0; at < 9; ++at)
                    kernel[at] = kernel_of(n / lanes, k / lanes, k % lanes, at);
                transforms::template transform<typename transforms::kernel>(kernel, result);
                float *to = target + first * shape.in_channels + k * width + n - first;
                for (std::size_t p = 0; p < positions; ++p) store(to + p * stride, result[p]);
            }
        }
    }

    /// The sums' transforms undone. shapes: sums (positions) of (group in,group out), `stride` apart, target
    /// (out/lanes,in/lanes,3,3,lanes in,lanes out)
    static void gather_kernels(const winograd_shape &shape, const range &rows, const range &columns,
                               const float *sums, std::size_t stride, float *target) {
        lane values[positions], kernel[9];
        for (std::size_t n = columns.first; n < columns.last; n += lanes) {
            for (std::size_t k = rows.first; k < rows.last; ++k) {
                const float *from = sums + (k - rows.first) * group + n - columns.first;
                for (std::size_t p = 0; p < positions; ++p) values[p] = load(from + p * stride);
                transforms::template transform<typename transforms::gradient>(values, kernel);
                float *to =
                    target + ((n * shape.in_channels / lanes + k / lanes * lanes) * 9 + k % lanes) * lanes;
                for (std::size_t at = 0; at < 9; ++at) store(to + at * lanes * lanes, kernel[at]);
            }
        }
    }
};

/// The passes of one processor as a table.
template <class Cpu>
constexpr winograd_passes winograd_table() {
    using passes = winograd_of<Cpu>;
    return {.name = Cpu::name,
            .weight_floats = passes::weight_floats,
            .scratch_floats = passes::scratch_floats,
            .gradient_scratch_floats = passes::gradient_scratch_floats,
            .weights = passes::weights,
            .backward_weights = passes::backward_weights,
            .convolve = passes::convolve,
            .weights_gradient = passes::weights_gradient};
}

} // namespace lipt::onednn::detail
