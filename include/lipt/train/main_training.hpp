// A training that can be stopped and goes on, and the epochs of the main training: a fixed subset with its
// weights, a fresh one each epoch, or one chosen again from the model's own gradients.
#pragma once

#include <lipt/run/meter.hpp>
#include <lipt/run/store.hpp>
#include <lipt/train/evaluation.hpp>
#include <lipt/train/loop.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lipt {

/// One training, by the name under which its checkpoints are kept.
struct training_task {
    std::string name{};
    image_set set{};
    train_options options{};
    train_streams streams{};
    std::optional<image_set> test{}; ///< scored every `evaluate_every` epochs and after the last
    std::size_t evaluate_every = 1;
};

/// Trains from the given weights, or from the newest checkpoint of that name, and keeps a checkpoint whenever
/// the store wants one and after the last epoch. The time for scoring the test set is not charged to the
/// training. shapes: weights (S). errors: as train cost: epochs*k forward and backward; one state and one
/// momentum a checkpoint
template <training_backend Backend, class Source, pipeline_store Store>
checkpoint run_training(Backend &backend, const training_task &task, std::span<const float> weights,
                        Source &&source, Store &store) {
    checkpoint now;
    now.cost.name = task.name;
    if (auto kept = store.load_checkpoint(task.name)) {
        now = std::move(*kept);
        backend.load(now.state.weights, now.state.momentum);
    } else {
        backend.load(weights, {});
    }
    const std::size_t epochs = detail::whole_epochs(task.options.epochs);
    meter clock;
    const auto after = [&](const epoch_report &report) {
        now.epochs = report.epoch;
        now.cost.add_training(report.samples);
        clock.charge(now.cost);
        epoch_record record{.report = report, .wall_s = now.cost.wall_s};
        const bool last = report.epoch == epochs;
        if (task.test && (last || report.epoch % task.evaluate_every == 0)) {
            clock.pause();
            record.accuracy = accuracy_on(backend, *task.test);
            clock.resume();
        }
        now.history.push_back(record);
        store.epoch_done(task.name, record, epochs);
        if (last || store.checkpoint_due(task.name)) {
            now.state = backend.read();
            now.cost.peak_mib = store.peak_mib();
            store.save_checkpoint(task.name, now);
        }
    };
    train(backend, task.set, task.options, task.streams, source, after, now.epochs, {},
          [&](std::size_t done, std::size_t of) { store.progress(task.name, done, of); });
    if (now.state.weights.empty()) now.state = backend.read(); // zero epochs
    return now;
}

/// All samples of a pool, each epoch.
inline auto every_epoch(epoch_samples samples) {
    return [samples = std::move(samples)](std::size_t) { return samples; };
}

/// What an epoch reads of a selection. shapes: indices (k), weights (k) scaled to mean 1, or none
inline epoch_samples samples_of(const selection &chosen, bool use_weights) {
    epoch_samples samples{.indices = chosen.indices};
    if (use_weights && !chosen.weights.empty()) {
        samples.weights = chosen.weights;
        scale_to_mean_one(samples.weights);
    }
    return samples;
}

} // namespace lipt
