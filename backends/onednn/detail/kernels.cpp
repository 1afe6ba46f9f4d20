#include "kernels.hpp"

#include "vectors.hpp"

#include <algorithm>

namespace lipt::onednn::detail {
namespace {

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
