// The written contract of lipt::training_backend, line by line, on whatever backend <backend.hpp> names.
#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

using namespace lipt_test;

namespace {

using training = backend::training;
static_assert(lipt::training_backend<training>);
constexpr tolerances tolerance = backend::tolerance;

/// Every weight stays as it is.
constexpr lipt::sgd_step standstill{.learning_rate = 0};
constexpr network_case small{"resnet8", {1, 28, 28}}, wide{"wrn-10-1", {3, 32, 32}};

training make_loaded(const lipt::network_spec &spec, std::span<const float> weights,
                     std::size_t threads = 2) {
    auto made = training::make(spec, {.threads = threads});
    made.load(weights, {});
    return made;
}

/// The loss at some weights.
double loss_at(training &of, std::span<const float> weights, const lipt::batch_view &batch) {
    of.load(weights, {});
    return static_cast<double>(static_cast<float>(of.train_step(batch, standstill)));
}

/// (L(w + h d) - L(w - h d)) / 2h.
double slope_along(training &of, const std::vector<float> &weights, const std::vector<double> &direction,
                   double h, const lipt::batch_view &batch) {
    std::vector<float> ahead(weights.size()), behind(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        ahead[i] = static_cast<float>(static_cast<double>(weights[i]) + h * direction[i]);
        behind[i] = static_cast<float>(static_cast<double>(weights[i]) - h * direction[i]);
    }
    return (loss_at(of, ahead, batch) - loss_at(of, behind, batch)) / (2 * h);
}

/// Calls work(first value of the statistics in the flat vector, channels, kind, values a channel) for each of
/// them.
template <class Work>
void each_statistic(const lipt::network_spec &spec, std::size_t count, Work work) {
    for (const auto &at : spec.layers) {
        if (at.kind != lipt::layer_kind::batch_norm) continue;
        const std::size_t values = count * at.in.height * at.in.width;
        for (const std::size_t position : {2u, 3u}) {
            const auto &entry = spec.weights[at.weights + position];
            work(entry.offset, entry.size, entry.kind, values);
        }
    }
}

/// Statistics of the first batch-norm's input, which is the first convolution's output, in plain double
/// loops.
struct first_statistics {
    std::vector<double> mean, variance;
};

first_statistics compute_first_statistics(const lipt::network_spec &spec, const std::vector<float> &weights,
                                          const owned_batch &batch) {
    const auto &at = spec.layers[0];
    const auto height = static_cast<int>(at.in.height), width = static_cast<int>(at.in.width);
    const float *kernel = weights.data() + spec.weights[at.weights].offset;
    first_statistics result;
    for (std::size_t channel = 0; channel < at.out.channels; ++channel) {
        std::vector<double> values;
        for (std::size_t n = 0; n < batch.size(); ++n) {
            for (int y = 0; y < height; ++y) {
                for (int x = 0; x < width; ++x) {
                    double sum = 0;
                    for (std::size_t c = 0; c < at.in.channels; ++c) {
                        for (int k = 0; k < 9; ++k) {
                            const int row = y + k / 3 - 1, column = x + k % 3 - 1;
                            if (row < 0 || row >= height || column < 0 || column >= width) continue;
                            const auto pixel = batch.pixels[n * at.in.size() +
                                                            (c * at.in.height + row) * at.in.width + column];
                            const double input = (pixel / 255.0 - static_cast<double>(spec.mean[c])) /
                                                 static_cast<double>(spec.deviation[c]);
                            sum +=
                                input * static_cast<double>(kernel[(channel * at.in.channels + c) * 9 + k]);
                        }
                    }
                    values.push_back(sum);
                }
            }
        }
        double mean = 0, squares = 0;
        for (const double value : values) mean += value / static_cast<double>(values.size());
        for (const double value : values) squares += (value - mean) * (value - mean);
        result.mean.push_back(mean);
        result.variance.push_back(squares / static_cast<double>(values.size() - 1));
    }
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(training_contract)

BOOST_AUTO_TEST_CASE(line_1_make_yields_the_network_with_zero_weights) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto made = training::make(spec, {.threads = 1});
        const auto state = made.read();
        BOOST_TEST((state.weights == std::vector<float>(spec.state_size(), 0.0f)));
        BOOST_TEST(state.momentum.empty());
        BOOST_TEST(made.spec().name == spec.name);
        BOOST_TEST((made.spec().image == spec.image));
        BOOST_TEST(made.spec().classes == spec.classes);
        BOOST_TEST((made.spec().mean == spec.mean));
        BOOST_TEST((made.spec().deviation == spec.deviation));
        BOOST_TEST(made.spec().layers.size() == spec.layers.size());
        BOOST_TEST(made.spec().state_size() == spec.state_size());
    }
}

