// Runs a network_spec forwards and backwards, a batch at a time, layer by layer.
#pragma once

#include <lipt/backends/reference/batch_norm.hpp>
#include <lipt/backends/reference/convolution.hpp>
#include <lipt/backends/reference/pooling.hpp>
#include <lipt/network/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace lipt::reference {

/// Evaluation uses the running statistics, the others those of the batch; training keeps every layer's
/// output.
enum class phase : std::uint8_t { evaluation, observation, training };

/// Outputs by layer number (0: the normalised images), and the moments of the batch by layer and channel.
struct activations {
    std::vector<std::vector<float>> values;
    std::vector<std::vector<channel_moments>> moments;
};

/// Interprets a network_spec with weights of its own, zero at first.
class interpreter {
  public:
    explicit interpreter(const network_spec &spec)
        : spec_(spec), weights_(spec.state_size(), 0.0f), last_use_(spec.layers.size() + 1, 0) {
        for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
            const auto &at = spec_.layers[number - 1];
            last_use_[at.input] = number;
            if (at.residual != layer::none) last_use_[at.residual] = number;
        }
        // The embedding is a result, as the logits are.
        last_use_[spec_.layers.back().input] = layer::none;
        last_use_.back() = layer::none;
        normalized_.resize(spec_.image.channels * 256);
        for (std::size_t i = 0; i < normalized_.size(); ++i) {
            normalized_[i] =
                (static_cast<float>(i % 256) / 255.0f - spec_.mean[i / 256]) / spec_.deviation[i / 256];
        }
    }

    const network_spec &spec() const noexcept { return spec_; }
    /// shapes: (S), which must stay
    std::vector<float> &weights() noexcept { return weights_; }
    const std::vector<float> &weights() const noexcept { return weights_; }

    /// All layers on `count` images. Outputs that nothing reads any more are dropped, except in training; the
    /// last two, embeddings and logits, stay.
    activations run(std::span<const std::uint8_t> pixels, std::size_t count, phase now) {
        activations pass{.values = std::vector<std::vector<float>>(last_use_.size()),
                         .moments = std::vector<std::vector<channel_moments>>(last_use_.size())};
        pass.values[0].resize(pixels.size());
        const std::size_t plane = spec_.image.height * spec_.image.width;
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            pass.values[0][i] = normalized_[i / plane % spec_.image.channels * 256 + pixels[i]];
        }
        for (std::size_t number = 1; number <= spec_.layers.size(); ++number) {
            const auto &at = spec_.layers[number - 1];
            pass.values[number].resize(count * at.out.size());
            evaluate(number, count, now, pass);
            if (now == phase::training) continue;
            for (const auto used : {at.input, at.residual}) {
                if (used != layer::none && last_use_[used] == number)
                    std::vector<float>().swap(pass.values[used]);
            }
        }
        return pass;
    }

    /// The derivative of the loss with respect to every weight, from that of the logits. shapes: result (S)
    std::vector<double> backward(const activations &pass, std::size_t count,
                                 std::vector<float> logits_gradient) {
        std::vector<double> derivative(weights_.size(), 0.0);
        std::vector<std::vector<float>> gradients(pass.values.size());
        gradients.back() = std::move(logits_gradient);
        for (std::size_t number = spec_.layers.size(); number > 0; --number) {
            const auto &at = spec_.layers[number - 1];
            for (const auto used : {at.input, at.residual}) {
                if (used != layer::none && gradients[used].empty())
                    gradients[used].resize(pass.values[used].size());
            }
            differentiate(number, count, pass, gradients, derivative);
            std::vector<float>().swap(gradients[number]);
        }
        return derivative;
    }

  private:
    /// The tensor `position` places after the first one of a layer.
    const float *weight(const layer &at, std::size_t position = 0) const {
        return weights_.data() + spec_.weights[at.weights + position].offset;
    }

    /// Computes one layer's output from those before it.
    void evaluate(std::size_t number, std::size_t count, phase now, activations &pass) {
        const auto &at = spec_.layers[number - 1];
        const auto &input = pass.values[at.input];
        auto &output = pass.values[number];
        switch (at.kind) {
        case layer_kind::convolution:
            for (std::size_t n = 0; n < count; ++n) {
                convolution_.forward(at, weight(at), input.data() + n * at.in.size(),
                                     output.data() + n * at.out.size());
            }
            break;
        case layer_kind::batch_norm: {
            auto &moments = pass.moments[number];
            moments.resize(at.in.channels);
            const float *residual = at.residual == layer::none ? nullptr : pass.values[at.residual].data();
            for (std::size_t c = 0; c < at.in.channels; ++c) {
                const auto x = channel_of(input.data(), count, at.in, c);
                const std::size_t start = c * x.plane;
                moments[c] = now == phase::evaluation
                                 ? channel_moments{.mean = static_cast<double>(weight(at, 2)[c]),
                                                   .variance = static_cast<double>(weight(at, 3)[c])}
                                 : moments_of(x);
                normalize(x, moments[c], weight(at)[c], weight(at, 1)[c],
                          residual == nullptr ? nullptr : residual + start, at.relu, output.data() + start);
            }
            break;
        }
        case layer_kind::add:
            std::ranges::transform(input, pass.values[at.residual], output.begin(), std::plus<>());
            break;
        case layer_kind::max_pool:
            for (std::size_t n = 0; n < count; ++n) {
                max_pool(at, input.data() + n * at.in.size(), output.data() + n * at.out.size());
            }
            break;
        case layer_kind::average_pool: {
            const std::size_t plane = at.in.height * at.in.width;
            for (std::size_t i = 0; i < output.size(); ++i) {
                const double sum =
                    sum_of(plane, [&](std::size_t p) { return static_cast<double>(input[i * plane + p]); });
                output[i] = static_cast<float>(sum / static_cast<double>(plane));
            }
            break;
        }
        case layer_kind::linear:
            for (std::size_t i = 0; i < output.size(); ++i) {
                const float *x = input.data() + i / spec_.classes * at.in.size();
                const float *row = weight(at) + i % spec_.classes * at.in.size();
                const double dot = sum_of(at.in.size(), [&](std::size_t e) {
                    return static_cast<double>(x[e]) * static_cast<double>(row[e]);
                });
                output[i] = static_cast<float>(dot + static_cast<double>(weight(at, 1)[i % spec_.classes]));
            }
            break;
        }
    }

    /// Takes the gradient of one layer's output to its weights, its input and its residual.
    void differentiate(std::size_t number, std::size_t count, const activations &pass,
                       std::vector<std::vector<float>> &gradients, std::vector<double> &derivative) {
        const auto &at = spec_.layers[number - 1];
        const auto &input = pass.values[at.input];
        auto &from = gradients[number];
        auto &to = gradients[at.input];
        switch (at.kind) {
        case layer_kind::convolution: {
            const auto &entry = spec_.weights[at.weights];
            const std::span totals(derivative.data() + entry.offset, entry.size);
            for (std::size_t n = 0; n < count; ++n) {
                const float *output_gradient = from.data() + n * at.out.size();
                convolution_.add_weight_gradient(at, input.data() + n * at.in.size(), output_gradient,
                                                 totals);
                // The images themselves have no use for a gradient.
                if (at.input == 0) continue;
                convolution_.add_image_gradient(at, weight(at), output_gradient,
                                                to.data() + n * at.in.size());
            }
            break;
        }
        case layer_kind::batch_norm:
            differentiate_batch_norm(number, count, pass, gradients, derivative);
            break;
        case layer_kind::add:
            for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
            for (std::size_t i = 0; i < from.size(); ++i) gradients[at.residual][i] += from[i];
            break;
        case layer_kind::max_pool:
            for (std::size_t n = 0; n < count; ++n) {
                add_max_pool_gradient(at, input.data() + n * at.in.size(), from.data() + n * at.out.size(),
                                      to.data() + n * at.in.size());
            }
            break;
        case layer_kind::average_pool: {
            const std::size_t plane = at.in.height * at.in.width;
            for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i / plane] / static_cast<float>(plane);
            break;
        }
        case layer_kind::linear: {
            const std::size_t width = at.in.size();
            double *rows = derivative.data() + spec_.weights[at.weights].offset;
            double *bias = derivative.data() + spec_.weights[at.weights + 1].offset;
            for (std::size_t i = 0; i < from.size(); ++i) {
                const std::size_t n = i / spec_.classes, c = i % spec_.classes;
                bias[c] += static_cast<double>(from[i]);
                for (std::size_t e = 0; e < width; ++e) {
                    rows[c * width + e] +=
                        static_cast<double>(from[i]) * static_cast<double>(input[n * width + e]);
                    to[n * width + e] += from[i] * weight(at)[c * width + e];
                }
            }
            break;
        }
        }
    }

    void differentiate_batch_norm(std::size_t number, std::size_t count, const activations &pass,
                                  std::vector<std::vector<float>> &gradients,
                                  std::vector<double> &derivative) {
        const auto &at = spec_.layers[number - 1];
        const auto &output = pass.values[number];
        auto &from = gradients[number];
        if (at.relu) {
            for (std::size_t i = 0; i < from.size(); ++i) from[i] = output[i] <= 0.0f ? 0.0f : from[i];
        }
        if (at.residual != layer::none) {
            for (std::size_t i = 0; i < from.size(); ++i) gradients[at.residual][i] += from[i];
        }
        for (std::size_t c = 0; c < at.in.channels; ++c) {
            const auto x = channel_of(pass.values[at.input].data(), count, at.in, c);
            const std::size_t start = c * x.plane;
            const auto sums = add_normalize_gradient(x, pass.moments[number][c], weight(at)[c],
                                                     from.data() + start, gradients[at.input].data() + start);
            derivative[spec_.weights[at.weights].offset + c] = sums.scale;
            derivative[spec_.weights[at.weights + 1].offset + c] = sums.shift;
        }
    }

    network_spec spec_;
    std::vector<float> weights_;
    std::vector<std::size_t> last_use_; ///< number of the last layer that reads each output
    std::vector<float> normalized_;     ///< input value of each pixel value, a channel after another
    convolution convolution_;
};

} // namespace lipt::reference
