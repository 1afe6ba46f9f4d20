// What one worker does, alone: K passes over its own shard from the common start, then one-shot pruning.
#pragma once

#include <lipt/pretrain/prune.hpp>
#include <lipt/train/loop.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

/// When the mask is drawn. after: train, then prune once (the paper). before: prune the common start and hold
/// the mask during training.
enum class prune_time : std::uint8_t { after, before, never };

/// How a worker's weights travel. masked: a bit a weight and the kept values. dense: all values, zeros too.
enum class upload_format : std::uint8_t { masked, dense };

/// Settings of the local training. source: [Ro2023] Section 3.3 and Appendix A
struct local_options {
    train_options training{.epochs = 5,
                           .batch_size = 256,
                           .decay = schedule::constant,
                           .augment = {.rand_augment = true, .crop_flip = false}};
    prune_time pruning = prune_time::after;
    prune_options prune{};
    std::size_t steps = 0; ///< length of the training in steps; 0: training.epochs says it in passes
    upload_format upload = upload_format::masked;
};

/// What one worker sends back, and what it cost.
struct local_result {
    std::vector<float> weights{};   ///< (S), pruned weights are 0
    std::vector<float> keep_mask{}; ///< (S) of 0 and 1; empty where pruning is off or the upload is dense
    double density = 1;             ///< share of the prunable weights that was kept
    double loss = 0;                ///< of the last pass
    std::size_t samples = 0;        ///< forward and backward, SNIP's gradient included
};

namespace detail {

/// The samples that the mask needs a gradient of: for SNIP the first minibatch of the shard.
inline std::size_t snip_samples(const image_set &shard, const local_options &options) {
    const bool snip = options.prune.method == prune_method::snip && options.pruning != prune_time::never;
    return snip ? std::min(options.training.batch_size, shard.size()) : 0;
}

/// The mask for the backend's present weights; SNIP's gradient is taken on the first minibatch of the shard.
template <training_backend Backend, tensor_backend Tensor>
prune_mask draw_mask(Backend &backend, const Tensor &tensor, const image_set &shard,
                     const local_options &options, std::uint64_t seed, std::uint32_t worker) {
    std::vector<float> gradient;
    if (options.prune.method == prune_method::snip) {
        std::vector<std::int64_t> first(snip_samples(shard, options));
        std::iota(first.begin(), first.end(), std::int64_t{0});
        image_batch batch;
        gather(shard, first, batch);
        gradient = backend.gradient({.pixels = batch.pixels, .labels = batch.labels});
    }
    return make_prune_mask(tensor, backend.spec().weights, backend.read().weights, gradient, options.prune,
                           seed, worker);
}

/// The options of a worker's training on a shard of this size, with a length in steps turned into passes.
inline train_options training_of(const local_options &options, std::size_t shard_size) {
    train_options training = options.training;
    if (options.steps == 0 || training.batch_size == 0 || shard_size == 0) return training;
    const std::size_t a_pass = (shard_size + training.batch_size - 1) / training.batch_size;
    training.epochs = static_cast<double>(options.steps) / static_cast<double>(a_pass);
    return training;
}

} // namespace detail

/// Trains one worker's model from the common start. A pure function of its arguments: running it twice, late
/// or on another host gives the same bits. shapes: shard M*B images, theta_star (S). errors: T01 theta_star
/// of another network, W02 the loss is not finite cost: passes*M*B forward and backward, one selection of the
/// k-th smallest of S. source: [Ro2023] Section 3.3
template <training_backend Backend, tensor_backend Tensor>
local_result train_locally(Backend &backend, const Tensor &tensor, const image_set &shard,
                           std::span<const float> theta_star, std::uint32_t worker,
                           const local_options &options, std::uint64_t seed) {
    backend.load(theta_star, {});
    local_result result{.samples = detail::snip_samples(shard, options)};
    prune_mask mask;
    if (options.pruning == prune_time::before) {
        mask = detail::draw_mask(backend, tensor, shard, options, seed, worker);
        std::vector<float> pruned(theta_star.begin(), theta_star.end());
        apply_mask(pruned, mask.keep);
        backend.load(pruned, {});
    }
    epoch_samples all;
    all.indices.resize(shard.size());
    std::iota(all.indices.begin(), all.indices.end(), std::int64_t{0});
    const train_streams streams{
        .seed = seed, .order = stream::local_order, .augment = stream::local_augment, .worker = worker};
    train(
        backend, shard, detail::training_of(options, shard.size()), streams, [&](std::size_t) { return all; },
        [&](const epoch_report &report) {
            result.loss = report.loss;
            result.samples += report.samples;
        },
        0, mask.keep);
    if (options.pruning == prune_time::after)
        mask = detail::draw_mask(backend, tensor, shard, options, seed, worker);
    result.weights = backend.read().weights;
    if (options.pruning != prune_time::never) {
        apply_mask(result.weights, mask.keep);
        if (options.upload == upload_format::masked) result.keep_mask = std::move(mask.keep);
        result.density = mask.density;
    }
    return result;
}

} // namespace lipt
