// A backend of one's own: softmax regression on the pixels, with the matrices of the reference tensor. Every
// stage of LiPT runs with it, since it models lipt::training_backend; tests/conformance holds it to that.
#pragma once

#include <lipt/backends/reference/tensor.hpp>
#include <lipt/training.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace own {

/// One layer, logits = w x + b; the embedding is x itself, the normalised pixels.
inline lipt::network_spec linear_network(const lipt::network_options &options) {
    const std::size_t classes = options.classes, pixels = options.image.size();
    lipt::network_spec spec{.name = "linear", .image = options.image, .classes = classes};
    spec.mean = options.mean, spec.deviation = options.deviation;
    spec.layers = {
        {.kind = lipt::layer_kind::linear, .in = {pixels, 1, 1}, .out = {classes, 1, 1}, .weights = 0}};
    spec.weights = {{"linear.weight", {classes, pixels}, lipt::weight_kind::linear, 0, classes * pixels},
                    {"linear.bias", {classes}, lipt::weight_kind::bias, classes * pixels, classes}};
    return spec;
}

/// A model of lipt::training_backend; what every member does stands there.
class training {
  public:
    using matrix = lipt::host_matrix;
    static training make(const lipt::network_spec &spec, const lipt::backend_options & = {}) {
        lipt::require(spec.layers.size() == 1 && spec.layers[0].kind == lipt::layer_kind::linear, "X01",
                      "linear backend: it cannot run ", spec.name, ": make the network by linear_network()");
        training made;
        made.spec_ = spec;
        made.state_.weights.resize(spec.state_size());
        return made;
    }
    const lipt::network_spec &spec() const noexcept { return spec_; }

    void load(std::span<const float> weights, std::span<const float> momentum = {}) {
        lipt::check_state(spec_, weights);
        lipt::check_momentum(spec_, momentum);
        state_.weights.assign(weights.begin(), weights.end());
        state_.momentum.assign(momentum.begin(), momentum.end());
    }
    lipt::training_state read() const { return state_; }
    float train_step(const lipt::batch_view &batch, const lipt::sgd_step &step = {}) {
        lipt::check_batch(spec_, batch, step);
        const auto [loss, slope] = differentiate(batch);
        state_.momentum.resize(slope.size(), 0.0f);
        for (std::size_t i = 0; i < slope.size(); ++i) {
            float &w = state_.weights[i], &m = state_.momentum[i];
            const float g = slope[i] + step.weight_decay * w;
            m = step.momentum * m + g;
            w -= step.learning_rate * (step.nesterov ? g + step.momentum * m : m);
            if (!step.keep_mask.empty()) w *= step.keep_mask[i];
        }
        return loss;
    }
    lipt::network_output forward(std::span<const std::uint8_t> pixels, std::size_t count) {
        lipt::check_images(spec_, pixels, count);
        auto inputs = normalised(pixels, count);
        return {.logits = logits_of(inputs), .embeddings = std::move(inputs)};
    }
    /// There is no batch-norm, so there are no statistics to move.
    void observe(std::span<const std::uint8_t> pixels, std::size_t count, float) {
        lipt::check_images(spec_, pixels, count);
    }
    std::vector<float> gradient(const lipt::batch_view &batch) {
        lipt::check_batch(spec_, batch);
        return differentiate(batch).second;
    }

  private:
    matrix normalised(std::span<const std::uint8_t> pixels, std::size_t count) const {
        matrix inputs = matrix::from_shape({count, spec_.image.size()});
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            const std::size_t c = i / (spec_.image.height * spec_.image.width) % spec_.image.channels;
            inputs.data()[i] = (static_cast<float>(pixels[i]) / 255.0f - spec_.mean[c]) / spec_.deviation[c];
        }
        return inputs;
    }
    matrix logits_of(const matrix &inputs) const {
        matrix weights = matrix::from_shape({spec_.classes, inputs.shape(1)});
        matrix logits = matrix::from_shape({inputs.shape(0), spec_.classes});
        std::copy_n(state_.weights.data(), weights.size(), weights.data());
        for (std::size_t i = 0; i < logits.size(); ++i)
            logits.data()[i] = state_.weights[weights.size() + i % spec_.classes];
        tensor_.gemm(inputs, weights, logits, {.transpose_b = true, .beta = 1.0f});
        return logits;
    }
    /// The loss and its derivative, (S).
    std::pair<float, std::vector<float>> differentiate(const lipt::batch_view &batch) const {
        const matrix inputs = normalised(batch.pixels, batch.size()), logits = logits_of(inputs);
        matrix share({batch.size(), 1}, 1.0f / static_cast<float>(batch.size())), weight, bias;
        double loss = 0;
        for (std::size_t n = 0; n < batch.size(); ++n) {
            if (!batch.weights.empty()) share(n, 0) *= batch.weights[n];
            double sum = 0;
            for (std::size_t c = 0; c < spec_.classes; ++c)
                sum += std::exp(static_cast<double>(logits(n, c)) - logits(n, batch.labels[n]));
            loss += share(n, 0) * std::log(sum);
        }
        matrix residual = tensor_.softmax_residual(logits, batch.labels);
        tensor_.multiply(share, residual);
        tensor_.gemm(residual, inputs, weight, {.transpose_a = true});
        tensor_.gemm(residual, matrix({batch.size(), 1}, 1.0f), bias, {.transpose_a = true});
        std::vector<float> slope(weight.begin(), weight.end());
        slope.insert(slope.end(), bias.begin(), bias.end());
        return {static_cast<float>(loss), std::move(slope)};
    }
    lipt::network_spec spec_;
    lipt::training_state state_;
    lipt::reference::tensor tensor_;
};

} // namespace own
