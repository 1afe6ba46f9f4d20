#include "script.hpp"

#include "../module.hpp"
#include "../script.hpp"

#include <lipt/random.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::torch {
namespace detail {
namespace {

using ::torch::jit::Module;

/// How far a module moves its own statistics in a training pass: PyTorch's default.
constexpr double module_momentum = 0.1;

Module read_module(const std::string &file) {
    try {
        return ::torch::jit::load(file, at::kCPU);
    } catch (const c10::Error &reason) {
        fail("L07", "torch: '", file,
             "' cannot be read as a TorchScript module: save it with "
             "torch.jit.script(model).save(...): ",
             reason.what_without_backtrace());
    }
}

/// The submodule of that dotted name.
Module submodule(const Module &root, std::string_view name) {
    Module at = root;
    while (!name.empty()) {
        const auto dot = name.find('.');
        at = at.attr(std::string(name.substr(0, dot))).toModule();
        name = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
    }
    return at;
}

void check_momentum_of_norms(const Module &root) {
    for (const auto &each : root.named_modules()) {
        if (!each.value.hasattr("running_mean") || !each.value.hasattr("momentum")) continue;
        const auto momentum = each.value.attr("momentum");
        require(momentum.isDouble() && std::abs(momentum.toDouble() - module_momentum) < 1e-9, "L09",
                "torch: ", each.name, " has another momentum than ", module_momentum,
                ": build the module with the default, which LiPT's statistics count on");
    }
}

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

/// What the module gives for normalised images. shapes: images (B,ch,h,w), result (B,columns)
/// errors: L11 it throws, or gives something else
at::Tensor output_of(Module &module, const network_spec &spec, const at::Tensor &images,
                     std::size_t columns) {
    const auto refuse = [&](const auto &reason) {
        fail("L11", "torch: '", spec.module, "' on ", images.size(0), " images of ", images.size(1), "x",
             images.size(2), "x", images.size(3), ": ", reason);
    };
    at::Tensor output;
    try {
        output = module.forward({images}).toTensor();
    } catch (const c10::Error &reason) {
        refuse(reason.what_without_backtrace());
    } catch (const std::exception &reason) {
        refuse(reason.what());
    }
    if (output.dim() != 2 || output.size(0) != images.size(0) || output.size(1) != signed_size(columns))
        refuse(text("it gives ", output.dim(), " dimensions and ", output.numel(),
                    " values, expected a row of ", columns,
                    " for each image: end forward with the last linear layer"));
    return output;
}

/// For its lifetime the module's last layer has the identity in place of its weights, and so the module gives
/// that layer's input.
class opened_last_layer {
  public:
    opened_last_layer(const Module &module, const network_spec &spec) {
        const std::string &name = spec.weights[spec.layers.back().weights].name;
        auto layer = submodule(module, std::string_view(name).substr(0, name.rfind('.')));
        weight_ = layer.attr("weight").toTensor(), bias_ = layer.attr("bias").toTensor();
        own_weight_ = weight_.variable_data(), own_bias_ = bias_.variable_data();
        const auto width = signed_size(spec.layers.back().in.size());
        weight_.set_data(at::eye(width, own_weight_.options()));
        bias_.set_data(at::zeros({width}, own_bias_.options()));
    }
    ~opened_last_layer() { weight_.set_data(own_weight_), bias_.set_data(own_bias_); }
    opened_last_layer(const opened_last_layer &) = delete;
    opened_last_layer &operator=(const opened_last_layer &) = delete;

    /// shapes: input (B,E), result (B,C)
    at::Tensor logits(const at::Tensor &input) const { return at::addmm(own_bias_, input, own_weight_.t()); }

