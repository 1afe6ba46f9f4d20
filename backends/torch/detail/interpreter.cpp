#include "interpreter.hpp"

#include "convolution.hpp"

#include <array>
#include <tuple>
#include <utility>

namespace lipt::torch::detail {
namespace {

at::Tensor channels_of(const std::vector<float> &values, const at::Device &device) {
    return at::tensor(values).view({1, static_cast<std::int64_t>(values.size()), 1, 1}).to(device);
}

/// The same extent in both directions, as ATen takes it.
std::array<std::int64_t, 2> pair_of(std::size_t extent) {
    return {static_cast<std::int64_t>(extent), static_cast<std::int64_t>(extent)};
}

/// Adds to what has come to a value so far; never in place, since a gradient may stand for several values.
void accumulate(at::Tensor &sum, const at::Tensor &part) { sum = sum.defined() ? sum + part : part; }

} // namespace

interpreter::interpreter(const network_spec &spec, const computation &how)
    : spec_(spec), how_(how), mean_(channels_of(spec.mean, how.device)),
      deviation_(channels_of(spec.deviation, how.device)), last_use_(spec.layers.size() + 1, 0) {
    const auto flat = at::TensorOptions().dtype(at::kFloat).device(how.device);
    weights_ = at::zeros({static_cast<std::int64_t>(spec.state_size())}, flat);
    gradient_ = at::zeros_like(weights_);
    for (const auto &entry : spec_.weights) {
        const std::vector<std::int64_t> shape(entry.shape.begin(), entry.shape.end());
        views_.push_back(
            weights_.narrow(0, static_cast<std::int64_t>(entry.offset), static_cast<std::int64_t>(entry.size))
                .view(shape));
    }
    for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
        const auto &at = spec_.layers[number - 1];
        last_use_[at.input] = number;
        if (at.residual != layer::none) last_use_[at.residual] = number;
    }
    // The embedding is a result, as the logits are.
    last_use_[spec_.layers.back().input] = layer::none;
    last_use_.back() = layer::none;
}

device_output interpreter::evaluate(const at::Tensor &images) {
    const auto pass = run(images, phase::evaluation, 0);
    return {.logits = pass.values.back(), .embeddings = pass.values[spec_.layers.back().input]};
}

void interpreter::observe(const at::Tensor &images, double share) { run(images, phase::observation, share); }

at::Tensor interpreter::differentiate(const device_batch &batch, double share, const at::Tensor &scale) {
    const auto pass = run(batch.images, phase::training, share);
    const auto count = static_cast<double>(batch.labels.size(0));
    const auto logarithms = at::log_softmax(pass.values.back(), 1);
    auto losses = logarithms.gather(1, batch.labels).neg();
    auto residual = logarithms.exp();
    residual.scatter_add_(1, batch.labels, at::full_like(losses, -1.0f));
    if (batch.weights.defined()) {
        losses.mul_(batch.weights);
        residual.mul_(batch.weights);
    }
    residual.div_(count);
    if (scale.defined()) residual.mul_(scale);
    backward(pass, residual);
    return losses.to(at::kDouble).sum().div_(count).to(at::kFloat);
}

activations interpreter::run(const at::Tensor &images, phase now, double share) {
    activations pass;
    pass.values.resize(last_use_.size());
    pass.mean.resize(last_use_.size());
    pass.inverse_deviation.resize(last_use_.size());
    pass.chosen.resize(last_use_.size());
    pass.values[0] = normalised(images);
    for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
        evaluate_layer(number, now, share, pass);
        if (now == phase::training) continue;
        const auto &at = spec_.layers[number - 1];
        for (const auto used : {at.input, at.residual}) {
            if (used != layer::none && last_use_[used] == number) pass.values[used].reset();
        }
    }
    return pass;
}

void interpreter::backward(const activations &pass, const at::Tensor &logits_gradient) {
    std::vector<at::Tensor> gradients(pass.values.size());
    gradients.back() = logits_gradient;
    for (std::size_t number = spec_.layers.size(); number > 0; --number) {
        differentiate_layer(number, pass, gradients);
        gradients[number].reset();
    }
}

at::Tensor interpreter::normalised(const at::Tensor &images) const {
    auto x = images.to(at::kFloat).div_(255.0f).sub_(mean_).div_(deviation_);
    return x.to(how_.type).contiguous(how_.format);
}

at::Tensor interpreter::convolution_weight(const layer &at) const {
    return weight(at).to(how_.type).contiguous(how_.format);
}

void interpreter::store_gradient(const layer &at, std::size_t position, const at::Tensor &values) {
    const auto &entry = spec_.weights[at.weights + position];
    gradient_.narrow(0, static_cast<std::int64_t>(entry.offset), static_cast<std::int64_t>(entry.size))
        .view(values.sizes())
        .copy_(values);
}

