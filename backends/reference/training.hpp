// The reference training backend: plain loops that interpret a network_spec, one thread, nothing but the
// standard library. The oracle for the other backends, and what a target without oneDNN or LibTorch trains
// with.
#pragma once

#include <lipt/backends/reference/interpreter.hpp>
#include <lipt/backends/reference/loss.hpp>
#include <lipt/training.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lipt::reference {

/// A network that trains; models lipt::training_backend, whose contract says what every member does.
/// cost: about 6 times the network's multiply-adds a training step, 2 times a forward; a step holds every
/// layer's output for the whole batch, `forward` those still needed of `evaluation_cut` images, `observe` of
/// all it is given.
class training {
  public:
    /// The number of threads is accepted and not used. errors: T08 another device or precision, N04 a module
    static training make(const network_spec &spec, const backend_options &options = {}) {
        check_processor(options, "reference");
        check_layers(spec, "reference");
        return training(spec);
    }

    const network_spec &spec() const noexcept { return network_.spec(); }

    void load(std::span<const float> weights, std::span<const float> momentum = {}) {
        check_state(spec(), weights);
        check_momentum(spec(), momentum);
        network_.weights().assign(weights.begin(), weights.end());
        momentum_.assign(momentum.begin(), momentum.end());
    }

    training_state read() const { return {network_.weights(), momentum_}; }

    float train_step(const batch_view &batch, const sgd_step &step) {
        check_batch(spec(), batch, step);
        const auto pass = network_.run(batch.pixels, batch.size(), phase::training);
        std::vector<float> logits_gradient;
        const double loss = cross_entropy(pass.values.back(), spec().classes, batch, logits_gradient);
        const auto derivative = network_.backward(pass, batch.size(), std::move(logits_gradient));
        move_statistics(pass, batch.size(), batch_norm_momentum);
        descend(derivative, step);
        return static_cast<float>(loss);
    }

    network_output forward(std::span<const std::uint8_t> pixels, std::size_t count) {
        check_images(spec(), pixels, count);
        const std::size_t classes = spec().classes, width = spec().embedding_size(),
                          bytes = spec().image.size();
        network_output output{.logits = host_matrix::from_shape({count, classes}),
                              .embeddings = host_matrix::from_shape({count, width})};
        for (std::size_t first = 0; first < count; first += evaluation_cut) {
            const std::size_t cut = std::min(evaluation_cut, count - first);
            const auto pass =
                network_.run(pixels.subspan(first * bytes, cut * bytes), cut, phase::evaluation);
            std::ranges::copy(pass.values.back(), output.logits.data() + first * classes);
            std::ranges::copy(pass.values[spec().layers.back().input],
                              output.embeddings.data() + first * width);
        }
        return output;
    }

    void observe(std::span<const std::uint8_t> pixels, std::size_t count, float share) {
        check_images(spec(), pixels, count);
        move_statistics(network_.run(pixels, count, phase::observation), count, share);
    }

    std::vector<float> gradient(const batch_view &batch) {
        check_batch(spec(), batch);
        const auto pass = network_.run(batch.pixels, batch.size(), phase::training);
        std::vector<float> logits_gradient;
        cross_entropy(pass.values.back(), spec().classes, batch, logits_gradient);
        const auto derivative = network_.backward(pass, batch.size(), std::move(logits_gradient));
        std::vector<float> result(derivative.size());
        std::ranges::transform(derivative, result.begin(),
                               [](double value) { return static_cast<float>(value); });
        return result;
    }

  private:
    static constexpr std::size_t evaluation_cut = 32;

    explicit training(const network_spec &spec) : network_(spec) {}

    /// Running statistics go to (1-share)*old + share*(those of the batch), the variance unbiased.
    void move_statistics(const activations &pass, std::size_t count, float share) {
        const auto move = [share](float &old, double observed) {
            old = static_cast<float>((1.0 - static_cast<double>(share)) * static_cast<double>(old) +
                                     static_cast<double>(share) * observed);
        };
        auto &weights = network_.weights();
        for (std::size_t number = 1; number < pass.moments.size(); ++number) {
            const auto &at = spec().layers[number - 1];
            if (at.kind != layer_kind::batch_norm) continue;
            const std::size_t total = count * at.in.height * at.in.width;
            // One value alone has no unbiased variance; its biased one is 0.
            const double unbiased =
                static_cast<double>(total) / static_cast<double>(std::max<std::size_t>(total - 1, 1));
            for (std::size_t c = 0; c < at.in.channels; ++c) {
                const auto &[mean, variance] = pass.moments[number][c];
                move(weights[spec().weights[at.weights + 2].offset + c], mean);
                move(weights[spec().weights[at.weights + 3].offset + c], variance * unbiased);
            }
        }
    }

    /// One step of stochastic gradient descent on the trained weights, as sgd_step says.
    void descend(const std::vector<double> &derivative, const sgd_step &step) {
        auto &weights = network_.weights();
        // Zero momentum is the same as none yet: m = momentum*0 + g.
        momentum_.resize(weights.size(), 0.0f);
        for (const auto &entry : spec().weights) {
            if (!is_trained(entry.kind)) continue;
            for (std::size_t i = entry.offset; i < entry.offset + entry.size; ++i) {
                const float g = static_cast<float>(derivative[i]) + step.weight_decay * weights[i];
                momentum_[i] = step.momentum * momentum_[i] + g;
                weights[i] -=
                    step.learning_rate * (step.nesterov ? g + step.momentum * momentum_[i] : momentum_[i]);
                if (!step.keep_mask.empty()) weights[i] *= step.keep_mask[i];
            }
        }
    }

    interpreter network_;
    std::vector<float> momentum_;
};

static_assert(training_backend<training>);

} // namespace lipt::reference