  private:
    at::Tensor weight_, bias_, own_weight_, own_bias_;
};

/// The module in evaluation. shapes: images (B,ch,h,w) normalised. errors: L11
device_output outputs_of(Module &module, const network_spec &spec, const at::Tensor &images) {
    module.eval();
    const opened_last_layer opened(module, spec);
    device_output output{.embeddings =
                             output_of(module, spec, images, spec.layers.back().in.size()).contiguous()};
    output.logits = opened.logits(output.embeddings);
    return output;
}

/// Tries the module on a few images with random weights: what LiPT evaluates must be what the module itself
/// gives, and training must move its statistics. errors: L11, L12
void check_module(Module &module, const network_spec &spec, std::span<const named_tensor> tensors) {
    auto weights = initial_weights(spec, 1);
    load_weights(tensors, at::from_blob(weights.data(), {signed_size(weights.size())}, at::kFloat));
    rng draw({.seed = 1, .stage = stream::observe});
    const auto images = at::empty(
        {4, signed_size(spec.image.channels), signed_size(spec.image.height), signed_size(spec.image.width)});
    std::generate_n(images.data_ptr<float>(), images.numel(), [&] { return draw.normal(); });
    module.eval();
    const auto own = output_of(module, spec, images, spec.classes);
    const auto seen = outputs_of(module, spec, images).logits;
    const auto off = (own - seen).abs().max().item<float>(), size = own.abs().max().item<float>();
    require(off <= 1e-3f * (1 + size), "L12", "torch: '", spec.module,
            "' gives something else than its last layer, '", spec.weights[spec.layers.back().weights].name,
            "': end forward with that layer, with nothing after it (no softmax) and its weights used nowhere "
            "else");
    std::vector<at::Tensor> before;
    for (const auto &one : tensors) before.push_back(one.trained ? at::Tensor() : one.values.clone());
    module.train(true);
    output_of(module, spec, images, spec.classes);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        require(tensors[i].trained || !at::equal(before[i], tensors[i].values), "L12",
                "torch: training leaves '", tensors[i].name, "' of '", spec.module,
                "' as it is: save the module with torch.jit.script, not traced or frozen in evaluation");
    }
}

} // namespace

class script::implementation {
  public:
    implementation(const network_spec &described, const at::Device &where)
        : spec(described), device(where), module(read_module(described.module)) {
        module.to(device);
        weights =
            at::zeros({signed_size(spec.state_size())}, at::TensorOptions().dtype(at::kFloat).device(device));
        gradient = at::zeros_like(weights);
        // The module's tensors become views of the flat vector: what is loaded there it computes with.
        const auto all = tensors_of(module);
        require(all.size() == spec.weights.size(), "L07", "torch: '", spec.module, "' has ", all.size(),
                " tensors, expected ", spec.weights.size(), ": it has changed since it was described");
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto values = all[i].values;
            values.set_data(part(weights, i).view(values.sizes()));
            if (all[i].trained)
                parameters.push_back({i, values.set_requires_grad(true)});
            else
                statistics.push_back({i, values});
        }
        const auto channels = [&](const std::vector<float> &values) {
            return at::tensor(values).view({1, signed_size(values.size()), 1, 1}).to(device);
        };
        mean = channels(spec.mean), deviation = channels(spec.deviation);
    }

    at::Tensor part(const at::Tensor &flat, std::size_t entry) const {
        return flat.narrow(0, signed_size(spec.weights[entry].offset), signed_size(spec.weights[entry].size));
    }
    at::Tensor normalised(const at::Tensor &images) const {
        return images.to(at::kFloat).div_(255.0f).sub_(mean).div_(deviation);
    }
    at::Tensor forward(const at::Tensor &images) {
        return output_of(module, spec, normalised(images), spec.classes);
    }

    /// Statistics of one pass alone, moved from zero by PyTorch's share of a batch; then into the old ones.
    template <class Pass>
    auto with_statistics(double share, const Pass &pass) {
        std::vector<at::Tensor> old;
        for (const auto &[entry, values] : statistics) {
            old.push_back(values.clone());
            values.zero_();
        }
        module.train(true);
        auto result = pass();
        for (std::size_t s = 0; s < statistics.size(); ++s) {
            const auto &values = statistics[s].second;
            if (share > 0)
                values.div_(module_momentum).mul_(share).add_(old[s], 1 - share);
            else
                values.copy_(old[s]);
        }
        return result;
    }

    network_spec spec;
    at::Device device;
    Module module;
    at::Tensor weights, gradient, mean, deviation;
    std::vector<std::pair<std::size_t, at::Tensor>> parameters, statistics; ///< by entry of the layout
};

