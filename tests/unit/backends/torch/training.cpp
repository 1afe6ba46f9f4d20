// Devices and precisions of the torch training backend; its contract is the conformance suite's.
#include <lipt/augment/crop_flip.hpp>
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
    BOOST_TEST(refused({.arithmetic = lipt::precision::tf32}) == "LIPT-L06");
}

BOOST_AUTO_TEST_CASE(a_batch_is_moved_as_the_core_moves_it) {
    const auto spec = spec_of(small);
    auto made = training::make(spec, {.threads = 2});
    BOOST_TEST(!made.moves_images()); // on a processor the trainer does it
    auto batch = batch_of(spec, 24);
    std::vector<lipt::image_move> moves;
    std::vector<std::uint8_t> moved(batch.pixels.size());
    lipt::rng draw({.seed = 4});
    for (std::size_t b = 0; b < 24; ++b) {
        moves.push_back(lipt::draw_move({.padding = b < 20 ? 4u : 30u}, draw));
        const std::size_t bytes = spec.image.size();
        lipt::move_image(std::span(batch.pixels).subspan(b * bytes, bytes),
                         std::span(moved).subspan(b * bytes, bytes), spec.image, moves.back());
    }
    const auto after = [&](const lipt::batch_view &view) {
        made.load(lipt::initial_weights(spec, 1));
        made.train_step(view, {.learning_rate = 0.05f});
        return made.read().weights;
    };
    auto left = batch.view();
    left.moves = moves;
    auto before = batch.view();
    before.pixels = moved;
    BOOST_TEST(same_bits(after(left), after(before)));
    BOOST_TEST(!same_bits(after(left), after(batch.view())));
    left.moves = std::span(moves).first(3);
    BOOST_TEST(error_id([&] { made.train_step(left, {}); }) == "LIPT-T09");
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

BOOST_AUTO_TEST_CASE(losses_read_late_are_those_read_at_once) {
    const auto spec = spec_of(small);
    auto made = training::make(spec, {.threads = 1});
    const auto batch = batch_of(spec, 2);
    const int steps = 260; // more than are kept together
    const auto run = [&](auto take) {
        made.load(lipt::initial_weights(spec, 1));
        for (int step = 0; step < steps; ++step)
            take(made.train_step(batch.view(), {.learning_rate = 0.01f}));
    };
    std::vector<float> at_once;
    run([&](float loss) { at_once.push_back(loss); });
    std::vector<lipt::torch::pending_loss> late;
    run([&](lipt::torch::pending_loss loss) { late.push_back(std::move(loss)); });
    made = training::make(spec, {.threads = 1}); // a loss outlives its network
    BOOST_TEST(std::vector<float>(late.begin(), late.end()) == at_once, boost::test_tools::per_element());
    BOOST_TEST(at_once.front() != at_once.back());
}

BOOST_AUTO_TEST_SUITE_END()
