#include "interpreter.hpp"

#include "convolution.hpp"

#include <tuple>
#include <utility>

namespace lipt::torch::detail {
namespace {

at::Tensor channels_of(const std::vector<float> &values, const at::Device &device) {
    return at::tensor(values).view({1, static_cast<std::int64_t>(values.size()), 1, 1}).to(device);
}

/// Adds a gradient to what has come to a value so far. A new one, which nobody else holds, takes the sum; one
/// that may stand for several values stays as it is.
void accumulate(at::Tensor &sum, at::Tensor fresh) {
    sum = sum.defined() ? fresh.add_(sum) : std::move(fresh);
}
void accumulate_shared(at::Tensor &sum, const at::Tensor &shared) {
    sum = sum.defined() ? sum + shared : shared;
}

/// Views of a flat vector. shapes: flat (S), results as the layout says
std::vector<at::Tensor> views_of(const at::Tensor &flat, const std::vector<weight_entry> &layout) {
    std::vector<at::Tensor> views;
    for (const auto &entry : layout) {
        const std::vector<std::int64_t> shape(entry.shape.begin(), entry.shape.end());
        views.push_back(
            flat.narrow(0, static_cast<std::int64_t>(entry.offset), static_cast<std::int64_t>(entry.size))
                .view(shape));
    }
    return views;
}

} // namespace

interpreter::interpreter(const network_spec &spec, const computation &how)
    : spec_(spec), how_(how), mean_(channels_of(spec.mean, how.device)),
      deviation_(channels_of(spec.deviation, how.device)), last_use_(spec.layers.size() + 1, 0),
      reads_(last_use_) {
    const auto flat = at::TensorOptions().dtype(at::kFloat).device(how.device);
    weights_ = at::zeros({static_cast<std::int64_t>(spec.state_size())}, flat);
    gradient_ = at::zeros_like(weights_);
    views_ = views_of(weights_, spec_.weights);
    gradient_views_ = views_of(gradient_, spec_.weights);
    for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
        const auto &at = spec_.layers[number - 1];
        last_use_[at.input] = number;
        ++reads_[at.input];
        if (at.residual == layer::none) continue;
        last_use_[at.residual] = number;
        ++reads_[at.residual];
    }
    // The embedding is a result, as the logits are.
    last_use_[spec_.layers.back().input] = layer::none;
    last_use_.back() = layer::none;
}

device_output interpreter::evaluate(const at::Tensor &images) {
    const auto pass = run(images, phase::evaluation, 0);
    return {.logits = at::cat(pass.values.back()),
            .embeddings = at::cat(pass.values[spec_.layers.back().input])};
}

void interpreter::observe(const at::Tensor &images, double share) { run(images, phase::observation, share); }

at::Tensor interpreter::differentiate(const device_batch &batch, double share, const at::Tensor &scale) {
    auto pass = run(batch.images, phase::training, share);
    const auto count = static_cast<double>(batch.labels.size(0));
    const auto logarithms = at::log_softmax(at::cat(pass.values.back()), 1);
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

activations interpreter::begin(const at::Tensor &images, phase now) const {
    const auto count = images.size(0);
    activations pass{.now = now};
    pass.images = images.split(now == phase::evaluation ? evaluation_part(count, how_.device)
                                                        : training_part(count, how_.device));
    pass.values.assign(last_use_.size(), parts(pass.images.size()));
    pass.chosen = pass.values;
    pass.kernels.resize(last_use_.size());
    pass.norms.resize(last_use_.size());
    for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
        const auto &at = spec_.layers[number - 1];
        if (at.kind == layer_kind::convolution) {
            pass.kernels[number] = weight(at).to(how_.type).contiguous(how_.format);
        }
        if (at.kind != layer_kind::batch_norm) continue;
        pass.norms[number] = batch_norm(at, {weight(at), weight(at, 1), weight(at, 2), weight(at, 3)});
        if (now == phase::evaluation) pass.norms[number].use_running();
    }
    return pass;
}

activations interpreter::run(const at::Tensor &images, phase now, double share) {
    auto pass = begin(images, now);
    const auto is_cut = [&](std::size_t number) {
        return now != phase::evaluation && spec_.layers[number - 1].kind == layer_kind::batch_norm;
    };
    const auto end = spec_.layers.size() + 1;
    for (std::size_t first = 0; first < end;) {
        auto norm = first + 1;
        while (norm < end && !is_cut(norm)) ++norm;
        if (norm < end) pass.norms[norm].use_batch(pass.images.size(), share);
        each_part(pass.images.size(), [&](std::size_t part) {
            for (auto number = first; number < norm; ++number) evaluate_layer(number, part, pass);
            if (norm < end) pass.norms[norm].find(part, pass.values[spec_.layers[norm - 1].input][part]);
        });
        if (norm < end) pass.norms[norm].join();
        first = norm;
    }
    return pass;
}

