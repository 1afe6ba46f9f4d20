#include "pooling.hpp"

#include "vectors.hpp"

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

/// The part of a window that lies inside the plane along one side.
struct covered {
    std::size_t first = 0, last = 0; ///< of the kernel's places
    std::size_t start = 0;           ///< input at the first of them
};
covered inside(std::size_t output, std::size_t inputs, const window_shape &shape) {
    const std::size_t begin = output * shape.stride;
    const std::size_t first = begin < shape.padding ? shape.padding - begin : 0;
    const std::size_t end = inputs + shape.padding - begin;
    return {.first = first, .last = std::min(shape.kernel, end), .start = begin + first - shape.padding};
}

/// Calls `body(image and block, source plane, target plane)` offsets for each plane of a piece.
template <int Block, class Body>
void for_windows(const window_shape &shape, Body body) {
    const std::size_t plane = shape.height * shape.width * Block,
                      out_plane = shape.out_height * shape.out_width * Block;
    for (std::size_t p = 0; p < shape.images * shape.channels / Block; ++p) {
        body(p * Block % shape.channels, p * plane, p * out_plane);
    }
}

/// Calls `body(output, row and column covered)` for each window of a plane.
template <class Body>
inline void for_outputs(const window_shape &shape, Body body) {
    std::size_t output = 0;
    for (std::size_t y = 0; y < shape.out_height; ++y) {
        const auto rows = inside(y, shape.height, shape);
        for (std::size_t x = 0; x < shape.out_width; ++x) body(output++, rows, inside(x, shape.width, shape));
    }
}

/// Calls `body(place in the kernel, input)` for each value of a window.
template <class Body>
inline void for_values(const window_shape &shape, const covered &rows, const covered &columns, Body body) {
    for (std::size_t ky = rows.first; ky < rows.last; ++ky) {
        std::size_t input = (rows.start + ky - rows.first) * shape.width + columns.start;
        for (std::size_t kx = columns.first; kx < columns.last; ++kx) body(ky * shape.kernel + kx, input++);
    }
}

/// A batch-norm over one block of channels.
template <int Block>
struct block_norm {
    vector<Block> mean, factor, shift;
    bool relu;

    block_norm(const pooled_norm &from, std::size_t c)
        : mean(load<Block>(from.norm.mean + c)), factor(load<Block>(from.norm.factor + c)),
          shift(load<Block>(from.norm.shift + c)), relu(from.relu) {}
    vector<Block> operator()(const vector<Block> &x) const {
        const auto value = (x - mean) * factor + shift;
        return relu ? rectified<Block>(value) : value;
    }
};

/// Largest value so far; NaN stays.
template <int Block>
inline whole_vector<Block> exceeds(const vector<Block> &value, const vector<Block> &largest) {
    return (value > largest) | (value != value); // NOLINT(misc-redundant-expression): NaN is not itself
}

template <int Block, bool Normed>
void max_pool_planes(const window_shape &shape, const float *source, const pooled_norm *norm, float *target) {
    for_windows<Block>(shape, [&](std::size_t c, std::size_t from, std::size_t to) {
        // A batch-norm never turns the order round but where its factor is negative: rounding keeps it. So
        // the largest value, or the smallest, is found first and one value a window is normalised.
        const vector<Block> zero{};
        vector<Block> sign = zero + 1.0f;
        if constexpr (Normed) sign = load<Block>(norm->norm.factor + c) < zero ? -sign : sign;
        for_outputs(shape, [&](std::size_t output, const covered &rows, const covered &columns) {
            const std::size_t first = rows.start * shape.width + columns.start;
            auto largest = load<Block>(source + from + first * Block) * sign;
            for_values(shape, rows, columns, [&](std::size_t, std::size_t input) {
                const vector<Block> value = load<Block>(source + from + input * Block) * sign;
                largest = exceeds<Block>(value, largest) ? value : largest;
            });
            largest *= sign;
            if constexpr (Normed) largest = block_norm<Block>(*norm, c)(largest);
            store<Block>(target + to + output * Block, largest);
        });
    });
}

template <int Block, bool Normed>
void max_pool_gradient_planes(const window_shape &shape, const float *source, const pooled_norm *norm,
                              const float *gradient, float *target) {
    std::fill_n(target, shape.images * shape.channels * shape.height * shape.width, 0.0f);
    for_windows<Block>(shape, [&](std::size_t c, std::size_t to, std::size_t from) {
        const auto value_at = [&](std::size_t input) {
            const vector<Block> value = load<Block>(source + to + input * Block);
            if constexpr (Normed) return block_norm<Block>(*norm, c)(value);
            return value;
        };
        for_outputs(shape, [&](std::size_t output, const covered &rows, const covered &columns) {
            auto largest = value_at(rows.start * shape.width + columns.start);
            whole_vector<Block> place{};
            place += static_cast<int>(rows.first * shape.kernel + columns.first);
            for_values(shape, rows, columns, [&](std::size_t k, std::size_t input) {
                const auto value = value_at(input);
                const auto larger = exceeds<Block>(value, largest);
                largest = larger ? value : largest;
                place = larger ? whole_vector<Block>{} + static_cast<int>(k) : place;
            });
            const vector<Block> share = load<Block>(gradient + from + output * Block), zero{};
            for_values(shape, rows, columns, [&](std::size_t k, std::size_t input) {
                float *sum = target + to + input * Block;
                store<Block>(sum, load<Block>(sum) + (place == static_cast<int>(k) ? share : zero));
            });
        });
    });
}

} // namespace

void pool(const piece_shape &shape, const float *source, float *embeddings) {
    const float share = 1.0f / static_cast<float>(shape.pixels);
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        std::size_t row = 0;
        for_planes<Block>(shape, [&](std::size_t offset, std::size_t) {
            vector<Block> sum{};
            for (std::size_t p = 0; p < shape.pixels; ++p) sum += load<Block>(source + offset + p * Block);
            store<Block>(embeddings + row, sum * share);
            row += Block;
        });
    });
}

void spread(const piece_shape &shape, const float *gradients, float *target) {
    const float share = 1.0f / static_cast<float>(shape.pixels);
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        std::size_t row = 0;
        for_planes<Block>(shape, [&](std::size_t offset, std::size_t) {
            const auto value = load<Block>(gradients + row) * share;
            for (std::size_t p = 0; p < shape.pixels; ++p) store<Block>(target + offset + p * Block, value);
            row += Block;
        });
    });
}

void max_pool(const window_shape &shape, const float *source, const pooled_norm *norm, float *target) {
    with_block([&](auto block) {
        if (norm != nullptr) {
            max_pool_planes<block.value, true>(shape, source, norm, target);
        } else {
            max_pool_planes<block.value, false>(shape, source, norm, target);
        }
    });
}

void max_pool_gradient(const window_shape &shape, const float *source, const pooled_norm *norm,
                       const float *gradient, float *target) {
    with_block([&](auto block) {
        if (norm != nullptr) {
            max_pool_gradient_planes<block.value, true>(shape, source, norm, gradient, target);
        } else {
            max_pool_gradient_planes<block.value, false>(shape, source, norm, gradient, target);
        }
    });
}

} // namespace lipt::onednn::detail
