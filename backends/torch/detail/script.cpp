#include "script.hpp"

#include "../module.hpp"
#include "../script.hpp"
#include "script_check.hpp"
#include "script_module.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lipt::torch {
namespace detail {

using ::torch::jit::Module;

class script::implementation {
  public:
    implementation(const network_spec &described, const at::Device &where)
        : spec(described), device(where), module(read_module(described.module)) {
        module.to(device);
        weights =
            at::zeros({signed_size(spec.state_size())}, at::TensorOptions().dtype(at::kFloat).device(device));
        gradient = at::zeros_like(weights);
        // The module's tensors become views of the flat vector: what is loaded there it computes with.
        std::vector<at::Tensor> moving;
        const auto all = tensors_of(module);
        require(all.size() == spec.weights.size(), "L07", "torch: '", spec.module, "' has ", all.size(),
                " tensors, expected ", spec.weights.size(), ": it has changed since it was described");
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto values = all[i].values;
            values.set_data(part(weights, i).view(values.sizes()));
            if (all[i].trained)
                parameters.push_back({i, values.set_requires_grad(true)});
            else
                moving.push_back(values);
        }
        statistics = module_statistics(std::move(moving));
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

    /// A training pass that leaves the statistics as they were.
    template <class Pass>
    auto passing(const Pass &pass) {
        struct keeper {
            const module_statistics &statistics;
            std::vector<at::Tensor> before = statistics.copies();
            ~keeper() { statistics.set(before); }
        } kept{statistics};
        module.train(true);
        return pass();
    }

    void observe(const at::Tensor &images, double share) {
        const auto found = passing([&] {
            const auto pass = [&] { forward(images); };
            if (kept_shares.empty()) kept_shares = statistics.kept_shares(pass);
            statistics.fill(0);
            pass();
            return statistics.copies();
        });
        for (std::size_t i = 0; i < found.size(); ++i) {
            const double moved = 1 - (kept_shares[i].first + kept_shares[i].second) / 2;
            statistics.values()[i].mul_(1 - share).add_(found[i], share / moved);
        }
    }

    network_spec spec;
    at::Device device;
    Module module;
    at::Tensor weights, gradient, mean, deviation;
    std::vector<std::pair<std::size_t, at::Tensor>> parameters; ///< by entry of the layout
    module_statistics statistics{{}};
    std::vector<std::pair<double, double>> kept_shares; ///< of a pass; found by the first observation
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

void script::observe(const at::Tensor &images, double share) { self_->observe(images, share); }

at::Tensor script::differentiate(const device_batch &batch, double share) {
    auto &self = *self_;
    std::vector<at::Tensor> inputs;
    for (const auto &[entry, values] : self.parameters) inputs.push_back(values);
    std::vector<at::Tensor> found;
    const auto pass = [&] {
        const at::AutoGradMode graph(true);
        auto losses = at::log_softmax(self.forward(batch.images), 1).gather(1, batch.labels).neg();
        if (batch.weights.defined()) losses = losses * batch.weights;
        const auto mean = losses.mean();
        found =
            ::torch::autograd::grad({mean}, inputs, {}, /*retain_graph=*/{}, false, /*allow_unused=*/true);
        return mean.detach();
    };
    self.module.train(true);
    const auto loss = share > 0 ? pass() : self.passing(pass);
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
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            require(all[i].values.data_ptr() != all[j].values.data_ptr(), "L12", "torch: '", all[i].name,
                    "' and '", all[j].name, "' of '", file, "' share memory: use one layer twice instead");
        }
    }
    for (const auto &one : all) {
        require(one.values.scalar_type() == at::kFloat, "L14", "torch: '", one.name, "' of '", file, "' is ",
                at::toString(one.values.scalar_type()), ", expected Float: save model.float()");
    }
    const auto classes = static_cast<std::int64_t>(options.classes);
    require(last != layer::none && all[last].values.size(0) == classes, "L08", "torch: '", file,
            "' has no linear layer", last_layer.empty() ? std::string() : text(" '", last_layer, "'"),
            " for ", options.classes, " classes that is trained: declare torch.nn.Linear(E, ",
            options.classes, ") as the module's last layer, or name it (--head)");
    spec.layers.push_back({.kind = layer_kind::linear,
                           .in = {static_cast<std::size_t>(all[last].values.size(1)), 1, 1},
                           .out = {options.classes, 1, 1},
                           .weights = last});
    const c10::NoGradGuard no_graph;
    check_module(module, spec, all);
    return spec;
}

std::vector<float> script_weights(const std::string &file, const network_spec &spec) {
    const auto all = tensors_of(detail::read_module(file));
    std::vector<float> weights(spec.state_size());
    for (const auto &entry : spec.weights) {
        const auto found = std::ranges::find(all, entry.name, &named_tensor::name);
        require(found != all.end() && std::ranges::equal(found->values.sizes(), entry.shape), "L13",
                "torch: '", file, "' has no '", entry.name, "' of the shape that the network '",
                spec.module.empty() ? spec.name : spec.module, "' has: take a file of the same module");
        const auto values = found->values.detach().to(at::kFloat).contiguous();
        require(values.isfinite().all().item<bool>(), "L13", "torch: '", entry.name, "' in '", file,
                "' holds NaN or infinity: take one that was saved before the training went wrong");
        std::copy_n(values.data_ptr<float>(), entry.size, &weights[entry.offset]);
    }
    return weights;
}

} // namespace lipt::torch
