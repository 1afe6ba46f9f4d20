// Devices and precisions of the torch training backend; its contract is the conformance suite's.
#include <lipt/backends/torch/training.hpp>

#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>
#include <support/expect_error.hpp>

#include <cmath>

using namespace lipt_test;
using lipt::torch::training;

namespace {

constexpr network_case small{"resnet8", {1, 28, 28}};

/// The losses of some steps on one batch.
std::vector<float> losses(lipt::precision arithmetic, int steps) {
    const auto spec = spec_of(small);
    auto made = training::make(spec, {.threads = 2, .arithmetic = arithmetic});
    made.load(lipt::initial_weights(spec, 1));
    const auto batch = batch_of(spec, 32);
    std::vector<float> all;
    for (int step = 0; step < steps; ++step)
        all.push_back(made.train_step(batch.view(), {.learning_rate = 0.05f}));
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(torch_training)

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused_before_anything_is_made) {
    const auto spec = spec_of(small);
    const auto refused = [&](const lipt::backend_options &options) {
        return error_id([&] { training::make(spec, options); });
    };
    BOOST_TEST(refused({.threads = 0}) == "LIPT-L04");
    BOOST_TEST(refused({.device = "abacus"}) == "LIPT-L01");
    BOOST_TEST(refused({.arithmetic = lipt::precision::float16}) == "LIPT-L06");
}

BOOST_AUTO_TEST_CASE(bfloat16_trains_much_like_float32) {
    const auto single = losses(lipt::precision::float32, 12), half = losses(lipt::precision::bfloat16, 12);
    // Eight bits of mantissa: a percent or so in the first loss, and the same way down.
    BOOST_TEST(std::abs(half[0] / single[0] - 1) < 0.02);
    BOOST_TEST(half[0] != single[0]);
    BOOST_TEST(half.back() < 0.75f * half[0]);
    BOOST_TEST(single.back() < 0.75f * single[0]);
}

BOOST_AUTO_TEST_CASE(the_weights_stay_float32_under_bfloat16) {
    const auto spec = spec_of(small);
    auto made = training::make(spec, {.threads = 1, .arithmetic = lipt::precision::bfloat16});
    const auto weights = weights_of(spec);
    made.load(weights);
    BOOST_TEST(same_bits(made.read().weights, weights));
    const auto batch = batch_of(spec, 8);
    made.train_step(batch.view(), {.learning_rate = 1e-6f});
    // Steps this small would be lost in bfloat16.
    BOOST_TEST(!same_bits(values_of(spec, made.read().weights, trained), values_of(spec, weights, trained)));
}

BOOST_AUTO_TEST_SUITE_END()
