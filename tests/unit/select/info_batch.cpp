#include <lipt/select/info_batch.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace {

/// 900 samples of loss 0.1 and 100 of loss 2.
std::vector<float> losses() {
    std::vector<float> out(1000, 0.1f);
    for (std::size_t i = 0; i < 1000; i += 10) out[i] = 2.0f;
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(info_batch)

BOOST_AUTO_TEST_CASE(only_samples_below_the_mean_are_left_out_and_the_rest_of_them_weigh_more) {
    const auto kept = lipt::info_batch(losses(), 3, 20, 1, {.ratio = 0.75});
    BOOST_TEST(std::is_sorted(kept.indices.begin(), kept.indices.end()));
    std::size_t high = 0;
    for (std::size_t i = 0; i < kept.indices.size(); ++i) {
        const bool is_high = kept.indices[i] % 10 == 0;
        high += is_high ? 1 : 0;
        BOOST_TEST(kept.weights[i] == (is_high ? 1.0f : 4.0f));
    }
    BOOST_TEST(high == 100u);
    BOOST_TEST(std::abs(static_cast<double>(kept.indices.size()) - 325) < 65); // five deviations of 13
}

BOOST_AUTO_TEST_CASE(the_expected_weight_of_every_sample_is_one) {
    std::vector<double> sums(1000);
    for (std::uint32_t epoch = 0; epoch < 400; ++epoch) {
        const auto kept = lipt::info_batch(losses(), epoch, 1000, 7);
        for (std::size_t i = 0; i < kept.indices.size(); ++i)
            sums[static_cast<std::size_t>(kept.indices[i])] += kept.weights[i] / 400;
    }
    for (const double mean : sums) BOOST_TEST(std::abs(mean - 1) < 0.3); // a deviation is 0.05
}

BOOST_AUTO_TEST_CASE(the_last_epochs_and_samples_without_a_loss_are_whole) {
    for (const std::uint32_t epoch : {18, 19}) // 0.875 * 20 = 17.5
        BOOST_TEST(lipt::info_batch(losses(), epoch, 20, 1).indices.size() == 1000u);
    BOOST_TEST(lipt::info_batch(losses(), 17, 20, 1).indices.size() < 1000u);
    const std::vector<float> unknown(50, std::numeric_limits<float>::quiet_NaN());
    const auto first = lipt::info_batch(unknown, 0, 20, 1);
    BOOST_TEST(first.indices.size() == 50u);
    BOOST_TEST(first.weights == std::vector<float>(50, 1.0f), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_epoch_is_a_function_of_seed_and_epoch) {
    const auto one = lipt::info_batch(losses(), 3, 20, 1);
    BOOST_TEST((lipt::info_batch(losses(), 3, 20, 1).indices == one.indices));
    BOOST_TEST((lipt::info_batch(losses(), 4, 20, 1).indices != one.indices));
    BOOST_TEST((lipt::info_batch(losses(), 3, 20, 2).indices != one.indices));
}

BOOST_AUTO_TEST_CASE(settings_outside_their_range_are_errors) {
    for (const auto &options : {lipt::info_batch_options{.ratio = 1}, lipt::info_batch_options{.ratio = -0.1},
                                lipt::info_batch_options{.annealing = 1.1}}) {
        BOOST_TEST(lipt_test::error_id([&] { lipt::info_batch(losses(), 0, 20, 1, options); }) == "LIPT-C22");
    }
}

BOOST_AUTO_TEST_SUITE_END()
