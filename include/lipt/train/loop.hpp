// The one training loop: the initialization, the workers, the conventional pre-training and the main training
// are this loop with other options.
#pragma once

#include <lipt/augment/augment.hpp>
#include <lipt/data.hpp>
#include <lipt/select/weights.hpp>
#include <lipt/training.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace lipt {

/// How the learning rate moves over the training, step by step.
enum class schedule : std::uint8_t { constant, cosine };

/// Settings of one training.
struct train_options {
    double epochs = 200; ///< passes over the samples; fractions allowed
    std::size_t batch_size = 256;
    float learning_rate = 0.1f;
    float final_learning_rate = 1e-4f; ///< where the cosine ends
    schedule decay = schedule::cosine;
    float momentum = 0.9f;
    float weight_decay = 5e-4f;
    bool nesterov = true;
    augment_options augment{};
};

/// Where a training draws its chance from.
struct train_streams {
    std::uint64_t seed = 0;
    stream order = stream::train_order;
    stream augment = stream::train_augment;
    std::uint32_t worker = 0;
};

/// What one epoch trains on. shapes: indices (k) into the set, weights (k) or empty for all ones
struct epoch_samples {
    std::vector<std::int64_t> indices{};
    std::vector<float> weights{};
};

/// What one epoch did.
struct epoch_report {
    std::size_t epoch = 0;   ///< 1 for the first
    double loss = 0;         ///< mean over its batches
    float learning_rate = 0; ///< of its last step
    std::size_t samples = 0; ///< forward and backward
};

/// The learning rate at `progress` in [0,1) of a training. source: [Loshchilov2017] equation 5, one cycle
inline float learning_rate_at(const train_options &options, double progress) {
    if (options.decay == schedule::constant) return options.learning_rate;
    const double low = options.final_learning_rate, high = options.learning_rate;
    return static_cast<float>(low + 0.5 * (high - low) * (1.0 + std::cos(std::numbers::pi * progress)));
}

/// Scales weights to mean 1, so that a method's weights do not change the size of a step.
/// errors: W01 a weight that is negative or not finite, or all zero
inline void scale_to_mean_one(std::span<float> weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
        require(std::isfinite(weights[i]) && weights[i] >= 0, "W01", "train: the weight of pick ", i, " is ",
                weights[i], ", expected a finite value of 0 or more");
    }
    require(weights.empty() || to_mean_one(weights), "W01",
            "train: all sample weights are 0: ignore them (--use-weights false)");
}

namespace detail {

/// Shuffles an epoch's samples; weights move along.
inline void shuffle_epoch(epoch_samples &samples, stream_key key) {
    require_countable(samples.indices.size(), "train");
    std::vector<std::uint32_t> order(samples.indices.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
    rng(key).shuffle(std::span(order));
    const epoch_samples before = samples;
    for (std::size_t i = 0; i < order.size(); ++i) {
        samples.indices[i] = before.indices[order[i]];
        if (!before.weights.empty()) samples.weights[i] = before.weights[order[i]];
    }
}

/// The number of epochs that a training of this length enters; a product such as 0.1*30 must not begin a
/// fourth.
inline std::size_t whole_epochs(double epochs) { return static_cast<std::size_t>(std::ceil(epochs - 1e-9)); }

/// Runs the batches of one epoch; `steps` of them, the rest of a fractional last epoch is left out.
template <training_backend Backend, class Step>
epoch_report train_epoch(Backend &backend, const image_set &set, const epoch_samples &samples,
                         const train_options &options, const train_streams &streams, std::size_t epoch,
                         std::size_t steps, std::span<const float> keep_mask, augmenter &augment,
                         Step &step) {
    using loss_type = decltype(backend.train_step(batch_view{}, sgd_step{}));
    const std::size_t per_epoch = (samples.indices.size() + options.batch_size - 1) / options.batch_size;
    epoch_report report{.epoch = epoch + 1};
    std::vector<loss_type> losses;
    image_batch batch;
    for (std::size_t s = 0; s < steps; ++s) {
        const std::size_t first = s * options.batch_size;
        const std::size_t size = std::min(options.batch_size, samples.indices.size() - first);
        augment(set, std::span(samples.indices).subspan(first, size),
                {.seed = streams.seed,
                 .stage = streams.augment,
                 .worker = streams.worker,
                 .pass = static_cast<std::uint32_t>(epoch)},
                batch);
        const double progress =
            (static_cast<double>(epoch) + static_cast<double>(s) / static_cast<double>(per_epoch)) /
            options.epochs;
        report.learning_rate = learning_rate_at(options, progress);
        const auto weights = samples.weights.empty() ? std::span<const float>{}
                                                     : std::span(samples.weights).subspan(first, size);
        losses.push_back(backend.train_step(
            {.pixels = batch.pixels, .labels = batch.labels, .weights = weights, .moves = batch.moves},
            {.learning_rate = report.learning_rate,
             .momentum = options.momentum,
             .weight_decay = options.weight_decay,
             .nesterov = options.nesterov,
             .keep_mask = keep_mask}));
        report.samples += size;
        step(s + 1, steps);
    }
    // Read in bulk, after the last step: a device backend need not wait in between.
    for (const auto &loss : losses) report.loss += static_cast<double>(static_cast<float>(loss));
    report.loss /= static_cast<double>(std::max<std::size_t>(losses.size(), 1));
    require(std::isfinite(report.loss), "W02", "train: the loss of epoch ", epoch + 1,
            " is not finite: lower the learning rate (", options.learning_rate, ")");
    return report;
}

} // namespace detail

/// For `train` where nobody watches the single steps.
struct no_step {
    void operator()(std::size_t, std::size_t) const noexcept {}
};

/// Trains from the backend's present weights. `source(epoch)` gives the samples of an epoch (0 is the first);
/// `after(report)` is called after each and may read the backend (to score it, to write a checkpoint);
/// `step(done, of)` after every step of an epoch.
/// A training that was stopped after `first_epoch` epochs continues from there, given its weights and
/// momentum. errors: W02 a loss that is not finite, W03 no samples, batch size 0 or negative epochs cost:
/// epochs*k forward and backward; memory one batch beside the backend's
template <training_backend Backend, class Source, class After, class Step = no_step>
void train(Backend &backend, const image_set &set, const train_options &options, const train_streams &streams,
           Source &&source, After &&after, std::size_t first_epoch = 0, std::span<const float> keep_mask = {},
           Step step = {}) {
    require(options.batch_size > 0 && options.epochs >= 0, "W03", "train: batch size ", options.batch_size,
            " and ", options.epochs, " epochs: expected at least 1 and 0");
    augmenter augment(options.augment, moves_images(backend));
    const std::size_t epochs = detail::whole_epochs(options.epochs);
    for (std::size_t epoch = first_epoch; epoch < epochs; ++epoch) {
        epoch_samples samples = source(epoch);
        require(!samples.indices.empty(), "W03", "train: epoch ", epoch + 1, " has no samples");
        detail::shuffle_epoch(samples, {.seed = streams.seed,
                                        .stage = streams.order,
                                        .worker = streams.worker,
                                        .pass = static_cast<std::uint32_t>(epoch)});
        const std::size_t per_epoch = (samples.indices.size() + options.batch_size - 1) / options.batch_size;
        const double share = std::min(1.0, options.epochs - static_cast<double>(epoch));
        const auto steps = static_cast<std::size_t>(std::ceil(share * static_cast<double>(per_epoch) - 1e-9));
        after(detail::train_epoch(backend, set, samples, options, streams, epoch, steps, keep_mask, augment,
                                  step));
    }
}

} // namespace lipt