BOOST_AUTO_TEST_CASE(line_2_read_after_load_is_bit_for_bit) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        auto weights = weights_of(spec);
        weights[0] = -0.0f;
        weights[1] = std::numeric_limits<float>::denorm_min();
        weights[2] = std::numeric_limits<float>::max();
        auto momentum = weights_of(spec, 2);
        momentum[3] = -0.0f;
        auto made = training::make(spec, {});
        made.load(weights, momentum);
        BOOST_TEST(same_state(made.read(), {weights, momentum}));
        made.load(weights, {});
        BOOST_TEST(same_state(made.read(), {weights, {}}));
    }
}

BOOST_AUTO_TEST_CASE(line_2_training_goes_on_from_what_was_read) {
    for (const auto &network : {small, wide}) {
        const auto spec = spec_of(network);
        const auto first = batch_of(spec, 5, 1), second = batch_of(spec, 5, 2);
        auto whole = make_loaded(spec, weights_of(spec));
        whole.train_step(first.view(), {});
        const auto between = whole.read();
        whole.train_step(second.view(), {});

        auto resumed = training::make(spec, {.threads = 2});
        resumed.load(between.weights, between.momentum);
        resumed.train_step(second.view(), {});
        BOOST_TEST(same_state(resumed.read(), whole.read()));

        // Loading without momentum forgets that of the steps before.
        resumed.load(between.weights, {});
        resumed.train_step(second.view(), {});
        auto fresh = make_loaded(spec, between.weights);
        fresh.train_step(second.view(), {});
        BOOST_TEST(same_state(resumed.read(), fresh.read()));
        BOOST_TEST(!same_state(resumed.read(), whole.read()));
    }
}