void interpreter::evaluate_layer(std::size_t number, phase now, double share, activations &pass) {
    const auto &at = spec_.layers[number - 1];
    const auto &input = pass.values[at.input];
    auto &output = pass.values[number];
    switch (at.kind) {
    case layer_kind::convolution:
        output = convolve(at, input, convolution_weight(at));
        break;
    case layer_kind::batch_norm:
        output = normalise(number, now, share, pass);
        break;
    case layer_kind::add:
        output = input + pass.values[at.residual];
        break;
    case layer_kind::max_pool:
        std::tie(output, pass.chosen[number]) =
            at::max_pool2d_with_indices(input, pair_of(at.kernel), pair_of(at.stride), pair_of(at.padding));
        break;
    case layer_kind::average_pool:
        output = input.mean({2, 3}, /*keepdim=*/false, at::kFloat);
        break;
    case layer_kind::linear:
        output = at::addmm(weight(at, 1), input, weight(at).t());
        break;
    }
}

at::Tensor interpreter::normalise(std::size_t number, phase now, double share, activations &pass) {
    const auto &at = spec_.layers[number - 1];
    const auto &input = pass.values[at.input];
    const bool batch = now != phase::evaluation;
    // With a share of 0 nothing moves, not even by a NaN; a single value has no unbiased variance, and its
    // biased one is 0.
    const bool moves = !batch || share > 0, lone = batch && input.numel() == input.size(1);
    const auto mean = moves ? weight(at, 2) : at::Tensor(), variance = moves ? weight(at, 3) : at::Tensor();
    auto [y, saved_mean, saved_inverse] =
        at::native_batch_norm(input, weight(at), weight(at, 1), mean,
                              lone && moves ? variance.clone() : variance, batch, share, batch_norm_epsilon);
    if (lone && moves) variance.mul_(1 - share);
    pass.mean[number] = std::move(saved_mean);
    pass.inverse_deviation[number] = std::move(saved_inverse);
    if (at.residual != layer::none) y.add_(pass.values[at.residual]);
    if (at.relu) y.relu_();
    return std::move(y);
}

void interpreter::differentiate_layer(std::size_t number, const activations &pass,
                                      std::vector<at::Tensor> &gradients) {
    const auto &at = spec_.layers[number - 1];
    const auto &input = pass.values[at.input];
    const auto from = gradients[number];
    switch (at.kind) {
    case layer_kind::convolution:
        differentiate_convolution(at, pass, from, gradients);
        break;
    case layer_kind::batch_norm:
        differentiate_batch_norm(number, pass, from, gradients);
        break;
    case layer_kind::add:
        accumulate(gradients[at.input], from);
        accumulate(gradients[at.residual], from);
        break;
    case layer_kind::max_pool:
        accumulate(gradients[at.input],
                   at::max_pool2d_with_indices_backward(from, input, pair_of(at.kernel), pair_of(at.stride),
                                                        pair_of(at.padding), pair_of(1), /*ceil_mode=*/false,
                                                        pass.chosen[number]));
        break;
    case layer_kind::average_pool: {
        const auto each = (from / static_cast<double>(at.in.height * at.in.width)).to(input.scalar_type());
        accumulate(gradients[at.input],
                   each.view({each.size(0), each.size(1), 1, 1}).expand_as(input).contiguous(how_.format));
        break;
    }
    case layer_kind::linear:
        store_gradient(at, 0, at::mm(from.t(), input));
        store_gradient(at, 1, from.sum(0));
        accumulate(gradients[at.input], at::mm(from, weight(at)));
        break;
    }
}

void interpreter::differentiate_convolution(const layer &at, const activations &pass, const at::Tensor &from,
                                            std::vector<at::Tensor> &gradients) {
    const auto &input = pass.values[at.input];
    const auto weights = convolution_weight(at);
    // The images themselves have no use for a gradient.
    if (at.input != 0) accumulate(gradients[at.input], image_gradient(at, input, weights, from));
    store_gradient(at, 0, weight_gradient(at, input, weights, from));
}

void interpreter::differentiate_batch_norm(std::size_t number, const activations &pass, at::Tensor from,
                                           std::vector<at::Tensor> &gradients) {
    const auto &at = spec_.layers[number - 1];
    if (at.relu) from = at::threshold_backward(from, pass.values[number], 0);
    if (at.residual != layer::none) accumulate(gradients[at.residual], from);
    const auto [to, scale, shift] = at::native_batch_norm_backward(
        from, pass.values[at.input], weight(at), weight(at, 2), weight(at, 3), pass.mean[number],
        pass.inverse_deviation[number], /*train=*/true, batch_norm_epsilon, {true, true, true});
    store_gradient(at, 0, scale);
    store_gradient(at, 1, shift);
    accumulate(gradients[at.input], to);
}

} // namespace lipt::torch::detail