void interpreter::backward(activations &pass, const at::Tensor &logits_gradient) {
    const auto count = pass.images.size();
    gradient_flow flow{.values = std::vector<parts>(pass.values.size(), parts(count)),
                       .weights = std::vector<parts>(views_.size(), parts(count))};
    flow.values.back() = logits_gradient.split(pass.images[0].size(0));
    for (auto last = spec_.layers.size(); last > 0;) {
        auto norm = last - 1;
        while (norm > 0 && spec_.layers[norm - 1].kind != layer_kind::batch_norm) --norm;
        each_part(count, [&](std::size_t part) {
            for (auto number = last; number > norm; --number) differentiate_layer(number, part, pass, flow);
            if (norm > 0) pass.norms[norm].find_gradient(part, norm_pass_of(norm, part, pass, flow));
        });
        for (auto number = last; number > norm; --number) join_gradients(number, flow);
        if (norm > 0) {
            const auto first = spec_.layers[norm - 1].weights;
            pass.norms[norm].join_gradient(gradient_views_[first], gradient_views_[first + 1]);
        }
        last = norm;
    }
}

void interpreter::join_gradients(std::size_t number, gradient_flow &flow) {
    const auto &at = spec_.layers[number - 1];
    if (at.kind != layer_kind::convolution && at.kind != layer_kind::linear) return;
    const auto tensors = at.kind == layer_kind::linear ? std::size_t{2} : std::size_t{1};
    for (auto tensor = at.weights; tensor < at.weights + tensors; ++tensor) {
        auto &found = flow.weights[tensor];
        if (!sum_parts(found, gradient_views_[tensor])) {
            auto sum = found[0].to(at::kFloat);
            for (std::size_t part = 1; part < found.size(); ++part) sum.add_(found[part]);
            gradient_views_[tensor].copy_(sum);
        }
        found.clear();
    }
}

at::Tensor interpreter::normalised(const at::Tensor &images) const {
    auto x = images.to(at::kFloat).div_(255.0f).sub_(mean_).div_(deviation_);
    return x.to(how_.type).contiguous(how_.format);
}

void interpreter::evaluate_layer(std::size_t number, std::size_t part, activations &pass) const {
    auto &output = pass.values[number][part];
    if (number == 0) {
        output = normalised(pass.images[part]);
        return;
    }
    const auto &at = spec_.layers[number - 1];
    const auto &input = pass.values[at.input][part];
    const auto residual = at.residual == layer::none ? at::Tensor() : pass.values[at.residual][part];
    const auto dies = [&](std::size_t used) {
        return pass.now != phase::training && last_use_[used] == number;
    };
    switch (at.kind) {
    case layer_kind::convolution:
        output = convolve(at, input, pass.kernels[number], how_.format);
        break;
    case layer_kind::batch_norm:
        output = pass.norms[number].apply(input, residual, dies(at.input));
        break;
    case layer_kind::add:
        output = input + residual;
        break;
    case layer_kind::max_pool:
        std::tie(output, pass.chosen[number][part]) =
            at::max_pool2d_with_indices(input, pair_of(at.kernel), pair_of(at.stride), pair_of(at.padding));
        break;
    case layer_kind::average_pool:
        output = input.mean({2, 3}, /*keepdim=*/false, at::kFloat);
        break;
    case layer_kind::linear:
        output = at::addmm(weight(at, 1), input, weight(at).t());
        break;
    }
    for (const auto used : {at.input, at.residual}) {
        if (used != layer::none && dies(used)) pass.values[used][part].reset();
    }
}

norm_pass interpreter::norm_pass_of(std::size_t number, std::size_t part, const activations &pass,
                                    const gradient_flow &flow) const {
    return {.from = flow.values[number][part],
            .input = pass.values[spec_.layers[number - 1].input][part],
            .output = pass.values[number][part]};
}

void interpreter::differentiate_layer(std::size_t number, std::size_t part, activations &pass,
                                      gradient_flow &flow) const {
    const auto &at = spec_.layers[number - 1];
    const auto &input = pass.values[at.input][part];
    const auto from = std::move(flow.values[number][part]);
    auto &to = flow.values[at.input][part];
    switch (at.kind) {
    case layer_kind::convolution: {
        // The images themselves have no use for a gradient.
        auto found =
            differentiate_convolution(at, input, pass.kernels[number], from, at.input != 0, how_.format);
        flow.weights[at.weights][part] = std::move(found.weights);
        if (at.input != 0) accumulate(to, std::move(found.input));
        break;
    }
    case layer_kind::batch_norm: {
        auto found =
            pass.norms[number].differentiate({from, input, pass.values[number][part]}, reads_[at.input] == 1);
        if (at.residual != layer::none) accumulate_shared(flow.values[at.residual][part], found.residual);
        accumulate(to, std::move(found.input));
        break;
    }
    case layer_kind::add:
        accumulate_shared(to, from);
        accumulate_shared(flow.values[at.residual][part], from);
        break;
    case layer_kind::max_pool:
        accumulate(to, at::max_pool2d_with_indices_backward(
                           from, input, pair_of(at.kernel), pair_of(at.stride), pair_of(at.padding),
                           pair_of(1), /*ceil_mode=*/false, pass.chosen[number][part]));
        break;
    case layer_kind::average_pool: {
        const auto each = (from / static_cast<double>(at.in.height * at.in.width)).to(input.scalar_type());
        accumulate(to,
                   each.view({each.size(0), each.size(1), 1, 1}).expand_as(input).contiguous(how_.format));
        break;
    }
    case layer_kind::linear:
        flow.weights[at.weights][part] = at::mm(from.t(), input);
        flow.weights[at.weights + 1][part] = from.sum(0);
        accumulate(to, at::mm(from, weight(at)));
        break;
    }
    pass.values[number][part].reset();
}

} // namespace lipt::torch::detail
