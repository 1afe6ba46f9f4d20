#include "kernels.hpp"

#include "convolution.hpp"

#include <algorithm>
#include <cmath>

namespace lipt::onednn::detail {
namespace {

/// One block of channels as a vector of the compiler's; it is split where the processor's vectors are
/// narrower.
template <int Block>
struct vectors {
    typedef float type __attribute__((vector_size(Block * sizeof(float)), may_alias));
    typedef float unaligned __attribute__((vector_size(Block * sizeof(float)), aligned(4), may_alias));
};
template <int Block>
using vector = typename vectors<Block>::type;

template <int Block>
inline vector<Block> load(const float *from) {
    return *reinterpret_cast<const typename vectors<Block>::unaligned *>(from);
}
template <int Block>
inline void store(float *to, const vector<Block> &value) {
    *reinterpret_cast<typename vectors<Block>::unaligned *>(to) = value;
}
/// NaN passes, so that a training that diverged shows.
template <int Block>
inline vector<Block> rectified(const vector<Block> &x) {
    const vector<Block> zero{};
    return zero > x ? zero : x;
}

/// Calls `body` with the block size as a compile-time constant.
template <class Body>
void with_block(Body body) {
    if (channel_block() == 16) {
        body(std::integral_constant<int, 16>{});
    } else {
        body(std::integral_constant<int, 8>{});
    }
}

/// Accumulators side by side, so that an addition need not wait for the one before.
inline constexpr std::size_t chains = 4;

/// Running sums of a block of channels in float, moved on to double before they grow long.
template <int Block, std::size_t Sums>
class block_sums {
  public:
    vector<Block> chain[Sums][chains]{};

    void move_on() {
        for (std::size_t s = 0; s < Sums; ++s) {
            vector<Block> sum = (chain[s][0] + chain[s][1]) + (chain[s][2] + chain[s][3]);
            for (int c = 0; c < Block; ++c) total_[s][c] += static_cast<double>(sum[c]);
            for (auto &each : chain[s]) each = vector<Block>{};
        }
    }
    double total(std::size_t sum, int channel) const { return total_[sum][channel]; }

