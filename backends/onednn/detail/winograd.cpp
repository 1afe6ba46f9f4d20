#include "winograd.hpp"

#include "vectors.hpp"

#include <algorithm>
#include <array>

namespace lipt::onednn::detail {
namespace {

constexpr std::size_t lanes = 8;      ///< channels of a vector
constexpr std::size_t positions = 36; ///< of a transformed tile
constexpr std::size_t tile = 4;       ///< outputs along a side of a tile
constexpr std::size_t panel = 16;     ///< columns that a product computes at once
constexpr std::size_t rows = 6; ///< rows that it computes at once: with `panel` twelve sums in registers
constexpr std::size_t block = 4 * rows; ///< tiles whose transforms are held at once
/// The same for the weight gradient, which reads and writes the sums of all weights once a block.
constexpr std::size_t gradient_block = 64;
constexpr std::size_t line = 16; ///< floats between positions, so that they do not share a set of the cache

using lane = vector<lanes>;

// The five transforms in one dimension: `in` values at stride From to `out` values at stride To.

struct input_transform {
    static constexpr std::size_t in = 6, out = 6;
    template <std::size_t From, std::size_t To>
    static void apply(const lane *d, lane *t) {
        const lane &d0 = d[0], &d1 = d[From], &d2 = d[2 * From], &d3 = d[3 * From], &d4 = d[4 * From],
                   &d5 = d[5 * From];
        const lane even = d4 - 4.0f * d2, odd = d3 - 4.0f * d1;
        const lane near = d4 - d2, far = 2.0f * (d3 - d1);
        t[0] = 4.0f * d0 - 5.0f * d2 + d4;
        t[To] = even + odd;
        t[2 * To] = even - odd;
        t[3 * To] = near + far;
        t[4 * To] = near - far;
        t[5 * To] = 4.0f * d1 - 5.0f * d3 + d5;
    }
};
struct kernel_transform {
    static constexpr std::size_t in = 3, out = 6;
    template <std::size_t From, std::size_t To>
    static void apply(const lane *g, lane *t) {
        const lane &g0 = g[0], &g1 = g[From], &g2 = g[2 * From];
        const lane ends = g0 + g2, far_ends = g0 + 4.0f * g2;
        t[0] = 0.25f * g0;
        t[To] = (-1.0f / 6) * (ends + g1);
        t[2 * To] = (-1.0f / 6) * (ends - g1);
        t[3 * To] = (1.0f / 24) * (far_ends + 2.0f * g1);
        t[4 * To] = (1.0f / 24) * (far_ends - 2.0f * g1);
        t[5 * To] = g2;
    }
};
struct output_transform {
    static constexpr std::size_t in = 6, out = 4;
    template <std::size_t From, std::size_t To>
    static void apply(const lane *m, lane *t) {
        const lane &m0 = m[0], &m1 = m[From], &m2 = m[2 * From], &m3 = m[3 * From], &m4 = m[4 * From],
                   &m5 = m[5 * From];
        const lane sum = m1 + m2, difference = m1 - m2, far_sum = m3 + m4, far_difference = m3 - m4;
        t[0] = m0 + sum + far_sum;
        t[To] = difference + 2.0f * far_difference;
        t[2 * To] = sum + 4.0f * far_sum;
        t[3 * To] = difference + 8.0f * far_difference + m5;
    }
};
/// The transpose of the output's.
struct slope_transform {
    static constexpr std::size_t in = 4, out = 6;
    template <std::size_t From, std::size_t To>
    static void apply(const lane *m, lane *t) {
        const lane &m0 = m[0], &m1 = m[From], &m2 = m[2 * From], &m3 = m[3 * From];
        const lane even = m0 + m2, odd = m1 + m3, far_even = m0 + 4.0f * m2, far_odd = 2.0f * m1 + 8.0f * m3;
        t[0] = m0;
        t[To] = even + odd;
        t[2 * To] = even - odd;
        t[3 * To] = far_even + far_odd;
        t[4 * To] = far_even - far_odd;
        t[5 * To] = m3;
    }
};
/// The transpose of the kernel's.
struct gradient_transform {
    static constexpr std::size_t in = 6, out = 3;
    template <std::size_t From, std::size_t To>
    static void apply(const lane *u, lane *t) {
        const lane &u0 = u[0], &u1 = u[From], &u2 = u[2 * From], &u3 = u[3 * From], &u4 = u[4 * From],
                   &u5 = u[5 * From];
        const lane sum = (-1.0f / 6) * (u1 + u2), far_sum = (1.0f / 24) * (u3 + u4);
        t[0] = 0.25f * u0 + sum + far_sum;
        t[To] = (1.0f / 6) * (u2 - u1) + (1.0f / 12) * (u3 - u4);
        t[2 * To] = sum + 4.0f * far_sum + u5;
    }
};

/// In both dimensions. shapes: values (in,in), result (out,out)
template <class Transform>
void transform(const lane *values, lane *result) {
    constexpr std::size_t in = Transform::in, out = Transform::out;
    std::array<lane, out * in> half;
    for (std::size_t x = 0; x < in; ++x) Transform::template apply<in, in>(values + x, half.data() + x);
    for (std::size_t y = 0; y < out; ++y)
        Transform::template apply<1, 1>(half.data() + y * in, result + y * out);
}

/// Where a tile lies.
struct place {
    std::size_t image, top, left; ///< of its first output
};
std::size_t tiles_of(std::size_t side) { return (side + tile - 1) / tile; }
place place_of(const winograd_shape &shape, std::size_t number) {
    const std::size_t down = tiles_of(shape.height), across = tiles_of(shape.width);
    return {number / (down * across), number / across % down * tile, number % across * tile};
}

/// Floats from one position to the next, for matrices of `size`.
std::size_t stride_of(std::size_t size) { return size + line; }

/// The transforms of a tile, whose values begin `Before` rows and columns before its outputs and are zero
/// outside of the plane. shapes: source (images,ch/8,h,w,8), spread (positions) of (ch), `stride` apart
template <class Transform, std::size_t Before>
void spread_tile(const winograd_shape &shape, std::size_t channels, const place &at, const float *source,
                 std::size_t stride, float *spread) {
    constexpr std::size_t side = Transform::in;
    const std::size_t pixels = shape.height * shape.width;
    const float *image = source + at.image * channels * pixels;
    std::array<lane, side * side> values;
    std::array<lane, positions> result;
    for (std::size_t c = 0; c < channels; c += lanes) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            // Less than zero wraps around, and is outside as well.
            const std::size_t row = at.top + i / side - Before, column = at.left + i % side - Before;
            const bool inside = row < shape.height && column < shape.width;
            values[i] =
                inside ? load<lanes>(image + c * pixels + (row * shape.width + column) * lanes) : lane{};
        }
        transform<Transform>(values.data(), result.data());
        for (std::size_t p = 0; p < positions; ++p) store<lanes>(spread + p * stride + c, result[p]);
    }
}