BOOST_AUTO_TEST_CASE(line_3_loss_is_the_mean_weighted_cross_entropy_under_batch_statistics) {
    for (const auto &network : networks) {
        for (const auto size : batch_sizes) {
            const auto spec = spec_of(network);
            const auto batch = batch_of(spec, size);
            const auto weights = weights_of(spec);
            auto made = make_loaded(spec, weights);
            const double plain = loss_at(made, weights, batch.view());
            const double weighted = loss_at(made, weights, batch.weighted_view());
            // Running statistics equal to those of the batch, the variance biased as normalisation has it,
            // make a forward pass yield what a training step sees.
            made.load(weights, {});
            made.observe(batch.pixels, size, 1.0f);
            auto state = made.read().weights;
            each_statistic(spec, size,
                           [&](std::size_t offset, std::size_t channels, auto kind, std::size_t values) {
                               if (kind != lipt::weight_kind::running_variance) return;
                               for (std::size_t i = offset; i < offset + channels; ++i) {
                                   state[i] *= static_cast<float>(values - 1) / static_cast<float>(values);
                               }
                           });
            made.load(state, {});
            const auto logits = made.forward(batch.pixels, size).logits;
            BOOST_TEST_CONTEXT(network.name << " batch " << size) {
                const double expected = cross_entropy(logits, batch.view());
                BOOST_TEST(std::abs(plain / expected - 1) <= tolerance.loss);
                const double expected_weighted = cross_entropy(logits, batch.weighted_view());
                BOOST_TEST(std::abs(weighted / expected_weighted - 1) <= tolerance.loss);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(line_3_sample_weights_scale_gradients_and_leave_statistics) {
    const auto spec = spec_of(small);
    const auto batch = batch_of(spec, 5);
    const auto weights = weights_of(spec);
    auto made = make_loaded(spec, weights);
    const auto gradient_with = [&](std::vector<float> sample_weights) {
        return made.gradient({.pixels = batch.pixels, .labels = batch.labels, .weights = sample_weights});
    };
    // The gradient is linear in the weights of the samples: what weight 0 takes away is what weight 1 alone
    // gives.
    const auto all = made.gradient(batch.view());
    BOOST_TEST(same_bits(all, gradient_with({1, 1, 1, 1, 1})));
    const auto without = gradient_with({1, 1, 0, 1, 1}), alone = gradient_with({0, 0, 1, 0, 0});
    std::vector<double> sum(all.size());
    for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] = static_cast<double>(without[i]) + static_cast<double>(alone[i]);
    BOOST_TEST(relative_distance(sum, all) <= tolerance.gradient);
    BOOST_TEST(relative_distance(without, all) > 0.05);

    made.train_step(batch.view(), standstill);
    const auto statistics = values_of(spec, made.read().weights, statistic);
    made.load(weights, {});
    const std::vector<float> none(5, 0.0f);
    const auto zero = made.train_step({.pixels = batch.pixels, .labels = batch.labels, .weights = none},
                                      {.learning_rate = 0.1f, .weight_decay = 0});
    BOOST_TEST(static_cast<float>(zero) == 0.0f);
    BOOST_TEST(same_bits(values_of(spec, made.read().weights, statistic), statistics));
    BOOST_TEST((values_of(spec, made.read().weights, trained) == values_of(spec, weights, trained)));
}

BOOST_AUTO_TEST_CASE(line_3_running_statistics_move_by_a_tenth) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto batch = batch_of(spec, 5);
        const auto weights = weights_of(spec);
        auto made = make_loaded(spec, weights);
        made.train_step(batch.view(), standstill);
        const auto moved = made.read().weights;

        const auto first = compute_first_statistics(spec, weights, batch);
        const std::size_t tensors = spec.layers[1].weights;
        const std::size_t mean = spec.weights[tensors + 2].offset,
                          variance = spec.weights[tensors + 3].offset;
        const auto share = static_cast<double>(lipt::batch_norm_momentum);
        std::vector<double> expected, got;
        for (std::size_t c = 0; c < first.mean.size(); ++c) {
            expected.push_back((1 - share) * static_cast<double>(weights[mean + c]) + share * first.mean[c]);
            expected.push_back((1 - share) * static_cast<double>(weights[variance + c]) +
                               share * first.variance[c]);
            got.push_back(static_cast<double>(moved[mean + c]));
            got.push_back(static_cast<double>(moved[variance + c]));
        }
        BOOST_TEST_CONTEXT(network.name) {
            BOOST_TEST(relative_distance(got, expected) <= tolerance.statistics);
        }

        // Those of deeper layers are what `observe` finds.
        made.load(weights, {});
        made.observe(batch.pixels, batch.size(), lipt::batch_norm_momentum);
        const auto observed = made.read().weights;
        BOOST_TEST(relative_distance(values_of(spec, moved, statistic),
                                     values_of(spec, observed, statistic)) <= tolerance.statistics);
    }
}

BOOST_AUTO_TEST_CASE(line_3_steps_follow_the_formula_of_the_optimiser) {
    const auto spec = spec_of(wide);
    for (const bool nesterov : {true, false}) {
        const lipt::sgd_step step{
            .learning_rate = 0.02f, .momentum = 0.9f, .weight_decay = 0.05f, .nesterov = nesterov};
        const auto start = weights_of(spec);
        auto made = make_loaded(spec, start);
        std::vector<double> momentum(start.size(), 0.0);
        for (const std::uint64_t seed : {1, 2, 3}) {
            const auto batch = batch_of(spec, 5, seed);
            const auto before = made.read();
            const auto gradient = made.gradient(batch.weighted_view());
            made.train_step(batch.weighted_view(), step);
            const auto after = made.read();
            std::vector<double> moved, expected_move;
            for (const auto &entry : spec.weights) {
                if (!lipt::is_trained(entry.kind)) continue;
                for (std::size_t i = entry.offset; i < entry.offset + entry.size; ++i) {
                    const auto w = static_cast<double>(before.weights[i]);
                    const double g = static_cast<double>(gradient[i]) + 0.05 * w;
                    momentum[i] = 0.9 * momentum[i] + g;
                    moved.push_back(static_cast<double>(after.weights[i]) - w);
                    expected_move.push_back(-0.02 * (nesterov ? g + 0.9 * momentum[i] : momentum[i]));
                }
            }
            BOOST_TEST(relative_distance(moved, expected_move) <= tolerance.step);
            BOOST_TEST(relative_distance(values_of(spec, after.momentum, trained),
                                         values_of(spec, momentum, trained)) <= tolerance.step);
        }
    }
}

BOOST_AUTO_TEST_CASE(line_3_masked_weights_are_zero_after_the_step_and_others_untouched_by_the_mask) {
    const auto spec = spec_of(small);
    const auto batch = batch_of(spec, 5);
    auto free = make_loaded(spec, weights_of(spec)), masked = make_loaded(spec, weights_of(spec));
    std::vector<float> mask(spec.state_size(), 1.0f);
    for (const auto &entry : spec.weights) {
        if (!lipt::is_prunable(entry.kind)) continue;
        for (std::size_t i = entry.offset; i < entry.offset + entry.size; i += 3) mask[i] = 0.0f;
    }
    free.train_step(batch.view(), {});
    masked.train_step(batch.view(), {.keep_mask = mask});
    auto expected = free.read();
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0.0f) expected.weights[i] = 0.0f;
    }
    BOOST_TEST((masked.read().weights == expected.weights));
    BOOST_TEST(same_bits(masked.read().momentum, expected.momentum));
}

