#include <lipt/select/samplers.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace {

using positions = std::vector<std::int64_t>;

lipt::select_options with(const lipt::ccs_options &ccs, std::uint64_t seed = 0) {
    return {.sampler = {.ccs = ccs}, .seed = seed};
}

std::vector<float> ramp(std::size_t count) {
    std::vector<float> scores;
    for (std::size_t i = 0; i < count; ++i) scores.push_back(static_cast<float>(i));
    return scores;
}

double mean_of(const positions &picks) {
    double sum = 0;
    for (const auto i : picks) sum += static_cast<double>(i);
    return sum / static_cast<double>(picks.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(samplers)

BOOST_AUTO_TEST_CASE(equal_budgets_fill_small_strata_first_and_hand_on_the_rest) {
    const auto budgets = [](const std::vector<std::size_t> &sizes, std::size_t quota) {
        return lipt::detail::equal_budgets(sizes, quota);
    };
    using sizes = std::vector<std::size_t>;
    BOOST_TEST(budgets({10, 10, 10}, 9) == (sizes{3, 3, 3}), boost::test_tools::per_element());
    BOOST_TEST(budgets({10, 1, 0, 10}, 9) == (sizes{4, 1, 0, 4}), boost::test_tools::per_element());
    BOOST_TEST(budgets({2, 9, 4}, 15) == (sizes{2, 9, 4}), boost::test_tools::per_element());
    BOOST_TEST(budgets({5, 5, 5}, 1) == (sizes{0, 0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ccs_leaves_out_the_hardest_and_takes_as_many_of_each_stratum) {
    const auto scores = ramp(100); // cut 20: 0..79 in four strata of twenty
    const auto picks = lipt::ccs::sample(scores, 12, with({.cutoff = 0.2, .strata = 4}), 0);
    BOOST_TEST(std::set(picks.begin(), picks.end()).size() == 12u);
    for (std::size_t s = 0; s < 4; ++s) { // hardest stratum first
        for (std::size_t i = 3 * s; i < 3 * s + 3; ++i)
            BOOST_TEST(static_cast<std::size_t>(picks[i]) / 20 == 3 - s);
    }
    BOOST_TEST((lipt::ccs::sample(scores, 12, with({.cutoff = 0.2, .strata = 4}), 0) == picks));
    BOOST_TEST((lipt::ccs::sample(scores, 12, with({.cutoff = 0.2, .strata = 4}, 1), 0) != picks));
    BOOST_TEST((lipt::ccs::sample(scores, 12, with({.cutoff = 0.2, .strata = 4}), 1) != picks));
}

BOOST_AUTO_TEST_CASE(ccs_cuts_less_where_the_budget_needs_it_and_never_fails_to_fill) {
    const auto scores = ramp(50);
    for (const std::size_t quota : {1, 20, 45, 50}) {
        const auto picks = lipt::ccs::sample(scores, quota, with({.cutoff = 0.5}), 0);
        BOOST_TEST(std::set(picks.begin(), picks.end()).size() == quota);
        const auto hardest = *std::max_element(picks.begin(), picks.end());
        BOOST_TEST(static_cast<std::size_t>(hardest) < std::max<std::size_t>(25, quota));
    }
    const std::vector<float> equal(30, 2.0f);
    BOOST_TEST(lipt::ccs::sample(equal, 10, with({}), 0).size() == 10u);
}

BOOST_AUTO_TEST_CASE(the_mode_of_the_beta_density_moves_from_easy_to_hard) {
    const lipt::beta_options options{.concentration = 16, .exponent = 2};
    const auto [a, b] = lipt::beta_sampler::parameters(0.5, options); // mode 1 - 0.25
    BOOST_TEST(a == 1 + 14 * 0.75);
    BOOST_TEST(b == 1 + 14 * 0.25);
    BOOST_TEST((lipt::beta_sampler::parameters(1.0, options) == std::pair(15.0, 1.0)));
    const auto scores = ramp(2000);
    double before = 0;
    for (const std::size_t quota : {20, 200, 600}) {
        const auto picks = lipt::beta_sampler::sample(scores, quota, {}, 0);
        BOOST_TEST(std::set(picks.begin(), picks.end()).size() == quota);
        BOOST_TEST(std::is_sorted(picks.rbegin(), picks.rend()));
        BOOST_TEST(mean_of(picks) > before + 50);
        before = mean_of(picks);
    }
    const auto all = lipt::beta_sampler::sample(scores, 2000, {}, 0);
    BOOST_TEST(std::set(all.begin(), all.end()).size() == 2000u);
}

BOOST_AUTO_TEST_CASE(few_beta_draws_follow_the_density) {
    // 1 of 100 kept with exponent 70: mode 0.505, so alpha and beta are nearly 8 and the mean is a half.
    lipt::select_options options;
    options.sampler.beta = {.concentration = 16, .exponent = 70};
    const auto picks = lipt::beta_sampler::sample(ramp(40000), 400, options, 0);
    double variance = 0;
    for (const auto i : picks) variance += std::pow(static_cast<double>(i) / 39999 - 0.5, 2) / 400;
    BOOST_TEST(std::abs(mean_of(picks) / 39999 - 0.5) < 0.03); // five deviations of the mean
    BOOST_TEST(std::abs(variance - 1.0 / 68) < 0.004);         // 1 / (4 (alpha + beta + 1))
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_errors) {
    const auto scores = ramp(10);
    for (const auto &ccs : {lipt::ccs_options{.cutoff = 1}, lipt::ccs_options{.cutoff = -0.1},
                            lipt::ccs_options{.strata = 0}, lipt::ccs_options{.strata = 1'000'001}}) {
        BOOST_TEST(lipt_test::error_id([&] { lipt::ccs::sample(scores, 2, with(ccs), 0); }) == "LIPT-C17");
    }
    for (const auto &beta : {lipt::beta_options{.concentration = 1}, lipt::beta_options{.exponent = 0}}) {
        lipt::select_options options;
        options.sampler.beta = beta;
        BOOST_TEST(lipt_test::error_id([&] { lipt::beta_sampler::sample(scores, 2, options, 0); }) ==
                   "LIPT-C17");
    }
}

BOOST_AUTO_TEST_CASE(a_cutoff_leaves_out_the_share_that_was_written) {
    // 0.29 of 100 is 28.999999999999996 in double.
    std::vector<float> scores(100);
    for (std::size_t i = 0; i < 100; ++i) scores[i] = static_cast<float>(i);
    lipt::select_options options;
    options.sampler.ccs = {.cutoff = 0.29, .strata = 1};
    const auto picks = lipt::ccs::sample(scores, 71, options, 0);
    BOOST_TEST(*std::max_element(picks.begin(), picks.end()) == 70);
}

BOOST_AUTO_TEST_CASE(the_remainder_of_a_budget_goes_to_larger_strata_and_of_equal_ones_to_lower_scores) {
    std::vector<float> scores{0, 1, 2, 3};
    lipt::select_options options;
    options.sampler.ccs = {.cutoff = 0, .strata = 2};
    const auto picks = lipt::ccs::sample(scores, 3, options, 0);
    BOOST_TEST(std::count_if(picks.begin(), picks.end(), [](auto i) { return i < 2; }) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
