// Scaling of losses in float16, and the step that it may hold back.
#include <lipt/backends/torch/detail/optimiser.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

namespace {

using lipt::torch::detail::descent;
using lipt::torch::detail::loss_scale;

lipt::network_spec two_weights() {
    lipt::network_spec spec;
    spec.weights = {{"weight", {1, 2}, lipt::weight_kind::linear, 0, 2},
                    {"mean", {1}, lipt::weight_kind::running_mean, 2, 1}};
    return spec;
}

std::vector<float> values(const at::Tensor &of) {
    return {of.data_ptr<float>(), of.data_ptr<float>() + of.numel()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(torch_optimiser)

BOOST_AUTO_TEST_CASE(a_finite_gradient_is_divided_and_the_scale_stays) {
    loss_scale scale(at::kCPU);
    auto gradient = at::tensor({65536.0f, -131072.0f});
    BOOST_TEST(scale.unscale(gradient).item<bool>());
    BOOST_TEST((values(gradient) == std::vector<float>{1, -2}));
    BOOST_TEST(scale.scale().item<float>() == 65536.0f);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_halves_the_scale) {
    loss_scale scale(at::kCPU);
    for (const float bad :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        const float before = scale.scale().item<float>();
        auto gradient = at::tensor({1.0f, bad});
        BOOST_TEST(!scale.unscale(gradient).item<bool>());
        BOOST_TEST(scale.scale().item<float>() == before / 2);
        BOOST_TEST(gradient.isfinite().all().item<bool>());
    }
}

BOOST_AUTO_TEST_CASE(two_thousand_good_steps_double_the_scale) {
    loss_scale scale(at::kCPU);
    for (int step = 1; step < 2000; ++step) {
        auto gradient = at::ones({1});
        scale.unscale(gradient);
    }
    BOOST_TEST(scale.scale().item<float>() == 65536.0f);
    auto gradient = at::ones({1});
    scale.unscale(gradient);
    BOOST_TEST(scale.scale().item<float>() == 131072.0f);
}

BOOST_AUTO_TEST_CASE(steps_by_hand_and_one_that_is_held_back) {
    const lipt::sgd_step step{
        .learning_rate = 0.5f, .momentum = 0.5f, .weight_decay = 0.25f, .nesterov = false};
    descent optimiser(two_weights(), at::kCPU);
    auto weights = at::tensor({4.0f, -8.0f, 7.0f});
    // g + decay w = (2, -2); momentum the same; w - 0.5 m.
    optimiser.step(step, at::tensor({1.0f, 0.0f, 0.0f}), {}, {}, weights);
    BOOST_TEST((values(weights) == std::vector<float>{3, -7, 7}));
    const auto before = values(optimiser.momentum());
    optimiser.step(step, at::tensor({1.0f, 1.0f, 0.0f}), {}, at::full({}, false, at::kBool), weights);
    BOOST_TEST((values(weights) == std::vector<float>{3, -7, 7}));
    BOOST_TEST((values(optimiser.momentum()) == before));
    // g + decay w = (1.75, -0.75), momentum (2.75, -1.75); the mask clears the second.
    optimiser.step(step, at::tensor({1.0f, 1.0f, 0.0f}), at::tensor({1.0f, 0.0f, 1.0f}),
                   at::full({}, true, at::kBool), weights);
    BOOST_TEST((values(weights) == std::vector<float>{1.625f, 0, 7}));
}

BOOST_AUTO_TEST_SUITE_END()
