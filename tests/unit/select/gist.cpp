#include <lipt/select/gist.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

BOOST_AUTO_TEST_SUITE(gist)

namespace {

using picked = std::vector<std::int64_t>;

/// Embeddings, scores and how many to take, for calling the method itself.
struct gist_case {
    lipt_test::vectors h{};
    std::vector<float> scores{};
    std::size_t quota = 1;
};

gist_case drawn(std::size_t samples, std::size_t width, std::size_t quota, bool scored, std::uint64_t seed) {
    lipt::rng draw({.seed = seed, .stage = lipt::stream::test});
    gist_case out{.h = lipt_test::vectors(samples, std::vector<double>(width)), .quota = quota};
    for (auto &row : out.h) {
        for (auto &value : row) value = draw.normal(); // a float
    }
    for (std::size_t i = 0; scored && i < samples; ++i) out.scores.push_back(draw.uniform());
    return out;
}

picked gist_of(const gist_case &one, const lipt::gist_options &options) {
    const std::size_t count = one.h.size();
    lipt_test::random_problem problem({.samples = count, .classes = 1, .width = one.h[0].size()});
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t e = 0; e < one.h[i].size(); ++e)
            problem.gradients.embedding(i, e) = static_cast<float>(one.h[i][e]);
    }
    auto pool = problem.pool(one.quota);
    pool.scores = one.scores;
    return lipt::methods::gist::pick(problem.tensor, pool, {.gist = options}).order;
}

double nearest_two(const gist_case &one, const picked &picks) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < picks.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j)
            least = std::min(least, lipt_test::distance(one.h[static_cast<std::size_t>(picks[i])],
                                                        one.h[static_cast<std::size_t>(picks[j])]));
    }
    return least;
}

double worth(const gist_case &one, const picked &picks, double lambda) {
    double sum = 0;
    for (const auto i : picks) sum += one.scores.empty() ? 1.0 : one.scores[static_cast<std::size_t>(i)];
    return picks.size() < 2 ? sum : sum + lambda * nearest_two(one, picks);
}

/// The order of the greedy, and the largest distance from the mean.
std::pair<picked, double> naive_order(const gist_case &one) {
    std::vector<double> mean(one.h[0].size()), far;
    for (const auto &row : one.h) {
        for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += row[e] / static_cast<double>(one.h.size());
    }
    for (const auto &row : one.h) far.push_back(lipt_test::distance(row, mean));
    picked order(one.h.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
        if (!one.scores.empty() && one.scores[i] != one.scores[j]) return one.scores[i] > one.scores[j];
        return far[i] < far[j];
    });
    return {order, *std::max_element(far.begin(), far.end())};
}

picked naive_set(const gist_case &one, const picked &order, double threshold) {
    picked picks;
    for (const auto sample : order) {
        const bool free = std::all_of(picks.begin(), picks.end(), [&](auto pick) {
            return lipt_test::distance(one.h[static_cast<std::size_t>(sample)],
                                       one.h[static_cast<std::size_t>(pick)]) >= threshold;
        });
        if (free && picks.size() < one.quota) picks.push_back(sample);
    }
    return picks;
}

/// The set of every threshold that gives enough samples, up to the one that halving finds, and of 0: that
/// which is worth most. No pass is left out or cut short.
picked naive_gist(const gist_case &one, const lipt::gist_options &options) {
    const auto [order, radius] = naive_order(one);
    std::vector<double> thresholds;
    std::vector<picked> sets;
    for (double d = 2 * radius; d > 1e-5 * radius; d /= 1 + options.epsilon) {
        thresholds.push_back(d);
        sets.push_back(naive_set(one, order, d));
    }
    const auto is_full = [&](std::size_t i) { return sets[i].size() == one.quota; };
    auto best = naive_set(one, order, 0);
    const double apart = nearest_two(one, best);
    while (!thresholds.empty() && thresholds.back() <= apart) thresholds.pop_back(); // the same set again
    std::size_t full = thresholds.size();
    for (std::size_t low = 0; low < full;) {
        const std::size_t middle = low + (full - low) / 2;
        if (!is_full(middle)) {
            low = middle + 1;
            continue;
        }
        full = middle;
        while (full > low && thresholds[full - 1] <= nearest_two(one, sets[middle])) --full;
    }
    for (std::size_t i = full; i < thresholds.size(); ++i) {
        if (is_full(i) && worth(one, sets[i], options.lambda) > worth(one, best, options.lambda))
            best = sets[i];
    }
    return best;
}

