#include "batch_norm.hpp"

#include <cmath>
#include <tuple>
#include <utility>

namespace lipt::torch::detail {

batch_norm::batch_norm(const layer &at, norm_weights weights) : at_(&at), weights_(std::move(weights)) {
    for (auto *column : {&mean_, &factor_, &inverse_, &constant_, &slope_}) column->resize(at.out.channels);
}

void batch_norm::use_running() {
    if (!on_processor()) return;
    const float *const mean = weights_.mean.data_ptr<float>(), *const variance =
                                                                   weights_.variance.data_ptr<float>();
    for (std::size_t c = 0; c < mean_.size(); ++c) {
        normalise_by(c, static_cast<double>(mean[c]), static_cast<double>(variance[c]));
    }
}

void batch_norm::use_batch(std::size_t count, double share) {
    share_ = share;
    parts_.resize(count);
}

void batch_norm::find(std::size_t part, const at::Tensor &input) {
    if (!on_processor()) {
        result_ = normalised_by_aten(input, true);
        return;
    }
    auto &own = parts_[part];
    own = {std::vector<double>(mean_.size()), std::vector<double>(mean_.size()),
           static_cast<double>(input.numel() / input.size(1))};
    find_statistics(input, own.first.data(), own.second.data());
}

void batch_norm::join() {
    if (!on_processor()) return;
    for (std::size_t c = 0; c < mean_.size(); ++c) {
        double count = 0, mean = 0, squares = 0;
        for (const auto &part : parts_) {
            const double distance = part.first[c] - mean, joined = count + part.count;
            mean += distance * part.count / joined;
            squares += part.second[c] + distance * distance * count * part.count / joined;
            count = joined;
        }
        normalise_by(c, mean, squares / count);
        // With a share of 0 nothing moves, not even by a NaN; a single value has no unbiased variance, and
        // its biased one is 0.
        if (share_ > 0) move_running(c, mean, count > 1 ? squares / (count - 1) : 0);
    }
}

void batch_norm::normalise_by(std::size_t channel, double mean, double variance) {
    const double inverse = 1 / std::sqrt(variance + static_cast<double>(batch_norm_epsilon));
    mean_[channel] = static_cast<float>(mean);
    inverse_[channel] = static_cast<float>(inverse);
    factor_[channel] =
        static_cast<float>(inverse * static_cast<double>(weights_.scale.data_ptr<float>()[channel]));
}

void batch_norm::move_running(std::size_t channel, double mean, double variance) {
    const auto move = [&](const at::Tensor &running, double value) {
        float &at = running.data_ptr<float>()[channel];
        at = static_cast<float>((1 - share_) * static_cast<double>(at) + share_ * value);
    };
    move(weights_.mean, mean);
    move(weights_.variance, variance);
}

at::Tensor batch_norm::apply(const at::Tensor &input, const at::Tensor &residual, bool spare) {
    if (!on_processor()) {
        auto y = parts_.empty() ? normalised_by_aten(input, false) : std::move(result_);
        if (residual.defined()) y.add_(residual);
        if (at_->relu) y.relu_();
        return y;
    }
    auto output = spare ? input : at::empty_like(input);
    normalise(input, norm(), residual, at_->relu, output);
    return output;
}

norm_gradient batch_norm::behind_relu(const norm_pass &pass) const {
    // Where nothing was added to it, the input says what the ReLU let through, and the output need not be
    // read.
    const auto relu = !at_->relu ? gate::open : at_->residual == layer::none ? gate::input : gate::output;
    return {pass.from, pass.input, pass.output, norm(), relu};
}

void batch_norm::find_gradient(std::size_t part, const norm_pass &pass) {
    if (!on_processor()) {
        const auto from = at_->relu ? at::threshold_backward(pass.from, pass.output, 0) : pass.from;
        if (at_->residual != layer::none) gradients_.residual = from;
        std::tie(gradients_.input, scale_gradient_, shift_gradient_) = at::native_batch_norm_backward(
            from, pass.input, weights_.scale, weights_.mean, weights_.variance, saved_mean_, saved_inverse_,
            /*train=*/true, batch_norm_epsilon, {true, true, true});
        return;
    }
    auto &own = parts_[part];
    sum_gradient(behind_relu(pass), own.first.data(), own.second.data());
}

void batch_norm::join_gradient(at::Tensor scale, at::Tensor shift) {
    if (!on_processor()) {
        scale.copy_(scale_gradient_);
        shift.copy_(shift_gradient_);
        return;
    }
    for (std::size_t c = 0; c < mean_.size(); ++c) {
        double sum = 0, product = 0, count = 0;
        for (const auto &part : parts_) {
            sum += part.first[c];
            product += part.second[c];
            count += part.count;
        }
        const auto inverse = static_cast<double>(inverse_[c]);
        scale.data_ptr<float>()[c] = static_cast<float>(product * inverse);
        shift.data_ptr<float>()[c] = static_cast<float>(sum);
        constant_[c] = static_cast<float>(sum / count);
        slope_[c] = static_cast<float>(product * inverse * inverse / count);
    }
}

norm_gradients batch_norm::differentiate(const norm_pass &pass, bool spare) {
    if (!on_processor()) return std::move(gradients_);
    norm_gradients to{.input = spare ? pass.input : at::empty_like(pass.input)};
    if (at_->residual != layer::none) to.residual = at_->relu ? at::empty_like(pass.input) : pass.from;
    auto passed = at_->relu ? to.residual : at::Tensor();
    differentiate_norm(behind_relu(pass), constant_.data(), slope_.data(), to.input, passed);
    return to;
}

at::Tensor batch_norm::normalised_by_aten(const at::Tensor &input, bool batch) {
    // With a share of 0 nothing moves, not even by a NaN; a single value has no unbiased variance, and its
    // biased one is 0.
    const bool moves = !batch || share_ > 0, lone = batch && input.numel() == input.size(1);
    const auto mean = moves ? weights_.mean : at::Tensor(),
               variance = moves ? weights_.variance : at::Tensor();
    at::Tensor y;
    std::tie(y, saved_mean_, saved_inverse_) =
        at::native_batch_norm(input, weights_.scale, weights_.shift, mean,
                              lone && moves ? variance.clone() : variance, batch, share_, batch_norm_epsilon);
    if (lone && moves) variance.mul_(1 - share_);
    return y;
}

} // namespace lipt::torch::detail