/// A matrix as a product reads it: row r at step k is data[r * row + k * step].
struct factor {
    const float *data;
    std::size_t row, step;
};

/// sums (Rows,panel), `stride` apart, [+]= left (Rows,steps) * right (steps,panel), its rows `right.step`
/// apart
template <std::size_t Rows>
void multiply_rows(std::size_t steps, const factor &left, const factor &right, bool add, std::size_t stride,
                   float *sums) {
    std::array<lane, Rows> low{}, high{};
    for (std::size_t k = 0; k < steps; ++k) {
        const lane first = load<lanes>(right.data + k * right.step),
                   second = load<lanes>(right.data + k * right.step + lanes);
#pragma GCC unroll 6
        for (std::size_t r = 0; r < Rows; ++r) {
            const float value = left.data[r * left.row + k * left.step];
            low[r] += value * first;
            high[r] += value * second;
        }
    }
    for (std::size_t r = 0; r < Rows; ++r) {
        float *to = sums + r * stride;
        store<lanes>(to, add ? load<lanes>(to) + low[r] : low[r]);
        store<lanes>(to + lanes, add ? load<lanes>(to + lanes) + high[r] : high[r]);
    }
}

/// The same for any number of rows.
void multiply(std::size_t count, std::size_t steps, factor left, const factor &right, bool add,
              std::size_t stride, float *sums) {
    for (; count >= rows; count -= rows, left.data += rows * left.row, sums += rows * stride)
        multiply_rows<rows>(steps, left, right, add, stride, sums);
    switch (count) {
    case 1:
        return multiply_rows<1>(steps, left, right, add, stride, sums);
    case 2:
        return multiply_rows<2>(steps, left, right, add, stride, sums);
    case 3:
        return multiply_rows<3>(steps, left, right, add, stride, sums);
    case 4:
        return multiply_rows<4>(steps, left, right, add, stride, sums);
    case 5:
        return multiply_rows<5>(steps, left, right, add, stride, sums);
    default:
        return;
    }
}

