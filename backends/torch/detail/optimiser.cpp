#include "optimiser.hpp"

#include "kernels.hpp"

#include <vector>

namespace lipt::torch::detail {

loss_scale::loss_scale(const at::Device &device)
    : scale_(at::full({1}, 65536.0, at::TensorOptions().dtype(at::kFloat).device(device))),
      good_steps_(at::zeros_like(scale_)) {}

at::Tensor loss_scale::unscale(at::Tensor &gradient) {
    constexpr double patience = 2000; // good steps before the scale doubles
    gradient.div_(scale_);
    const auto finite = gradient.isfinite().all();
    gradient.nan_to_num_(0, 0, 0);
    good_steps_ = at::where(finite, good_steps_ + 1, at::zeros_like(good_steps_));
    const auto due = good_steps_.ge(patience);
    scale_ = at::where(finite, at::where(due, scale_ * 2, scale_), (scale_ * 0.5).clamp_min(1));
    good_steps_.masked_fill_(due, 0);
    return finite;
}

descent::descent(const network_spec &spec, const at::Device &device) {
    std::vector<float> trained(spec.state_size(), 0.0f);
    for (const auto &entry : spec.weights) {
        if (!is_trained(entry.kind)) continue;
        std::fill_n(trained.begin() + static_cast<std::ptrdiff_t>(entry.offset), entry.size, 1.0f);
    }
    trained_ = at::tensor(trained).to(device);
}

void descent::step(const sgd_step &step, const at::Tensor &gradient, const at::Tensor &keep_mask,
                   const at::Tensor &finite, at::Tensor &weights) {
    if (!momentum_.defined()) momentum_ = at::zeros_like(weights);
    if (weights.device().is_cpu() && !finite.defined())
        return descend(step, gradient, trained_, keep_mask, momentum_, weights);
    const auto before = finite.defined() ? weights.clone() : at::Tensor();
    const auto momentum_before = finite.defined() ? momentum_.clone() : at::Tensor();
    auto move = at::addcmul(gradient, weights, trained_, step.weight_decay);
    momentum_.mul_(step.momentum).add_(move);
    if (step.nesterov) {
        move.add_(momentum_, step.momentum);
    } else {
        move = momentum_;
    }
    weights.add_(move, -step.learning_rate);
    if (finite.defined()) {
        weights.copy_(at::where(finite, weights, before));
        momentum_.copy_(at::where(finite, momentum_, momentum_before));
    }
    if (keep_mask.defined()) weights.mul_(keep_mask);
}

} // namespace lipt::torch::detail