  private:
    double total_[Sums][Block]{};
};

/// Calls `step(offset, chain)` for each vector of a block of channels in a piece, and moves the sums on at
/// times.
template <int Block, class Sums, class Step>
inline void sum_up(const piece_shape &shape, std::size_t first, Sums &sums, Step step) {
    constexpr std::size_t run = 256; // vectors a stretch, 64 additions a chain
    for (std::size_t image = 0; image < shape.images; ++image) {
        std::size_t i = (image * shape.channels + first) * shape.pixels;
        const std::size_t end = i + shape.pixels * Block;
        while (i < end) {
            const std::size_t stop = std::min(end, i + run * Block);
            for (; i + chains * Block <= stop; i += chains * Block) {
                for (std::size_t k = 0; k < chains; ++k) step(i + k * Block, k);
            }
            for (; i < stop; i += Block) step(i, 0);
            sums.move_on();
        }
    }
}

template <int Block>
void statistics_of_block(const piece_shape &shape, std::size_t first, const float *source, double *mean,
                         double *deviations) {
    // Sums of distances from one value of the channel: no cancellation, and one pass.
    const auto origin = load<Block>(source + first * shape.pixels);
    block_sums<Block, 2> sums;
    sum_up<Block>(
        shape, first, sums, [&](std::size_t i, std::size_t k) __attribute__((always_inline)) {
            const auto distance = load<Block>(source + i) - origin;
            sums.chain[0][k] += distance;
            sums.chain[1][k] += distance * distance;
        });
    const auto count = static_cast<double>(shape.images * shape.pixels);
    for (int c = 0; c < Block; ++c) {
        const double total = sums.total(0, c);
        mean[c] = static_cast<double>(origin[c]) + total / count;
        // Not std::max, which would turn NaN into 0.
        const double deviation = sums.total(1, c) - total * total / count;
        deviations[c] = deviation < 0 ? 0 : deviation;
    }
}

/// Calls `body(offset of the plane, first channel)` for each plane of a piece.
template <int Block, class Body>
inline void for_planes(const piece_shape &shape, Body body) {
    const std::size_t plane = shape.pixels * Block;
    for (std::size_t image = 0; image < shape.images; ++image) {
        for (std::size_t c = 0; c < shape.channels; c += Block) {
            body(image * shape.channels * shape.pixels + c / Block * plane, c);
        }
    }
}

template <int Block, bool Relu, int Residual> // 0 none, 1 plain, 2 with its own batch-norm
void normalise_planes(const piece_shape &shape, const float *source, const normalise_options &options,
                      float *target) {
    for_planes<Block>(shape, [&](std::size_t offset, std::size_t c) {
        const auto mean = load<Block>(options.norm.mean + c), factor = load<Block>(options.norm.factor + c),
                   shift = load<Block>(options.norm.shift + c);
        vector<Block> other_mean{}, other_factor{}, other_shift{};
        if constexpr (Residual == 2) {
            other_mean = load<Block>(options.residual_norm->mean + c);
            other_factor = load<Block>(options.residual_norm->factor + c);
            other_shift = load<Block>(options.residual_norm->shift + c);
        }
        for (std::size_t i = offset; i < offset + shape.pixels * Block; i += Block) {
            auto value = (load<Block>(source + i) - mean) * factor + shift;
            if constexpr (Residual == 1) value += load<Block>(options.residual + i);
            if constexpr (Residual == 2) {
                value += (load<Block>(options.residual + i) - other_mean) * other_factor + other_shift;
            }
            store<Block>(target + i, Relu ? rectified<Block>(value) : value);
        }
    });
}

enum class gate { open, output, input };

template <int Block, bool Residual, gate Gate>
void reduce_block(const piece_shape &shape, std::size_t first, const float *source, const float *gradient,
                  const reduce_options &options, float *target, double *sums, double *products) {
    const auto mean = load<Block>(options.norm.mean + first),
               factor = load<Block>(options.norm.factor + first),
               shift = load<Block>(options.norm.shift + first);
    const bool stored = Residual || Gate != gate::open || target != gradient;
    block_sums<Block, 2> joined;
    sum_up<Block>(
        shape, first, joined, [&](std::size_t i, std::size_t k) __attribute__((always_inline)) {
            auto value = load<Block>(gradient + i);
            if constexpr (Residual) value += load<Block>(options.residual + i);
            const auto distance = load<Block>(source + i) - mean;
            const vector<Block> zero{};
            if constexpr (Gate == gate::output) value = load<Block>(options.output + i) > zero ? value : zero;
            if constexpr (Gate == gate::input) value = distance * factor + shift > zero ? value : zero;
            if (stored) store<Block>(target + i, value);
            joined.chain[0][k] += value;
            joined.chain[1][k] += value * distance;
        });
    for (int c = 0; c < Block; ++c) {
        sums[c] = joined.total(0, c);
        products[c] = joined.total(1, c);
    }
}

template <int Block, bool Residual>
void reduce_gate(const piece_shape &shape, std::size_t first, const float *source, const float *gradient,
                 const reduce_options &options, float *target, double *sums, double *products) {
    const auto run = [&](auto way) {
        reduce_block<Block, Residual, decltype(way)::value>(shape, first, source, gradient, options, target,
                                                            sums + first, products + first);
    };
    if (options.output != nullptr) {
        run(std::integral_constant<gate, gate::output>{});
    } else if (options.relu) {
        run(std::integral_constant<gate, gate::input>{});
    } else {
        run(std::integral_constant<gate, gate::open>{});
    }
}

/// The outputs [first, last) along one side that a weight at `offset` in the kernel meets inside the image.
struct covered {
    std::size_t first = 0, last = 0;
};
covered outputs_covered(std::size_t outputs, std::size_t inputs, std::size_t offset, std::size_t stride,
                        std::size_t padding) {
    const std::size_t first = offset >= padding ? 0 : (padding - offset + stride - 1) / stride;
    const std::size_t reach = inputs + padding; // an output's input, less the offset, must lie below this
    if (offset >= reach) return {};
    return {.first = first, .last = std::max(first, std::min(outputs, (reach - offset - 1) / stride + 1))};
}

/// One weight's gradient over one image, for a block of output channels.
template <int Block>
vector<Block> weight_gradient(const image_convolution &shape, const float *image, const float *gradient,
                              std::size_t ky, std::size_t kx) {
    const auto rows = outputs_covered(shape.out_height, shape.height, ky, shape.stride, shape.padding);
    const auto columns = outputs_covered(shape.out_width, shape.width, kx, shape.stride, shape.padding);
    vector<Block> chain[chains]{};
    for (std::size_t y = rows.first; y < rows.last; ++y) {
        const float *from = gradient + y * shape.out_width * Block;
        // Indices wrap below zero and back: the columns begin inside the image.
        const std::size_t row = (y * shape.stride + ky - shape.padding) * shape.width + kx - shape.padding;
        std::size_t x = columns.first;
        for (; x + chains <= columns.last; x += chains) {
            for (std::size_t k = 0; k < chains; ++k)
                chain[k] += load<Block>(from + (x + k) * Block) * image[row + (x + k) * shape.stride];
        }
        for (; x < columns.last; ++x)
            chain[0] += load<Block>(from + x * Block) * image[row + x * shape.stride];
    }
    return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

template <int Block>
void image_weights_gradient_of(const image_convolution &shape, std::size_t count, const float *images,
                               const float *gradients, float *target) {
    const std::size_t plane = shape.height * shape.width, pixels = shape.out_height * shape.out_width;
    const std::size_t weights = shape.kernel * shape.kernel * shape.channels;
    std::fill_n(target, shape.out_channels * weights, 0.0f);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t block = 0; block < shape.out_channels / Block; ++block) {
            const float *gradient = gradients + (i * shape.out_channels + block * Block) * pixels;
            for (std::size_t w = 0; w < weights; ++w) {
                const std::size_t c = w % shape.channels, k = w / shape.channels;
                float *sum = target + (block * weights + w) * Block;
                store<Block>(sum, load<Block>(sum) +
                                      weight_gradient<Block>(shape, images + (i * shape.channels + c) * plane,
                                                             gradient, k / shape.kernel, k % shape.kernel));
            }
        }
    }
}

} // namespace