/// The outputs of a tile in one plane.
void write_outputs(const winograd_shape &shape, const place &at, const lane *values, const lane &bias,
                   const winograd_ending &ending, float *plane) {
    const std::size_t below = std::min(tile, shape.height - at.top),
                      right = std::min(tile, shape.width - at.left);
    for (std::size_t y = 0; y < below; ++y) {
        float *row = plane + ((at.top + y) * shape.width + at.left) * lanes;
        for (std::size_t x = 0; x < right; ++x) {
            lane value = values[y * tile + x] + bias;
            if (ending.accumulate) value += load<lanes>(row + x * lanes);
            store<lanes>(row + x * lanes, ending.relu ? rectified<lanes>(value) : value);
        }
    }
}

/// shapes: sums (positions) of (out), `stride` apart
void gather_tile(const winograd_shape &shape, const place &at, const float *sums, std::size_t stride,
                 const winograd_ending &ending, float *target) {
    const std::size_t pixels = shape.height * shape.width;
    float *image = target + at.image * shape.out_channels * pixels;
    std::array<lane, positions> values;
    std::array<lane, tile * tile> outputs;
    for (std::size_t c = 0; c < shape.out_channels; c += lanes) {
        for (std::size_t p = 0; p < positions; ++p) values[p] = load<lanes>(sums + p * stride + c);
        transform<output_transform>(values.data(), outputs.data());
        write_outputs(shape, at, outputs.data(),
                      ending.bias == nullptr ? lane{} : load<lanes>(ending.bias + c), ending,
                      image + c * pixels);
    }
}

/// kernel_of(out block, in block, channel in it, position) gives eight output channels' weights. shapes:
/// target (positions) of (out/panel,in,panel)
template <class Kernel>
void transform_all(const winograd_shape &shape, float *target, Kernel kernel_of) {
    const std::size_t stride = stride_of(shape.out_channels * shape.in_channels);
    std::array<lane, 9> kernel;
    std::array<lane, positions> result;
    for (std::size_t n = 0; n < shape.out_channels; n += lanes) {
        for (std::size_t k = 0; k < shape.in_channels; ++k) {
            for (std::size_t at = 0; at < kernel.size(); ++at)
                kernel[at] = kernel_of(n / lanes, k / lanes, k % lanes, at);
            transform<kernel_transform>(kernel.data(), result.data());
            float *to = target + n / panel * panel * shape.in_channels + k * panel + n % panel;
            for (std::size_t p = 0; p < positions; ++p) store<lanes>(to + p * stride, result[p]);
        }
    }
}

/// The sums' transforms undone. shapes: sums (positions) of (in,out), target (out/8,in/8,3,3,8 in,8 out)
void gather_kernels(const winograd_shape &shape, const float *sums, float *target) {
    const std::size_t in = shape.in_channels, out = shape.out_channels, stride = stride_of(in * out);
    std::array<lane, positions> values;
    std::array<lane, 9> kernel;
    for (std::size_t n = 0; n < out; n += lanes) {
        for (std::size_t k = 0; k < in; ++k) {
            for (std::size_t p = 0; p < positions; ++p)
                values[p] = load<lanes>(sums + p * stride + k * out + n);
            transform<gradient_transform>(values.data(), kernel.data());
            float *to = target + ((n * in / lanes + k / lanes * lanes) * 9 + k % lanes) * lanes;
            for (std::size_t at = 0; at < kernel.size(); ++at)
                store<lanes>(to + at * lanes * lanes, kernel[at]);
        }
    }
}

} // namespace

