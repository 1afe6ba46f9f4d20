// The written contract of lipt::training_backend, lines 6 to 9: evaluation, statistics, threads and wrong
// input.
#include <boost/test/unit_test.hpp>
#include <conformance/training.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(training_contract)

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
        auto made = training::make(spec, on_device(2));
        made.load(start, momentum);
        made.observe(batch.pixels, 37, 1.0f);
        const auto all = made.read();
        if (!has_statistics(spec)) {
            BOOST_TEST(own_networks);
            BOOST_TEST(same_state(all, {start, momentum}), network.name);
            continue;
        }
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
        // The large batch on one image shape for each family of networks: this test costs as much as all
        // others together.
        const bool large =
            network.image == (std::string_view(network.name) == small.name ? small.image : wide.image);
        for (const std::size_t size : {std::size_t{1}, std::size_t{5}, std::size_t{large ? 37u : 8u}}) {
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
    // Other weights than those that are loaded, so that a part written too early shows.
    const auto other = weights_of(spec, 9);
    auto longer = other, damaged = other;
    longer.push_back(0);
    damaged.back() = std::numeric_limits<float>::quiet_NaN();
    const auto shorter = std::span(other).first(other.size() - 1);
    refuses("LIPT-T01", [&] { made.load(longer, {}); });
    refuses("LIPT-T01", [&] { made.load(shorter, {}); });
    refuses("LIPT-T02", [&] { made.load(damaged, {}); });
    refuses("LIPT-T03", [&] { made.load(other, longer); });

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
