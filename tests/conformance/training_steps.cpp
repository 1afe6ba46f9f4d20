// The written contract of lipt::training_backend, lines 1 to 5: state, steps and derivatives.
#include <boost/test/unit_test.hpp>
#include <conformance/training.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

using namespace lipt_test;

namespace {

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

} // namespace

BOOST_AUTO_TEST_SUITE(training_contract)

BOOST_AUTO_TEST_CASE(line_1_make_yields_the_network_with_zero_weights) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto made = training::make(spec, on_device());
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
        auto made = training::make(spec, on_device());
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

        auto resumed = training::make(spec, on_device(2));
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
        if (!has_statistics(spec)) {
            BOOST_TEST(same_bits(moved, weights), network.name);
            continue;
        }

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
                if (first == spec.weights.end()) {
                    BOOST_TEST(own_networks, network.name << " has no weight of a kind");
                    continue;
                }
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
        auto other = training::make(spec, on_device(2));
        other.load(before.weights, before.momentum);
        other.train_step(batch_of(spec, 5, 3).view(), {});
        BOOST_TEST(same_state(made.read(), other.read()));
    }
}
BOOST_AUTO_TEST_SUITE_END()
