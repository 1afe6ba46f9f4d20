// The written contract of lipt::training_backend on the networks for ImageNet: few steps, since each is dear.
#include <boost/test/unit_test.hpp>
#include <conformance/training.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

using namespace lipt_test;

namespace {

/// Calls work(spec, weights, batch, how many times the tolerances) for each of the networks.
template <class Work>
void on_large_networks(Work work) {
    for (const auto &[network, size, looser] : large_networks) {
        const auto spec = spec_of(network);
        BOOST_TEST_CONTEXT(network.name) { work(spec, weights_of(spec), batch_of(spec, size), looser); }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(training_contract_large)

BOOST_AUTO_TEST_CASE(lines_2_3_and_8_state_statistics_and_threads) {
    on_large_networks([](const auto &spec, const auto &weights, const auto &batch, double) {
        auto one = make_loaded(spec, weights, 1), two = make_loaded(spec, weights, 2);
        BOOST_TEST(same_state(one.read(), {weights, {}}));
        BOOST_TEST(one.train_step(batch.weighted_view(), standstill) ==
                   two.train_step(batch.weighted_view(), standstill));
        const auto moved = one.read();
        BOOST_TEST(same_state(moved, two.read()));
        BOOST_TEST((values_of(spec, moved.weights, trained) == values_of(spec, weights, trained)));
        BOOST_TEST(same_bits(one.forward(batch.pixels, batch.size()).logits,
                             two.forward(batch.pixels, batch.size()).logits));

        const auto first = compute_first_statistics(spec, weights, batch);
        const auto &mean = spec.weights[spec.layers[1].weights + 2];
        std::vector<double> expected;
        const auto share = static_cast<double>(lipt::batch_norm_momentum);
        for (std::size_t c = 0; c < mean.size; ++c) {
            expected.push_back((1 - share) * static_cast<double>(weights[mean.offset + c]) +
                               share * first.mean[c]);
        }
        BOOST_TEST(relative_distance(std::span(moved.weights).subspan(mean.offset, mean.size), expected) <=
                   tolerance.statistics);
    });
}

BOOST_AUTO_TEST_CASE(line_5_gradient_of_the_first_layer_agrees_with_a_finite_difference) {
    // All others lie behind it. Along all weights at once these networks are too steep for float32.
    on_large_networks([](const auto &spec, const auto &weights, const auto &batch, double) {
        auto made = make_loaded(spec, weights);
        const auto gradient = made.gradient(batch.weighted_view());
        const std::size_t size = spec.weights[spec.layers[0].weights].size;
        double norm = 0;
        for (std::size_t i = 0; i < size; ++i)
            norm += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
        norm = std::sqrt(norm);
        const auto loss_ahead = [&](double step) {
            auto moved = weights;
            for (std::size_t i = 0; i < size; ++i) {
                moved[i] = static_cast<float>(static_cast<double>(moved[i]) +
                                              step * static_cast<double>(gradient[i]) / norm);
            }
            made.load(moved, {});
            return static_cast<double>(
                static_cast<float>(made.train_step(batch.weighted_view(), standstill)));
        };
        // So far that the loss changes by a two hundredth of itself: more than rounding, and still straight.
        const double far = 0.005 * loss_ahead(0) / norm;
        const double slope = (loss_ahead(far) - loss_ahead(-far)) / (2 * far);
        BOOST_TEST(std::abs(slope / norm - 1) <= 2 * tolerance.slope,
                   "slope " << slope << ", gradient " << norm);
    });
}

BOOST_AUTO_TEST_CASE(lines_6_and_7_evaluation) {
    on_large_networks([](const auto &spec, const auto &weights, const auto &batch, double looser) {
        auto made = make_loaded(spec, weights);
        const auto whole = made.forward(batch.pixels, batch.size());
        const std::size_t bytes = spec.image.size();
        for (std::size_t n = 0; n < batch.size(); ++n) {
            const auto alone = made.forward(std::span(batch.pixels).subspan(n * bytes, bytes), 1);
            BOOST_TEST(std::ranges::equal(std::span(alone.logits.data(), spec.classes),
                                          std::span(whole.logits.data() + n * spec.classes, spec.classes)));
        }
        // Observing moves the statistics to where a training step moves them.
        made.observe(batch.pixels, batch.size(), lipt::batch_norm_momentum);
        const auto observed = values_of(spec, made.read().weights, statistic);
        made.load(weights, {});
        made.train_step(batch.view(), standstill);
        BOOST_TEST(relative_distance(observed, values_of(spec, made.read().weights, statistic)) <=
                   looser * tolerance.statistics);
    });
}

BOOST_AUTO_TEST_SUITE_END()