BOOST_AUTO_TEST_CASE(line_4_learning_rate_0_changes_no_trained_weight) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto weights = weights_of(spec);
        auto made = make_loaded(spec, weights);
        made.train_step(batch_of(spec, 5, 1).view(), standstill);
        made.train_step(batch_of(spec, 7, 2).view(), standstill);
        BOOST_TEST((values_of(spec, made.read().weights, trained) == values_of(spec, weights, trained)));
    }
}

BOOST_AUTO_TEST_CASE(line_5_gradient_agrees_with_finite_differences) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto batch = batch_of(spec, 5);
        const auto weights = weights_of(spec);
        auto made = make_loaded(spec, weights);
        const auto gradient = made.gradient(batch.weighted_view());
        BOOST_TEST_CONTEXT(network.name << " " << spec.image.channels << " channels") {
            // Along the gradient the loss changes most, so that rounding weighs least.
            double norm = 0;
            for (const float value : gradient)
                norm += static_cast<double>(value) * static_cast<double>(value);
            norm = std::sqrt(norm);
            std::vector<double> direction(gradient.begin(), gradient.end());
            for (auto &value : direction) value /= norm;
            const double slope = slope_along(made, weights, direction, 1e-3, batch.weighted_view());
            BOOST_TEST(std::abs(slope / norm - 1) <= tolerance.slope);

            // And one coordinate of the first and of the last tensor of each kind: the steepest, for the same
            // reason.
            for (const auto kind :
                 {lipt::weight_kind::convolution, lipt::weight_kind::linear, lipt::weight_kind::bias,
                  lipt::weight_kind::scale, lipt::weight_kind::shift}) {
                const auto of_kind = [kind](const auto &entry) { return entry.kind == kind; };
                const auto first = std::ranges::find_if(spec.weights, of_kind);
                const auto last = std::find_if(spec.weights.rbegin(), spec.weights.rend(), of_kind);
                for (const auto *entry : {&*first, &*last}) {
                    std::size_t steepest = entry->offset;
                    for (std::size_t i = steepest; i < entry->offset + entry->size; ++i) {
                        if (std::abs(gradient[i]) > std::abs(gradient[steepest])) steepest = i;
                    }
                    std::vector<double> along(gradient.size(), 0.0);
                    along[steepest] = 1;
                    const double got = slope_along(made, weights, along, 5e-4, batch.weighted_view());
                    const auto expected = static_cast<double>(gradient[steepest]);
                    BOOST_TEST(std::abs(got - expected) <= tolerance.coordinate_slope * std::abs(expected),
                               entry->name << ": slope " << got << ", gradient " << expected);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(line_5_gradient_is_zero_at_statistics_and_changes_nothing) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        auto made = make_loaded(spec, weights_of(spec));
        made.train_step(batch_of(spec, 5, 1).view(), {});
        const auto before = made.read();
        const auto gradient = made.gradient(batch_of(spec, 5, 2).view());
        BOOST_TEST(gradient.size() == spec.state_size());
        for (const float value : values_of(spec, gradient, statistic)) BOOST_TEST(value == 0.0f);
        BOOST_TEST(same_state(made.read(), before));
        made.train_step(batch_of(spec, 5, 3).view(), {});
        auto other = training::make(spec, {.threads = 2});
        other.load(before.weights, before.momentum);
        other.train_step(batch_of(spec, 5, 3).view(), {});
        BOOST_TEST(same_state(made.read(), other.read()));
    }
}

BOOST_AUTO_TEST_CASE(line_6_forward_of_an_image_does_not_depend_on_its_set) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto weights = weights_of(spec);
        auto made = make_loaded(spec, weights);
        const auto batch = batch_of(spec, 37);
        const std::size_t bytes = spec.image.size();
        const auto whole = made.forward(batch.pixels, 37);
        BOOST_TEST((whole.logits.shape() == (std::array<std::size_t, 2>{37, spec.classes})));
        BOOST_TEST((whole.embeddings.shape() == (std::array<std::size_t, 2>{37, spec.embedding_size()})));
        const auto row = [](const lipt::host_matrix &of, std::size_t index) {
            return std::span(of.data() + index * of.shape(1), of.shape(1));
        };
        for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{32}, std::size_t{36}}) {
            bool same = true;
            for (std::size_t first = 0; first < 37; first += cut) {
                const std::size_t size = std::min(cut, 37 - first);
                const auto part =
                    made.forward(std::span(batch.pixels).subspan(first * bytes, size * bytes), size);
                for (std::size_t i = 0; i < size; ++i) {
                    same = same && same_bits(row(part.logits, i), row(whole.logits, first + i)) &&
                           same_bits(row(part.embeddings, i), row(whole.embeddings, first + i));
                }
            }
            BOOST_TEST(same, network.name << " in sets of " << cut);
        }
        // The order of the images is that of the outputs.
        std::vector<std::uint8_t> reversed;
        for (std::size_t n = 37; n-- > 0;) {
            reversed.insert(reversed.end(), batch.pixels.begin() + static_cast<std::ptrdiff_t>(n * bytes),
                            batch.pixels.begin() + static_cast<std::ptrdiff_t>((n + 1) * bytes));
        }
        const auto backwards = made.forward(reversed, 37);
        bool same = true;
        for (std::size_t n = 0; n < 37; ++n) {
            same = same && same_bits(row(backwards.logits, n), row(whole.logits, 36 - n));
        }
        BOOST_TEST(same);
        BOOST_TEST(!same_bits(row(whole.logits, 0), row(whole.logits, 1)));
        BOOST_TEST(same_state(made.read(), {weights, {}}));
    }
}