void check_half(const gist_case &one, double lambda) {
    double best = 0;
    const std::size_t count = one.h.size();
    for (std::uint32_t bits = 0; bits < 1u << count; ++bits) {
        if (static_cast<std::size_t>(std::popcount(bits)) != one.quota) continue;
        picked picks;
        for (std::size_t i = 0; i < count; ++i) {
            if (bits >> i & 1) picks.push_back(static_cast<std::int64_t>(i));
        }
        best = std::max(best, worth(one, picks, lambda));
    }
    const auto picks = gist_of(one, {.lambda = lambda});
    BOOST_TEST(picks.size() == one.quota);
    BOOST_TEST(worth(one, picks, lambda) >= 0.5 * best, one.quota << " of " << count << " at " << lambda
                                                                  << ": " << worth(one, picks, lambda)
                                                                  << " of " << best);
}

} // namespace

BOOST_AUTO_TEST_CASE(picks_what_thresholds_tried_in_double_would) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        for (const bool scored : {false, true}) {
            for (const std::size_t quota : {2, 5, 17, 40}) {
                const auto one = drawn(41 + seed, 2 + seed % 5, quota, scored, seed);
                for (const double lambda : {0.1, 1.0, 20.0}) {
                    BOOST_TEST_INFO(seed << (scored ? " scored, " : " plain, ") << quota << " at " << lambda);
                    BOOST_TEST(gist_of(one, {.lambda = lambda}) == naive_gist(one, {.lambda = lambda}),
                               boost::test_tools::per_element());
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(reaches_half_of_the_best_set_there_is) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const bool scored : {false, true}) {
            for (std::size_t quota = 1; quota <= 4 + seed % 9; ++quota) {
                for (const double lambda : {0.0, 0.3, 3.0, 1000.0})
                    check_half(drawn(4 + seed % 9, 1 + seed % 3, quota, scored, 50 + seed), lambda);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(reaches_half_of_the_best_where_distances_are_of_many_sizes) {
    for (std::size_t quota = 2; quota <= 12; ++quota) {
        for (const double lambda : {1e-3, 1.0, 1e3}) {
            // Powers on a line, so that each threshold gives another set; a heap with one far out; a grid.
            gist_case powers{.quota = quota}, heap{.quota = quota}, grid{.quota = quota};
            for (int i = 0; i < 12; ++i) {
                powers.h.push_back({std::pow(3.0, i)});
                heap.h.push_back({i == 7 ? 1e6 : i * 0.125, i * i * 0.25});
                grid.h.push_back({static_cast<double>(i % 4), static_cast<double>(i / 4)});
            }
            check_half(powers, lambda);
            check_half(heap, lambda);
            check_half(grid, lambda);
            for (int i = 0; i < 12; ++i) {
                powers.scores.push_back(static_cast<float>((i * 5) % 12));
                heap.scores.push_back(i == 7 ? 0.0f : 1.0f);
            }
            check_half(powers, lambda);
            check_half(heap, lambda);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pass_is_the_greedy_set_over_many_blocks_and_chunks) {
    const auto one = drawn(2600, 3, 2000, true, 7);
    auto embeddings = lipt::host_matrix::from_shape({one.h.size(), 3});
    for (std::size_t i = 0; i < one.h.size(); ++i) {
        for (std::size_t e = 0; e < 3; ++e) embeddings(i, e) = static_cast<float>(one.h[i][e]);
    }
    const lipt::reference::tensor tensor;
    const lipt::distance_bounds bounds(embeddings);
    const auto order = lipt::detail::utility_order(one.scores, bounds);
    lipt::independent_sets<lipt::reference::tensor> sets(tensor, embeddings, bounds, order);
    // Thresholds up and down, since a pass is helped by those before.
    for (const double threshold : {0.3, 0.0, 0.02, 0.1, 2.0, 0.05}) {
        const auto set = sets.take(threshold, one.quota, [](const auto &, std::size_t) { return true; });
        const auto expected = naive_set(one, naive_order(one).first, threshold);
        BOOST_TEST_INFO(threshold);
        BOOST_TEST(set.is_full == (expected.size() == one.quota));
        BOOST_TEST(set.picks.size() <= expected.size());
        if (!set.is_full) continue;
        BOOST_TEST(set.picks == expected, boost::test_tools::per_element());
        BOOST_TEST(std::abs(std::sqrt(set.square) - nearest_two(one, expected)) < 1e-6);
    }
}

BOOST_AUTO_TEST_CASE(a_large_lambda_spreads_and_none_takes_the_highest_scores) {
    const auto one = drawn(60, 2, 10, true, 3);
    auto highest = lipt::highest(one.scores, 10);
    BOOST_TEST(gist_of(one, {.lambda = 0}) == highest, boost::test_tools::per_element());
    const auto spread = gist_of(one, {.lambda = 1e6});
    BOOST_TEST(nearest_two(one, spread) > 2 * nearest_two(one, highest));
}

BOOST_AUTO_TEST_CASE(one_pick_all_and_samples_all_alike) {
    auto one = drawn(30, 4, 1, true, 11);
    BOOST_TEST(gist_of(one, {}) == lipt::highest(one.scores, 1), boost::test_tools::per_element());
    one.quota = 30;
    auto all = gist_of(one, {});
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < 30; ++i) BOOST_TEST(all[i] == static_cast<std::int64_t>(i));
    gist_case alike{.h = lipt_test::vectors(20, {1.5, -2}), .quota = 6};
    BOOST_TEST(gist_of(alike, {}) == (picked{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
    alike.h = {{3.0}};
    alike.quota = 1;
    BOOST_TEST(gist_of(alike, {}) == picked{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(duplicates_are_picked_only_when_nothing_else_is_left) {
    auto one = drawn(24, 3, 12, false, 5);
    for (std::size_t i = 12; i < 24; ++i) one.h[i] = one.h[i - 12];
    const auto picks = gist_of(one, {});
    std::set<std::int64_t> originals;
    for (const auto i : picks) originals.insert(i % 12);
    BOOST_TEST(originals.size() == 12u);
}

BOOST_AUTO_TEST_CASE(tight_heaps_far_from_each_other_are_told_apart) {
    // Two heaps of spread 3e-4, four units apart: float products tell nothing apart inside of one.
    auto one = drawn(40, 8, 8, false, 9);
    for (std::size_t i = 0; i < 40; ++i) {
        for (auto &value : one.h[i]) value = static_cast<float>(value * 3e-4 + (i % 2 == 0 ? 2.0 : -2.0));
    }
    BOOST_TEST(gist_of(one, {.lambda = 1e6}) == naive_gist(one, {.lambda = 1e6}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scores_of_the_problem_are_its_utility) {
    const lipt_test::random_problem problem({.samples = 40, .classes = 2, .width = 3});
    auto view = problem.view(0.25);
    const auto plain = lipt::select_with<lipt::methods::gist>(problem.tensor, view);
    BOOST_TEST(plain.scores == std::vector<float>(40, 1.0f), boost::test_tools::per_element());
    std::vector<float> scores(40);
    for (std::size_t i = 0; i < 40; ++i) scores[i] = static_cast<float>(100 * ((i / 2) % 4 == 1));
    view.scores = scores;
    const auto scored = lipt::select_with<lipt::methods::gist>(problem.tensor, view);
    BOOST_TEST(scored.scores == scores, boost::test_tools::per_element());
    for (const auto i : scored.indices) BOOST_TEST(scores[static_cast<std::size_t>(i)] == 100.0f);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_an_error) {
    lipt_test::random_problem problem({.samples = 12, .classes = 1});
    const auto id = [&](const std::function<void(lipt::selection_problem<lipt::reference::tensor> &)> &change,
                        const lipt::gist_options &options = {}) {
        auto view = problem.view(0.5);
        change(view);
        return lipt_test::error_id(
            [&] { lipt::select_with<lipt::methods::gist>(problem.tensor, view, {.gist = options}); });
    };
    std::vector<float> scores(12, 1.0f);
    const auto with_scores = [&](auto &view) { view.scores = scores; };
    BOOST_TEST(id(with_scores) == "");
    scores[3] = -1;
    BOOST_TEST(id(with_scores) == "LIPT-C49");
    scores[3] = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(id(with_scores) == "LIPT-C49");
    scores.pop_back();
    BOOST_TEST(id(with_scores) == "LIPT-C06");
    BOOST_TEST(id([](auto &view) { view.gradients = {}; }) == "LIPT-C04");
    for (const double epsilon : {0.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
        BOOST_TEST(id([](auto &) {}, {.epsilon = epsilon}) == "LIPT-C45");
    BOOST_TEST(id([](auto &) {}, {.lambda = -1}) == "LIPT-C45");
    problem.gradients.embedding(2, 1) = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(id([](auto &) {}) == "LIPT-C08");
}

BOOST_AUTO_TEST_SUITE_END()
