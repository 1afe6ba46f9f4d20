// A TorchScript module from a file, asked for its outputs, and the running statistics in it.
#pragma once

#include "batch.hpp"

#include <lipt/network/network.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::torch::detail {

inline std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

/// The name of the last linear layer; empty where that is the module itself.
std::string_view head_of(const network_spec &spec);

/// errors: L07
::torch::jit::Module read_module(const std::string &file);

/// What the module gives for normalised images. shapes: images (B,ch,h,w), result (B,columns)
/// errors: L11 it throws, or gives something else
at::Tensor output_of(::torch::jit::Module &module, const network_spec &spec, const at::Tensor &images,
                     std::size_t columns);

/// The module in evaluation: the input of its last layer, and that layer's output for it. shapes: images
/// (B,ch,h,w) normalised. errors: L11
device_output outputs_of(::torch::jit::Module &module, const network_spec &spec, const at::Tensor &images);

/// The running statistics of a module, and what its training passes do to them.
class module_statistics {
  public:
    explicit module_statistics(std::vector<at::Tensor> values) : values_(std::move(values)) {}

    const std::vector<at::Tensor> &values() const noexcept { return values_; }
    std::vector<at::Tensor> copies() const {
        std::vector<at::Tensor> out;
        for (const auto &one : values_) out.push_back(one.clone());
        return out;
    }
    void set(std::span<const at::Tensor> to) const {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i].copy_(to[i]);
    }
    void fill(double value) const {
        for (const auto &one : values_) one.fill_(value);
    }
    /// What one pass leaves of each statistic as it was before, 0.9 for a batch-norm that runs once: the
    /// largest over its channels and the smallest. It starts so far out that what two passes draw otherwise,
    /// as dropout does, does not show.
    template <class Pass>
    std::vector<std::pair<double, double>> kept_shares(const Pass &pass) const {
        fill(0);
        pass();
        const auto from_zero = copies();
        constexpr double far = 1 << 20;
        std::vector<double> starts;
        for (const auto &one : from_zero)
            starts.push_back(far + far * (one.numel() > 0 ? one.abs().max().template item<double>() : 0));
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i].fill_(starts[i]);
        pass();
        std::vector<std::pair<double, double>> shares;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            const auto share = (values_[i].to(at::kDouble) - from_zero[i].to(at::kDouble)) / starts[i];
            shares.emplace_back(share.max().template item<double>(), share.min().template item<double>());
        }
        return shares;
    }

  private:
    std::vector<at::Tensor> values_;
};

} // namespace lipt::torch::detail
