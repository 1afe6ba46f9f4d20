// What the backends of the programs beside it have in common: a network that never learns.
#pragma once

#include <lipt/training.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// All of a backend but make(), observe() and gradient().
struct backend_base {
    const lipt::network_spec &spec() const { return spec_; }
    void load(std::span<const float> weights, std::span<const float>) {
        state_.weights.assign(weights.begin(), weights.end());
    }
    lipt::training_state read() const { return state_; }
    float train_step(const lipt::batch_view &, const lipt::sgd_step &) { return 0; }
    lipt::network_output forward(std::span<const std::uint8_t>, std::size_t) { return {}; }

    lipt::network_spec spec_;
    lipt::training_state state_;
};
