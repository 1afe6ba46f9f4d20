#include <lipt/select/greedy.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

namespace {

/// How many numbers of 0..99 a set of intervals holds; counts what it is asked.
struct interval_cover {
    static constexpr bool at_hand = false;
    std::vector<std::pair<int, int>> intervals;
    std::set<int> covered{};
    std::size_t asked = 0;

    std::vector<float> first_gains() {
        std::vector<float> out;
        for (const auto &[first, last] : intervals) out.push_back(static_cast<float>(last - first));
        return out;
    }
    std::vector<float> gains(std::span<const std::int64_t> candidates) {
        std::vector<float> out;
        for (const auto i : candidates) {
            float gain = 0;
            const auto [first, last] = intervals[static_cast<std::size_t>(i)];
            for (int x = first; x < last; ++x) gain += covered.count(x) ? 0.0f : 1.0f;
            out.push_back(gain);
            ++asked;
        }
        return out;
    }
    void take(std::int64_t pick) {
        const auto [first, last] = intervals[static_cast<std::size_t>(pick)];
        for (int x = first; x < last; ++x) covered.insert(x);
    }
    std::size_t batch() const { return 4; }
};
static_assert(lipt::set_function<interval_cover>);

interval_cover random_cover(std::size_t count, std::uint64_t seed) {
    interval_cover cover;
    lipt::rng draw({.seed = seed});
    for (std::size_t i = 0; i < count; ++i) {
        const int first = static_cast<int>(draw.below(90));
        cover.intervals.push_back({first, first + 1 + static_cast<int>(draw.below(10))});
    }
    return cover;
}

lipt::select_options with(lipt::greedy_kind kind, double epsilon = 0.01, std::uint64_t seed = 0) {
    return {.submodular = {.greedy = kind, .epsilon = epsilon}, .seed = seed};
}

} // namespace

BOOST_AUTO_TEST_SUITE(greedy)

BOOST_AUTO_TEST_CASE(lazy_picks_as_naive_does_with_fewer_gains) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
        auto one = random_cover(60, seed), two = one;
        const auto naive = lipt::maximise(one, 15, 0, with(lipt::greedy_kind::naive));
        const auto lazy = lipt::maximise(two, 15, 0, with(lipt::greedy_kind::lazy));
        BOOST_TEST(naive.order == lazy.order, boost::test_tools::per_element());
        BOOST_TEST(naive.scores == lazy.scores, boost::test_tools::per_element());
        BOOST_TEST(2 * two.asked < one.asked);
    }
}

BOOST_AUTO_TEST_CASE(ties_go_to_the_lowest_in_every_kind_that_draws_nothing) {
    for (const auto kind : {lipt::greedy_kind::naive, lipt::greedy_kind::lazy}) {
        interval_cover cover{.intervals = {{0, 2}, {5, 7}, {0, 2}, {8, 10}}};
        BOOST_TEST(lipt::maximise(cover, 4, 0, with(kind)).order == (std::vector<std::int64_t>{0, 1, 3, 2}),
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(stochastic_is_naive_where_it_draws_all_and_near_it_where_it_draws_few) {
    auto all = random_cover(60, 7), few = all, exact = all;
    // n/k log(1/epsilon) = 4 * 20 > n
    const auto naive = lipt::maximise(exact, 15, 0, with(lipt::greedy_kind::naive)).order;
    BOOST_TEST(lipt::maximise(all, 15, 0, with(lipt::greedy_kind::stochastic, 1e-9)).order == naive,
               boost::test_tools::per_element());
    const auto drawn = lipt::maximise(few, 15, 0, with(lipt::greedy_kind::stochastic, 0.1)).order;
    BOOST_TEST(std::set<std::int64_t>(drawn.begin(), drawn.end()).size() == 15u);
    BOOST_TEST(few.asked < exact.asked / 4);
    BOOST_TEST(few.covered.size() > 0.75 * static_cast<double>(exact.covered.size()));
    auto again = random_cover(60, 7), other = again;
    BOOST_TEST(lipt::maximise(again, 15, 0, with(lipt::greedy_kind::stochastic, 0.1)).order == drawn,
               boost::test_tools::per_element());
    BOOST_TEST((lipt::maximise(other, 15, 0, with(lipt::greedy_kind::stochastic, 0.1, 1)).order != drawn));
}

BOOST_AUTO_TEST_CASE(an_epsilon_outside_its_range_is_an_error) {
    for (const double epsilon : {0.0, 1.0, -1.0}) {
        auto cover = random_cover(5, 1);
        BOOST_TEST(lipt_test::error_id([&] {
                       lipt::maximise(cover, 2, 0, with(lipt::greedy_kind::stochastic, epsilon));
                   }) == "LIPT-C15");
    }
}

BOOST_AUTO_TEST_SUITE_END()