std::size_t winograd_weight_floats(const winograd_shape &shape) {
    return positions * stride_of(shape.out_channels * shape.in_channels);
}
std::size_t winograd_scratch_floats(const winograd_shape &shape) {
    return positions * (stride_of(block * shape.in_channels) + stride_of(block * shape.out_channels));
}
std::size_t winograd_gradient_scratch_floats(const winograd_shape &shape) {
    return winograd_weight_floats(shape) + positions * (stride_of(gradient_block * shape.in_channels) +
                                                        stride_of(gradient_block * shape.out_channels));
}

void winograd_weights(const winograd_shape &shape, const float *blocked, float *target) {
    const std::size_t in_blocks = shape.in_channels / lanes;
    transform_all(shape, target, [&](std::size_t out, std::size_t in, std::size_t channel, std::size_t at) {
        return load<lanes>(blocked + (((out * in_blocks + in) * 9 + at) * lanes + channel) * lanes);
    });
}

void winograd_backward_weights(const winograd_shape &shape, const float *blocked, float *target) {
    const std::size_t out_blocks = shape.out_channels / lanes;
    transform_all(shape, target, [&](std::size_t out, std::size_t in, std::size_t channel, std::size_t at) {
        // The kernel is turned around, and its rows of eight lie along the other channel.
        const float *from = blocked + ((in * out_blocks + out) * 9 + 8 - at) * lanes * lanes + channel;
        lane values{};
        for (std::size_t i = 0; i < lanes; ++i) values[i] = from[i * lanes];
        return values;
    });
}

void winograd_convolve(const winograd_shape &shape, std::size_t images, const float *source,
                       const float *weights, const winograd_ending &ending, float *target, float *scratch) {
    const std::size_t in = shape.in_channels, out = shape.out_channels;
    const std::size_t spread_stride = stride_of(block * in), sums_stride = stride_of(block * out);
    float *spread = scratch, *sums = scratch + positions * spread_stride;
    const std::size_t tiles = images * tiles_of(shape.height) * tiles_of(shape.width);
    for (std::size_t first = 0; first < tiles; first += block) {
        const std::size_t count = std::min(block, tiles - first);
        for (std::size_t t = 0; t < count; ++t) {
            spread_tile<input_transform, 1>(shape, in, place_of(shape, first + t), source, spread_stride,
                                            spread + t * in);
        }
        for (std::size_t p = 0; p < positions; ++p) {
            const float *kernel = weights + p * stride_of(out * in);
            for (std::size_t n = 0; n < out; n += panel) {
                multiply(count, in, {spread + p * spread_stride, in, 1}, {kernel + n * in, 0, panel}, false,
                         out, sums + p * sums_stride + n);
            }
        }
        for (std::size_t t = 0; t < count; ++t)
            gather_tile(shape, place_of(shape, first + t), sums + t * out, sums_stride, ending, target);
    }
}

void winograd_weights_gradient(const winograd_shape &shape, std::size_t images, const float *source,
                               const float *gradient, float *target, float *scratch) {
    const std::size_t in = shape.in_channels, out = shape.out_channels;
    const std::size_t spread_stride = stride_of(gradient_block * in),
                      slope_stride = stride_of(gradient_block * out), sums_stride = stride_of(in * out);
    float *spread = scratch, *slopes = spread + positions * spread_stride,
          *sums = slopes + positions * slope_stride;
    const std::size_t tiles = images * tiles_of(shape.height) * tiles_of(shape.width);
    for (std::size_t first = 0; first < tiles; first += gradient_block) {
        const std::size_t count = std::min(gradient_block, tiles - first);
        for (std::size_t t = 0; t < count; ++t) {
            const auto at = place_of(shape, first + t);
            spread_tile<input_transform, 1>(shape, in, at, source, spread_stride, spread + t * in);
            spread_tile<slope_transform, 0>(shape, out, at, gradient, slope_stride, slopes + t * out);
        }
        for (std::size_t p = 0; p < positions; ++p) {
            for (std::size_t n = 0; n < out; n += panel) {
                multiply(in, count, {spread + p * spread_stride, 1, in},
                         {slopes + p * slope_stride + n, 0, out}, first > 0, out, sums + p * sums_stride + n);
            }
        }
    }
    gather_kernels(shape, sums, target);
}

} // namespace lipt::onednn::detail
