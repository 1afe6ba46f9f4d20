#include "script_module.hpp"

#include <lipt/error.hpp>

#include <torch/csrc/jit/serialization/import.h>

#include <string_view>

namespace lipt::torch::detail {
std::string_view head_of(const network_spec &spec) {
    const std::string_view name = spec.weights[spec.layers.back().weights].name;
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

namespace {

using ::torch::jit::Module;

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

/// What the interpreter says, without the code that it comes from: the last line of it.
std::string last_line(std::string_view text) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string_view::npos) return {};
    text = text.substr(0, end + 1);
    return std::string(text.substr(text.rfind('\n') + 1));
}

/// For its lifetime the module's last layer has the identity in place of its weights, and so the module gives
/// that layer's input.
class opened_last_layer {
  public:
    opened_last_layer(const Module &module, const network_spec &spec) {
        const auto layer = submodule(module, head_of(spec));
        weight_ = layer.attr("weight").toTensor(), own_weight_ = weight_.variable_data();
        const auto width = signed_size(spec.layers.back().in.size());
        weight_.set_data(at::eye(width, own_weight_.options()));
        if (!layer.hasattr("bias") || !layer.attr("bias").isTensor()) return;
        bias_ = layer.attr("bias").toTensor(), own_bias_ = bias_.variable_data();
        bias_.set_data(at::zeros({width}, own_bias_.options()));
    }
    ~opened_last_layer() {
        weight_.set_data(own_weight_);
        if (bias_.defined()) bias_.set_data(own_bias_);
    }
    opened_last_layer(const opened_last_layer &) = delete;
    opened_last_layer &operator=(const opened_last_layer &) = delete;

    /// shapes: input (B,E), result (B,C)
    at::Tensor logits(const at::Tensor &input) const {
        const auto products = at::mm(input, own_weight_.t());
        return own_bias_.defined() ? products + own_bias_ : products;
    }

  private:
    at::Tensor weight_, bias_, own_weight_, own_bias_; ///< no bias: undefined
};

} // namespace

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

at::Tensor output_of(Module &module, const network_spec &spec, const at::Tensor &images,
                     std::size_t columns) {
    const auto refuse = [&](const auto &reason) {
        fail("L11", "torch: '", spec.module, "' on ", images.size(0), " images of ", images.size(1), "x",
             images.size(2), "x", images.size(3), ": ", reason,
             "; forward must end with the last linear layer, here '", head_of(spec),
             "': name another one (--head) if it is not that");
    };
    at::Tensor output;
    try {
        output = module.forward({images}).toTensor();
    } catch (const c10::Error &reason) {
        refuse(last_line(reason.what_without_backtrace()));
    } catch (const std::exception &reason) {
        refuse(last_line(reason.what()));
    }
    if (output.dim() != 2 || output.size(0) != images.size(0) || output.size(1) != signed_size(columns))
        refuse(text("it gives ", output.dim(), " dimensions and ", output.numel(),
                    " values, expected a row of ", columns, " for each image"));
    return output;
}

device_output outputs_of(Module &module, const network_spec &spec, const at::Tensor &images) {
    module.eval();
    const opened_last_layer opened(module, spec);
    device_output output{.embeddings =
                             output_of(module, spec, images, spec.layers.back().in.size()).contiguous()};
    output.logits = opened.logits(output.embeddings);
    return output;
}

} // namespace lipt::torch::detail