void statistics(const piece_shape &shape, const float *source, double *mean, double *deviations) {
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        for (std::size_t c = 0; c < shape.channels; c += Block) {
            statistics_of_block<Block>(shape, c, source, mean + c, deviations + c);
        }
    });
}

void normalise(const piece_shape &shape, const float *source, const normalise_options &options,
               float *target) {
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        const auto run = [&](auto relu) {
            constexpr bool Relu = decltype(relu)::value;
            if (options.residual == nullptr) {
                normalise_planes<Block, Relu, 0>(shape, source, options, target);
            } else if (options.residual_norm == nullptr) {
                normalise_planes<Block, Relu, 1>(shape, source, options, target);
            } else {
                normalise_planes<Block, Relu, 2>(shape, source, options, target);
            }
        };
        if (options.relu) {
            run(std::true_type{});
        } else {
            run(std::false_type{});
        }
    });
}

void reduce(const piece_shape &shape, const float *source, const float *gradient,
            const reduce_options &options, float *target, double *sums, double *products) {
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        for (std::size_t c = 0; c < shape.channels; c += Block) {
            if (options.residual != nullptr) {
                reduce_gate<Block, true>(shape, c, source, gradient, options, target, sums, products);
            } else {
                reduce_gate<Block, false>(shape, c, source, gradient, options, target, sums, products);
            }
        }
    });
}

void differentiate(const piece_shape &shape, const float *source, const float *gradient,
                   const affine_gradient &norm, const float *residual, float *target) {
    with_block([&](auto block) {
        constexpr int Block = decltype(block)::value;
        for_planes<Block>(shape, [&](std::size_t offset, std::size_t c) {
            const auto mean = load<Block>(norm.mean + c), factor = load<Block>(norm.factor + c),
                       slope = load<Block>(norm.slope + c), constant = load<Block>(norm.constant + c);
            for (std::size_t i = offset; i < offset + shape.pixels * Block; i += Block) {
                auto value =
                    load<Block>(gradient + i) * factor + (load<Block>(source + i) - mean) * slope + constant;
                if (residual != nullptr) value += load<Block>(residual + i);
                store<Block>(target + i, value);
            }
        });
    });
}

void add(std::size_t size, const float *a, const float *b, float *target) {
    for (std::size_t i = 0; i < size; ++i) target[i] = a[i] + b[i];
}

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

void image_weights_gradient(const image_convolution &shape, std::size_t count, const float *images,
                            const float *gradients, float *target) {
    with_block(
        [&](auto block) { image_weights_gradient_of<block.value>(shape, count, images, gradients, target); });
}

float dot(std::size_t size, const float *a, const float *b) {
    vector<16> sum{};
    std::size_t i = 0;
    for (; i + 16 <= size; i += 16) sum += load<16>(a + i) * load<16>(b + i);
    float total = 0;
    for (int k = 0; k < 16; ++k) total += sum[k];
    for (; i < size; ++i) total += a[i] * b[i];
    return total;
}

void axpy(std::size_t size, float alpha, const float *x, float *y) {
    for (std::size_t i = 0; i < size; ++i) y[i] += alpha * x[i];
}

void descend(std::size_t size, const descent &step, const float *gradient, float *weights, float *momentum) {
    for (std::size_t i = 0; i < size; ++i) {
        const float slope = gradient[i] + step.weight_decay * weights[i];
        const float moved = step.first ? slope : step.momentum * momentum[i] + slope;
        momentum[i] = moved;
        weights[i] -= step.learning_rate * (step.nesterov ? slope + step.momentum * moved : moved);
    }
}

} // namespace lipt::onednn::detail
