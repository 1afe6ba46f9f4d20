// What all programs are put together with: operations, tensors and phases in order.
#pragma once

#include "program.hpp"

#include <lipt/error.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace lipt::onednn::detail {

/// How a layer is run as it stands.
inline operation_kind kind_of(const layer &each) {
    switch (each.kind) {
    case layer_kind::batch_norm:
        return operation_kind::normalise;
    case layer_kind::add:
        return operation_kind::add;
    case layer_kind::max_pool:
        return operation_kind::max_pool;
    default:
        return operation_kind::convolve;
    }
}

/// Appends operations to the last phase and numbers tensors; shared by all programs.
class builder {
  public:
    explicit builder(const network_spec &spec) : spec_(spec), value_(spec.layers.size() + 1, none) {
        const auto &layers = spec.layers;
        require(layers.size() > 2 && layers.back().kind == layer_kind::linear &&
                    layers[layers.size() - 2].kind == layer_kind::average_pool,
                "O02", "onednn: network ", spec.name, " does not end with average pool and linear layer");
        for (const auto &each : layers) {
            require(each.kind == layer_kind::linear || each.out.channels % 16 == 0, "O02", "onednn: network ",
                    spec.name, " has a layer of ", each.out.channels,
                    " channels, expected a multiple of 16: use the reference backend");
        }
        made_.phases.emplace_back();
    }

    std::size_t body_size() const { return spec_.layers.size() - 2; }
    const layer &at(std::size_t index) const { return spec_.layers[index]; }

    std::size_t new_tensor(const image_shape &shape) {
        made_.tensors.push_back({.floats = shape.size()});
        return made_.tensors.size() - 1;
    }
    void emit(const operation &next) { made_.phases.back().operations.push_back(next); }
    phase &current() { return made_.phases.back(); }
    void next_phase() {
        made_.phases.emplace_back();
        recomputed_.assign(value_.size(), none);
    }

    /// The tensor of a value in this phase. Pixels and batch-norms without residual are computed again in
    /// each phase that needs them: reading their input again costs what reading a stored copy would, and the
    /// store is saved.
    std::size_t tensor_of(std::size_t value) {
        if (value_[value] != none) return value_[value];
        recomputed_.resize(value_.size(), none);
        auto &found = recomputed_[value];
        if (found != none) return found;
        if (value == 0) {
            found = new_tensor(spec_.image);
            emit({.kind = operation_kind::load_images, .target = found});
        } else {
            const auto &made = at(value - 1);
            const auto source = tensor_of(made.input);
            found = new_tensor(made.out);
            emit({.kind = operation_kind::normalise, .layer = value - 1, .source = source, .target = found});
        }
        return found;
    }
    void set_tensor(std::size_t value, std::size_t tensor) { value_[value] = tensor; }
    /// Gives a max-pool what it reads: its input, or where that is not stored, the input of the batch-norm
    /// that makes it.
    void read_pooled(operation &next) {
        const auto value = at(next.layer).input;
        const bool stored = value_[value] != none;
        next.source = tensor_of(stored ? value : at(value - 1).input);
        if (!stored) next.source_layer = value - 1;
    }

    std::size_t uses_of(std::size_t value) const {
        std::size_t uses = 0;
        for (const auto &each : spec_.layers) uses += (each.input == value) + (each.residual == value);
        return uses;
    }
    std::size_t last_use_of(std::size_t value) const {
        std::size_t last = none;
        for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
            if (at(i).input == value || at(i).residual == value) last = i;
        }
        return last;
    }
    /// True for a batch-norm whose only use is as residual of another one, which then applies both at once.
    bool is_joined(std::size_t index) const {
        const auto &each = at(index);
        if (each.kind != layer_kind::batch_norm || each.relu || each.residual != none) return false;
        if (uses_of(index + 1) != 1) return false;
        const auto &user = at(last_use_of(index + 1));
        return user.kind == layer_kind::batch_norm && user.residual == index + 1;
    }

    /// Notes in which phases each tensor is used.
    program finish() {
        for (std::size_t p = 0; p < made_.phases.size(); ++p) {
            for (const auto &each : made_.phases[p].operations) {
                for (const auto t : {each.source, each.residual, each.gradient, each.mask, each.target}) {
                    if (t == none) continue;
                    auto &used = made_.tensors[t];
                    if (used.first_phase == none) used.first_phase = p;
                    used.last_phase = p;
                }
            }
        }
        return std::move(made_);
    }
    program &made() { return made_; }

  private:
    const network_spec &spec_;
    program made_;
    std::vector<std::size_t> value_;      ///< tensor of each value that is stored
    std::vector<std::size_t> recomputed_; ///< tensor of each value computed again in this phase
};

} // namespace lipt::onednn::detail
