#include "weights.hpp"

#include <algorithm>
#include <cmath>

namespace lipt::onednn::detail {

weight_store::weight_store(const network_spec &spec, runner &layouts)
    : spec_(spec), layouts_(layouts), weights_(spec.state_size()), momentum_(spec.state_size()),
      gradient_(spec.state_size()), convolution_of_(spec.weights.size(), none) {
    for (auto *each : {&weights_, &momentum_, &gradient_}) std::fill_n(each->data(), spec.state_size(), 0.0f);
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        if (spec.layers[i].kind == layer_kind::convolution) convolution_of_[spec.layers[i].weights] = i;
    }
}

void weight_store::to_plain(const float *blocked, float *plain) const {
    for (std::size_t w = 0; w < spec_.weights.size(); ++w) {
        const auto &entry = spec_.weights[w];
        if (convolution_of_[w] != none) {
            layouts_.convolution_at(convolution_of_[w])
                .to_plain(blocked + entry.offset, plain + entry.offset);
        } else {
            std::copy_n(blocked + entry.offset, entry.size, plain + entry.offset);
        }
    }
}
void weight_store::to_blocked(const float *plain, float *blocked) const {
    for (std::size_t w = 0; w < spec_.weights.size(); ++w) {
        const auto &entry = spec_.weights[w];
        if (convolution_of_[w] != none) {
            layouts_.convolution_at(convolution_of_[w])
                .to_blocked(plain + entry.offset, blocked + entry.offset);
        } else {
            std::copy_n(plain + entry.offset, entry.size, blocked + entry.offset);
        }
    }
}

void weight_store::load(std::span<const float> weights, std::span<const float> momentum) {
    to_blocked(weights.data(), weights_.data());
    has_momentum_ = !momentum.empty();
    if (has_momentum_) {
        to_blocked(momentum.data(), momentum_.data());
    } else {
        std::fill_n(momentum_.data(), spec_.state_size(), 0.0f);
    }
    changed();
}

training_state weight_store::read() const {
    training_state state;
    state.weights.resize(spec_.state_size());
    to_plain(weights_.data(), state.weights.data());
    if (has_momentum_) {
        state.momentum.resize(spec_.state_size());
        to_plain(momentum_.data(), state.momentum.data());
    }
    return state;
}

std::vector<float> weight_store::read_gradient() const {
    std::vector<float> plain(spec_.state_size());
    to_plain(gradient_.data(), plain.data());
    return plain;
}

const float *weight_store::for_forward(team &threads) {
    if (!forward_is_current_) copy(layouts_.forward_copies(), &convolution::to_forward, threads, forward_);
    forward_is_current_ = true;
    return forward_.data();
}
const float *weight_store::for_backward(team &threads) {
    if (!backward_is_current_)
        copy(layouts_.backward_copies(), &convolution::to_backward, threads, backward_);
    backward_is_current_ = true;
    return backward_.data();
}

void weight_store::copy(const weight_copies &copies, void (convolution::*make)(const float *, float *) const,
                        team &threads, buffer &target) {
    target.reserve(copies.floats);
    threads.run(copies.layers.size(), [&](std::size_t task, std::size_t) {
        const auto layer = copies.layers[task];
        const auto &entry = spec_.weights[spec_.layers[layer].weights];
        (layouts_.convolution_at(layer).*make)(weights_.data() + entry.offset,
                                               target.data() + copies.offset[layer]);
    });
}

void weight_store::descend(const sgd_step &step, team &threads) {
    const descent how{.learning_rate = step.learning_rate,
                      .momentum = step.momentum,
                      .weight_decay = step.weight_decay,
                      .nesterov = step.nesterov,
                      .first = !has_momentum_};
    // Entries are walked in chunks, so that a large one is shared out among the threads.
    constexpr std::size_t chunk = 16384;
    std::vector<std::pair<std::size_t, std::size_t>> parts;
    for (const auto &entry : spec_.weights) {
        if (!is_trained(entry.kind)) continue;
        for (std::size_t begin = 0; begin < entry.size; begin += chunk) {
            parts.emplace_back(entry.offset + begin, std::min(chunk, entry.size - begin));
        }
    }
    const auto update = [&](std::size_t offset, std::size_t size) {
        detail::descend(size, how, gradient_.data() + offset, weights_.data() + offset,
                        momentum_.data() + offset);
    };
    threads.run(threads.threads(), [&](std::size_t task, std::size_t) {
        for (std::size_t i = task; i < parts.size(); i += threads.threads())
            update(parts[i].first, parts[i].second);
    });
    has_momentum_ = true;
    changed();
    if (!step.keep_mask.empty()) apply_mask(step.keep_mask);
}

void weight_store::apply_mask(std::span<const float> mask) {
    plain_.reserve(spec_.state_size());
    to_blocked(mask.data(), plain_.data());
    for (std::size_t i = 0; i < spec_.state_size(); ++i) weights_.data()[i] *= plain_.data()[i];
}

void fold(const network_spec &spec, std::span<const float> plain, runner &evaluation, float *folded) {
    std::copy(plain.begin(), plain.end(), folded);
    std::vector<float> scaled;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        const auto &each = spec.layers[i];
        if (each.kind == layer_kind::batch_norm) evaluation.batch_norms().use_running(i, plain.data());
    }
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        if (spec.layers[i].kind != layer_kind::convolution) continue;
        const auto &entry = spec.weights[spec.layers[i].weights];
        scaled.assign(plain.begin() + static_cast<std::ptrdiff_t>(entry.offset),
                      plain.begin() + static_cast<std::ptrdiff_t>(entry.offset + entry.size));
        if (const auto norm = evaluation.made().folded[i].batch_norm; norm != none) {
            const auto running = evaluation.batch_norms().forward(norm);
            const std::size_t channels = entry.shape[0], each = entry.size / channels;
            float *bias = folded + spec.weights[spec.layers[norm].weights + 1].offset;
            for (std::size_t c = 0; c < channels; ++c) {
                for (std::size_t k = 0; k < each; ++k) scaled[c * each + k] *= running.factor[c];
                bias[c] = running.shift[c] - running.mean[c] * running.factor[c];
            }
        }
        evaluation.convolution_at(i).to_blocked(scaled.data(), folded + evaluation.weights_at(i));
    }
}

} // namespace lipt::onednn::detail
