#include <lipt/select/zcore.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

BOOST_AUTO_TEST_SUITE(zcore)

namespace {

double uniform(lipt::rng &draw) {
    const std::uint64_t high = draw(), low = draw();
    return std::ldexp(static_cast<double>((high << 32 | low) >> 11), -53);
}

/// All samples by their L1 distance in some dimensions from a point, nearest first.
std::vector<std::pair<double, std::size_t>> by_distance(const lipt_test::vectors &h,
                                                        const std::vector<std::uint32_t> &dimensions,
                                                        const std::vector<double> &point) {
    std::vector<std::pair<double, std::size_t>> out;
    for (std::size_t i = 0; i < h.size(); ++i) {
        double sum = 0;
        for (std::size_t d = 0; d < dimensions.size(); ++d) sum += std::abs(h[i][dimensions[d]] - point[d]);
        out.emplace_back(sum, i);
    }
    std::sort(out.begin(), out.end());
    return out;
}

double triangular(double least, double middle, double most, double u) {
    if (most == least) return least;
    return u < (middle - least) / (most - least)
               ? least + std::sqrt(u * (most - least) * (middle - least))
               : most - std::sqrt((1 - u) * (most - least) * (most - middle));
}

/// The scores by looking at every sample for every draw.
std::vector<double> naive_scores(const lipt_test::vectors &h, const lipt::zcore_options &asked,
                                 std::uint64_t seed) {
    const std::size_t count = h.size(), width = h[0].size();
    lipt::rng draw({.seed = seed, .stage = lipt::stream::select, .worker = 2});
    std::vector<double> scores;
    for (std::size_t i = 0; i < count; ++i) scores.push_back(uniform(draw));
    std::vector<std::uint32_t> all(width);
    std::iota(all.begin(), all.end(), 0u);
    const std::size_t wanted = std::min(asked.dimensions, width);
    for (std::size_t step = 0; step < lipt::zcore_draws(asked, count); ++step) {
        for (std::size_t d = 0; d < wanted; ++d)
            std::swap(all[d], all[d + draw.below(static_cast<std::uint32_t>(width - d))]);
        const std::vector<std::uint32_t> dimensions(all.begin(), all.begin() + static_cast<long>(wanted));
        std::vector<double> point;
        for (const auto e : dimensions) {
            std::vector<double> values;
            for (const auto &row : h) values.push_back(row[e]);
            std::sort(values.begin(), values.end());
            const double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
            point.push_back(triangular(values.front(), median, values.back(), uniform(draw)));
        }
        const auto covers = by_distance(h, dimensions, point)[0].second;
        scores[covers] += 1;
        for (std::size_t d = 0; d < wanted; ++d) point[d] = h[covers][dimensions[d]];
        auto near = by_distance(h, dimensions, point);
        std::erase_if(near, [&](const auto &one) { return one.second == covers; });
        near.resize(std::min(near.size(), asked.neighbours));
        if (near[0].first == 0) {
            scores[near[0].second] -= 1;
            continue;
        }
        double sum = 0;
        for (const auto &[far, i] : near) sum += std::pow(far, -static_cast<double>(asked.exponent));
        for (const auto &[far, i] : near)
            scores[i] -= std::pow(far, -static_cast<double>(asked.exponent)) / sum;
    }
    const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
    const double least = *low, range = *high - *low;
    for (auto &score : scores) score = (score - least) / range;
    return scores;
}

std::vector<float> rated(lipt_test::random_problem &problem, const lipt::zcore_options &options,
                         std::uint64_t seed = 0) {
    return lipt::zcore_score::rate(problem.tensor, problem.pool(1), {.zcore = options, .seed = seed});
}

} // namespace