BOOST_AUTO_TEST_CASE(line_6_logits_are_the_last_layer_of_the_embeddings) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto weights = weights_of(spec);
        auto made = make_loaded(spec, weights);
        const auto output = made.forward(batch_of(spec, 5).pixels, 5);
        const auto &last = spec.layers.back();
        const float *matrix = weights.data() + spec.weights[last.weights].offset;
        const float *bias = weights.data() + spec.weights[last.weights + 1].offset;
        std::vector<double> expected;
        for (std::size_t n = 0; n < 5; ++n) {
            for (std::size_t c = 0; c < spec.classes; ++c) {
                auto sum = static_cast<double>(bias[c]);
                for (std::size_t e = 0; e < spec.embedding_size(); ++e) {
                    sum += static_cast<double>(output.embeddings(n, e)) *
                           static_cast<double>(matrix[c * spec.embedding_size() + e]);
                }
                expected.push_back(sum);
            }
        }
        BOOST_TEST(relative_distance(output.logits, expected) <= tolerance.output);
    }
}

BOOST_AUTO_TEST_CASE(line_7_observe_moves_the_statistics_alone) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto batch = batch_of(spec, 37);
        const auto start = weights_of(spec), momentum = weights_of(spec, 3);
        auto made = training::make(spec, {.threads = 2});
        made.load(start, momentum);
        made.observe(batch.pixels, 37, 1.0f);
        const auto all = made.read();
        BOOST_TEST(same_bits(values_of(spec, all.weights, trained), values_of(spec, start, trained)));
        BOOST_TEST(same_bits(all.momentum, momentum));
        const auto first = compute_first_statistics(spec, start, batch);
        const auto &mean = spec.weights[spec.layers[1].weights + 2],
                   &variance = spec.weights[spec.layers[1].weights + 3];
        BOOST_TEST(relative_distance(std::span(all.weights).subspan(mean.offset, mean.size), first.mean) <=
                   tolerance.statistics);
        BOOST_TEST(relative_distance(std::span(all.weights).subspan(variance.offset, variance.size),
                                     first.variance) <= tolerance.statistics);

        made.load(start, {});
        made.observe(batch.pixels, 37, 0.25f);
        std::vector<double> expected;
        for (std::size_t i = 0; i < start.size(); ++i) {
            expected.push_back(0.75 * static_cast<double>(start[i]) +
                               0.25 * static_cast<double>(all.weights[i]));
        }
        BOOST_TEST(relative_distance(values_of(spec, made.read().weights, statistic),
                                     values_of(spec, expected, statistic)) <= tolerance.statistics);
        made.load(start, {});
        made.observe(batch.pixels, 37, 0.0f);
        BOOST_TEST(same_state(made.read(), {start, {}}));
    }
}

