#include <lipt/select/random.hpp>

#include <boost/test/unit_test.hpp>
#include <support/selection_problem.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace {

using lipt_test::random_problem;
using indices = std::vector<std::int64_t>;

template <class Method>
indices chosen(const random_problem &problem, double fraction, std::uint64_t seed, std::uint32_t epoch = 0,
               bool balanced = true) {
    return lipt::select_with<Method>(problem.tensor, problem.view(fraction, balanced),
                                     {.seed = seed, .epoch = epoch})
        .indices;
}

} // namespace

BOOST_AUTO_TEST_SUITE(random_selection)

BOOST_AUTO_TEST_CASE(random_follows_the_seed_and_not_the_epoch) {
    const random_problem problem({});
    using lipt::methods::random;
    BOOST_TEST((chosen<random>(problem, 0.3, 1) == chosen<random>(problem, 0.3, 1, 5)));
    BOOST_TEST((chosen<random>(problem, 0.3, 1) != chosen<random>(problem, 0.3, 2)));
    // One pool, whatever was asked: the class counts are as chance has them.
    BOOST_TEST((chosen<random>(problem, 0.3, 1) == chosen<random>(problem, 0.3, 1, 0, false)));
}

BOOST_AUTO_TEST_CASE(every_sample_is_as_likely) {
    const random_problem problem({.samples = 40, .classes = 4});
    std::vector<int> of_random(40), of_stratified(40);
    constexpr int runs = 400;
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
        for (const auto i : chosen<lipt::methods::random>(problem, 0.5, seed))
            ++of_random[static_cast<std::size_t>(i)];
        for (const auto i : chosen<lipt::methods::stratified>(problem, 0.5, seed))
            ++of_stratified[static_cast<std::size_t>(i)];
    }
    // Probability one half, deviation 10: five of them.
    for (const auto *counts : {&of_random, &of_stratified}) {
        for (const int count : *counts) BOOST_TEST(std::abs(count - runs / 2) < 50);
    }
}

BOOST_AUTO_TEST_CASE(stratified_takes_each_classs_share) {
    const random_problem problem({.samples = 50, .classes = 3}); // 17, 17 and 16
    std::vector<int> counts(3);
    for (const auto i : chosen<lipt::methods::stratified>(problem, 0.2, 1, 0, false))
        ++counts[static_cast<std::size_t>(i) % 3];
    BOOST_TEST(counts == (std::vector<int>{4, 3, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rs2_reads_one_shuffle_slice_by_slice) {
    const random_problem problem({.samples = 60, .classes = 3});
    using lipt::methods::rs2;
    // 20 a class, 5 an epoch: four epochs cover everything once, and the next four do again in another order.
    for (const std::uint32_t pass : {0u, 1u}) {
        std::set<std::int64_t> seen;
        for (std::uint32_t epoch = 0; epoch < 4; ++epoch) {
            for (const auto i : chosen<rs2>(problem, 0.25, 3, 4 * pass + epoch)) seen.insert(i);
        }
        BOOST_TEST(seen.size() == 60u);
    }
    BOOST_TEST((chosen<rs2>(problem, 0.25, 3, 0) != chosen<rs2>(problem, 0.25, 3, 4)));
    BOOST_TEST((chosen<rs2>(problem, 0.25, 3, 6) == chosen<rs2>(problem, 0.25, 3, 6)));
    BOOST_TEST((chosen<rs2>(problem, 0.25, 3, 0) != chosen<rs2>(problem, 0.25, 4, 0)));
}

namespace {

/// Problems whose classes are too small for a share of every epoch, or of no common size.
std::vector<random_problem> uneven_problems() {
    std::vector<random_problem> problems;
    problems.emplace_back(lipt_test::problem_options{.samples = 80, .classes = 10}); // ten classes of 8
    problems.emplace_back(lipt_test::problem_options{.samples = 61, .classes = 4});
    for (auto &label : problems.back().labels) label = label == 3 ? 0 : label;
    problems.back().labels[60] = 3; // a class of one
    return problems;
}

} // namespace

BOOST_AUTO_TEST_CASE(rs2_draws_every_sample_in_a_pass_however_small_its_class) {
    using lipt::methods::rs2;
    for (const auto &problem : uneven_problems()) {
        for (const bool balanced : {true, false}) {
            for (const double fraction : {0.05, 0.1, 0.15, 0.3, 0.45, 0.9}) {
                std::set<std::int64_t> seen;
                const auto epochs = static_cast<std::uint32_t>(std::ceil(1 / fraction - 1e-9));
                for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
                    const auto some = chosen<rs2>(problem, fraction, 3, epoch, balanced);
                    seen.insert(some.begin(), some.end());
                }
                BOOST_TEST(seen.size() == problem.labels.size(), fraction);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(rs2_takes_what_is_left_and_fills_up_from_the_next_pass) {
    using lipt::methods::rs2;
    // Read one after another, the epochs are pass after pass of all samples, and no epoch has one twice.
    for (const auto &problem : uneven_problems()) {
        for (const bool balanced : {true, false}) {
            for (const double fraction : {0.15, 0.4, 0.7, 0.9, 1.0}) {
                const std::size_t samples = problem.labels.size();
                std::vector<int> times(samples);
                std::size_t read = 0;
                for (std::uint32_t epoch = 0; epoch < 40; ++epoch) {
                    const auto some = chosen<rs2>(problem, fraction, 3, epoch, balanced);
                    BOOST_TEST((std::set(some.begin(), some.end()).size() == some.size()));
                    read += some.size();
                    for (const auto i : some) ++times[static_cast<std::size_t>(i)];
                    const auto [least, most] = std::minmax_element(times.begin(), times.end());
                    // All samples of a pass before any of the one after the next.
                    BOOST_TEST(*least >= static_cast<int>(read / samples));
                    BOOST_TEST(*most <= static_cast<int>((read + samples - 1) / samples));
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(rs2_shuffles_every_pass_anew_and_by_the_seed) {
    const random_problem problem({.samples = 10, .classes = 1});
    using lipt::methods::rs2;
    BOOST_TEST((chosen<rs2>(problem, 0.5, 1, 0) != chosen<rs2>(problem, 0.5, 1, 2)));
    BOOST_TEST((chosen<rs2>(problem, 0.4, 1, 3) == chosen<rs2>(problem, 0.4, 1, 3)));
    BOOST_TEST((chosen<rs2>(problem, 0.4, 1, 3) != chosen<rs2>(problem, 0.4, 2, 3)));
    BOOST_TEST(chosen<rs2>(problem, 1.0, 1, 7).size() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