BOOST_AUTO_TEST_CASE(scores_are_those_of_looking_at_every_sample) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        lipt_test::random_problem problem({.samples = 30 + 11 * seed, .width = 1 + seed, .seed = seed});
        if (seed % 2 == 1) { // coordinates that repeat: neighbours at no distance, and as far as each other
            for (auto &value : problem.gradients.embedding) value = std::round(2 * value);
        }
        lipt_test::vectors h(problem.labels.size());
        for (std::size_t i = 0; i < h.size(); ++i) {
            for (std::size_t e = 0; e <= seed; ++e) h[i].push_back(problem.gradients.embedding(i, e));
        }
        for (const lipt::zcore_options &asked :
             {lipt::zcore_options{}, lipt::zcore_options{.draws = 300, .dimensions = 1, .neighbours = 4},
              lipt::zcore_options{.draws = 100, .dimensions = 9, .neighbours = 7, .exponent = 1}}) {
            const auto expected = naive_scores(h, asked, seed);
            const auto scores = rated(problem, asked, seed);
            for (std::size_t i = 0; i < h.size(); ++i) BOOST_TEST(std::abs(scores[i] - expected[i]) < 1e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(scores_fill_0_to_1_and_depend_on_the_seed) {
    lipt_test::random_problem problem({.samples = 80, .width = 4});
    const auto scores = rated(problem, {}, 3);
    BOOST_TEST(*std::min_element(scores.begin(), scores.end()) == 0.0f);
    BOOST_TEST(*std::max_element(scores.begin(), scores.end()) == 1.0f);
    BOOST_TEST(rated(problem, {}, 3) == scores, boost::test_tools::per_element());
    BOOST_TEST((rated(problem, {}, 4) != scores));
}

BOOST_AUTO_TEST_CASE(what_is_crowded_scores_lower_than_what_is_alone) {
    // Ninety samples in a heap, ten over the whole range.
    lipt_test::random_problem problem({.samples = 100, .classes = 1, .width = 3});
    auto &h = problem.gradients.embedding;
    for (std::size_t i = 0; i < 100; ++i) {
        for (std::size_t e = 0; e < 3; ++e) h(i, e) *= i % 10 == 0 ? 3.0f : 0.01f;
    }
    const auto scores = rated(problem, {.draws = 5000});
    double alone = 0, crowded = 0;
    for (std::size_t i = 0; i < 100; ++i) (i % 10 == 0 ? alone : crowded) += scores[i];
    BOOST_TEST(alone / 10 > crowded / 90 + 0.1);
}

BOOST_AUTO_TEST_CASE(samples_all_alike_one_sample_and_a_flat_dimension) {
    lipt_test::random_problem problem({.samples = 12, .classes = 1, .width = 3});
    for (std::size_t i = 0; i < 12; ++i) problem.gradients.embedding(i, 1) = 4.0f;
    for (const float score : rated(problem, {})) BOOST_TEST((score >= 0 && score <= 1));
    problem.gradients.embedding.fill(0.5f);
    const auto picks = lipt::methods::zcore::pick(problem.tensor, problem.pool(5), {});
    BOOST_TEST(picks.order.size() == 5u);
    for (const float score : picks.scores) BOOST_TEST(std::isfinite(score));
    lipt_test::random_problem one({.samples = 1, .classes = 1});
    BOOST_TEST(rated(one, {})[0] == 0.5f);
    BOOST_TEST(lipt::methods::zcore::pick(one.tensor, one.pool(1), {}).order[0] == 0);
}

BOOST_AUTO_TEST_CASE(as_many_points_as_the_source_draws_for_50_000) {
    BOOST_TEST(lipt::zcore_draws({}, 50'000) == 1'000'000u);
    BOOST_TEST(lipt::zcore_draws({}, 100) == 2'000u);
    BOOST_TEST(lipt::zcore_draws({}, 1'281'167) == 1'000'000u);
    BOOST_TEST(lipt::zcore_draws({.draws = 7}, 100) == 7u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_an_error) {
    lipt_test::random_problem problem({.samples = 12});
    const auto id = [&](const lipt::zcore_options &options) {
        return lipt_test::error_id([&] {
            lipt::select_with<lipt::methods::zcore>(problem.tensor, problem.view(0.5), {.zcore = options});
        });
    };
    BOOST_TEST(id({}) == "");
    BOOST_TEST(id({.dimensions = 0}) == "LIPT-C46");
    BOOST_TEST(id({.neighbours = 0}) == "LIPT-C46");
    BOOST_TEST(id({.exponent = 65}) == "LIPT-C46");
    problem.gradients.embedding(2, 1) = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(id({}) == "LIPT-C08");
}

BOOST_AUTO_TEST_SUITE_END()