script::script(const network_spec &spec, const at::Device &device)
    : self_(std::make_unique<implementation>(spec, device)) {}
script::script(script &&) noexcept = default;
script::~script() = default;

const network_spec &script::spec() const noexcept { return self_->spec; }
at::Tensor &script::weights() noexcept { return self_->weights; }
at::Tensor &script::gradient() noexcept { return self_->gradient; }

device_output script::evaluate(const at::Tensor &images) {
    return outputs_of(self_->module, self_->spec, self_->normalised(images));
}

void script::observe(const at::Tensor &images, double share) {
    self_->with_statistics(share, [&] { return self_->forward(images); });
}

at::Tensor script::differentiate(const device_batch &batch, double share) {
    auto &self = *self_;
    std::vector<at::Tensor> inputs;
    for (const auto &[entry, values] : self.parameters) inputs.push_back(values);
    std::vector<at::Tensor> found;
    // The derivative as well before the statistics are put in order: the graph holds on to them.
    const auto loss = self.with_statistics(share, [&] {
        const at::AutoGradMode graph(true);
        auto losses = at::log_softmax(self.forward(batch.images), 1).gather(1, batch.labels).neg();
        if (batch.weights.defined()) losses = losses * batch.weights;
        const auto mean = losses.mean();
        found =
            ::torch::autograd::grad({mean}, inputs, {}, /*retain_graph=*/{}, false, /*allow_unused=*/true);
        return mean.detach();
    });
    for (std::size_t p = 0; p < inputs.size(); ++p) {
        auto to = self.part(self.gradient, self.parameters[p].first);
        if (found[p].defined())
            to.copy_(found[p].reshape(-1));
        else
            to.zero_();
    }
    return loss;
}

} // namespace detail

network_spec script_network(const std::string &file, const network_options &options) {
    using namespace detail;
    const std::string &last_layer = options.last_layer;
    auto module = read_module(file);
    check_momentum_of_norms(module);
    // An image's shape, classes and normalisation are checked and filled in as for any other network.
    network_spec spec = lipt::detail::network_builder("torchscript", options).take();
    spec.module = file;
    const auto all = tensors_of(module);
    spec.weights = layout_of(all);
    std::size_t last = layer::none;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string &name = all[i].name;
        const bool wanted = last_layer.empty() ? name.ends_with(".weight") || name == "weight"
                                               : name == last_layer + ".weight";
        if (all[i].trained && all[i].values.dim() == 2 && wanted) last = i;
    }
    const auto classes = static_cast<std::int64_t>(options.classes);
    require(last != layer::none && all[last].values.size(0) == classes && last + 1 < all.size() &&
                all[last + 1].values.dim() == 1 && all[last + 1].values.size(0) == classes,
            "L08", "torch: '", file, "' has no linear layer",
            last_layer.empty() ? std::string() : text(" '", last_layer, "'"), " with a bias for ",
            options.classes, " classes that is trained: declare torch.nn.Linear(E, ", options.classes,
            ") as the module's last layer, or name it (--last-layer)");
    spec.layers.push_back({.kind = layer_kind::linear,
                           .in = {static_cast<std::size_t>(all[last].values.size(1)), 1, 1},
                           .out = {options.classes, 1, 1},
                           .weights = last});
    const at::NoGradGuard no_graph;
    check_module(module, spec, all);
    return spec;
}

std::vector<float> script_weights(const std::string &file, const network_spec &spec) {
    const auto all = tensors_of(detail::read_module(file));
    const auto same = [](const weight_entry &a, const weight_entry &b) {
        return a.name == b.name && a.shape == b.shape;
    };
    require(std::ranges::equal(layout_of(all), spec.weights, same), "L13", "torch: the weights of '", file,
            "' are not those of the network '", spec.module.empty() ? spec.name : spec.module,
            "': take a file of the same module");
    const auto flat = flat_weights(all);
    require(flat.isfinite().all().item<bool>(), "L13", "torch: the weights of '", file,
            "' hold NaN or infinity: take one that was saved before the training went wrong");
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

} // namespace lipt::torch