BOOST_AUTO_TEST_CASE(line_8_any_number_of_threads_gives_the_same_bits) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        for (const std::size_t size : {std::size_t{1}, std::size_t{5}, std::size_t{37}}) {
            const auto first = batch_of(spec, size, 1), second = batch_of(spec, size, 2);
            struct results {
                float losses[2];
                std::vector<float> gradient;
                lipt::network_output output;
                lipt::training_state state;
            };
            const auto work = [&](std::size_t threads) {
                auto made = make_loaded(spec, weights_of(spec), threads);
                results got;
                got.losses[0] = made.train_step(first.weighted_view(), {});
                got.losses[1] = made.train_step(second.view(), {});
                got.gradient = made.gradient(first.view());
                made.observe(second.pixels, size, 0.5f);
                got.output = made.forward(first.pixels, size);
                got.state = made.read();
                return got;
            };
            const auto one = work(1);
            for (const std::size_t threads : {1, 2, 4}) {
                const auto other = work(threads);
                BOOST_TEST_CONTEXT(network.name << " batch " << size << " threads " << threads) {
                    BOOST_TEST(other.losses[0] == one.losses[0]);
                    BOOST_TEST(other.losses[1] == one.losses[1]);
                    BOOST_TEST(same_bits(other.gradient, one.gradient));
                    BOOST_TEST(same_bits(other.output.logits, one.output.logits));
                    BOOST_TEST(same_bits(other.output.embeddings, one.output.embeddings));
                    BOOST_TEST(same_state(other.state, one.state));
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(line_9_wrong_input_is_refused_before_anything_is_written) {
    const auto spec = spec_of(small);
    const auto batch = batch_of(spec, 5);
    auto made = make_loaded(spec, weights_of(spec));
    made.train_step(batch.view(), {});
    const auto before = made.read();
    const auto refuses = [&](const char *id, auto &&work) {
        BOOST_TEST(error_id(work) == id);
        BOOST_TEST(same_state(made.read(), before));
    };
    auto longer = before.weights, damaged = before.weights;
    longer.push_back(0);
    damaged.back() = std::numeric_limits<float>::quiet_NaN();
    const auto shorter = std::span(before.weights).first(before.weights.size() - 1);
    refuses("LIPT-T01", [&] { made.load(longer, {}); });
    refuses("LIPT-T01", [&] { made.load(shorter, {}); });
    refuses("LIPT-T02", [&] { made.load(damaged, {}); });
    refuses("LIPT-T03", [&] { made.load(before.weights, longer); });

    const auto bytes = std::span<const std::uint8_t>(batch.pixels);
    const auto fewer = bytes.first(bytes.size() - 1);
    const std::vector<std::int32_t> above{0, 1, static_cast<std::int32_t>(spec.classes), 0, 0},
        below{0, 1, -1, 0, 0};
    const std::vector<float> four(4, 1.0f);
    const lipt::batch_view wrong[] = {{.pixels = fewer, .labels = batch.labels},
                                      {},
                                      {.pixels = bytes, .labels = above},
                                      {.pixels = bytes, .labels = below},
                                      {.pixels = bytes, .labels = batch.labels, .weights = four}};
    const char *const ids[] = {"LIPT-T04", "LIPT-T04", "LIPT-T05", "LIPT-T05", "LIPT-T06"};
    for (std::size_t i = 0; i < std::size(wrong); ++i) {
        refuses(ids[i], [&] { made.train_step(wrong[i], {}); });
        refuses(ids[i], [&] { made.gradient(wrong[i]); });
    }
    refuses("LIPT-T07", [&] { made.train_step(batch.view(), {.keep_mask = longer}); });
    refuses("LIPT-T04", [&] { made.forward(fewer, 5); });
    refuses("LIPT-T04", [&] { made.forward(bytes, 4); });
    refuses("LIPT-T04", [&] { made.forward({}, 0); });
    refuses("LIPT-T04", [&] { made.observe(fewer, 5, 1.0f); });
    refuses("LIPT-T04", [&] { made.observe({}, 0, 1.0f); });
}

BOOST_AUTO_TEST_CASE(line_9_nan_shows_in_the_loss) {
    for (const auto &network : {small, wide}) {
        const auto spec = spec_of(network);
        const auto batch = batch_of(spec, 5);
        // Weights so large that a sum overflows: in the first layer, in one in the middle, in the last.
        const std::size_t last = spec.layers.back().weights,
                          middle = spec.layers[spec.layers.size() / 2].weights;
        for (const std::size_t tensor : {std::size_t{0}, middle, last}) {
            auto weights = weights_of(spec);
            const auto &entry = spec.weights[tensor];
            for (std::size_t i = 0; i < entry.size; ++i) {
                weights[entry.offset + i] = std::numeric_limits<float>::max();
            }
            auto made = make_loaded(spec, weights);
            const float loss = made.train_step(batch.view(), {});
            BOOST_TEST(std::isnan(loss), network.name << " " << entry.name << ": loss " << loss);
        }
        auto made = make_loaded(spec, weights_of(spec));
        const std::vector<float> unknown(5, std::numeric_limits<float>::quiet_NaN());
        const float loss =
            made.train_step({.pixels = batch.pixels, .labels = batch.labels, .weights = unknown}, {});
        BOOST_TEST(std::isnan(loss));
    }
}

BOOST_AUTO_TEST_SUITE_END()
