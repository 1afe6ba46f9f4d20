// The stages before the selection: the common start, the plan, the workers and their soup; or conventional
// pre-training.
#pragma once

#include <lipt/context.hpp>
#include <lipt/merge.hpp>
#include <lipt/store.hpp>
#include <lipt/train.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt {

/// The common start of all workers: a short training from random weights; made once, then loaded.
/// cost: epochs x pool forward and backward. source: [Ro2023] Section 3.1
template <training_backend Training, pipeline_store Store>
std::vector<float> initialize(const pipeline_context &context, Training &backend, Store &store) {
    if (auto kept = store.load_state("theta_star")) return std::move(*kept);
    const auto &settings = context.settings;
    auto done = run_training(backend,
                             {.name = "initialize",
                              .set = context.train,
                              .options = settings.initialize,
                              .streams = {.seed = settings.seed,
                                          .order = stream::initialize_order,
                                          .augment = stream::initialize_augment}},
                             initial_weights(context.spec, settings.seed),
                             every_epoch({.indices = context.pool}), store);
    done.cost.peak_mib = store.peak_mib();
    store.record(done.cost);
    store.save_state("theta_star", done.state.weights);
    return std::move(done.state.weights);
}

/// The shards of all workers; made once, then loaded.
template <pipeline_store Store>
shard_plan plan(const pipeline_context &context, Store &store) {
    if (auto kept = store.load_plan()) return std::move(*kept);
    auto made = plan_shards(context.pool, context.train.labels, context.train.classes,
                            context.settings.shards, context.settings.seed);
    store.save_plan(made);
    return made;
}

/// What a worker sends back: a bit a prunable weight and the kept values, or all values where it did not
/// prune.
inline std::uint64_t upload_bytes(const local_result &result) {
    if (result.keep_mask.empty()) return result.weights.size() * sizeof(float);
    const auto kept =
        static_cast<std::uint64_t>(std::count(result.keep_mask.begin(), result.keep_mask.end(), 1.0f));
    return (result.keep_mask.size() + 7) / 8 + kept * sizeof(float);
}

/// One worker, from the common start to its upload; nothing is done again where a whole upload is there.
/// errors: Q03 no such worker; as train_locally
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
void work(const pipeline_context &context, const Tensor &tensor, std::span<const float> theta_star,
          const shard_plan &shards, std::size_t worker, Store &store) {
    require(worker < shards.shards.size(), "Q03", "worker: number ", worker, ", expected 0 to ",
            shards.shards.size() - 1);
    if (store.load_worker(worker).refused.empty()) return;
    meter clock(meter::scope::thread);
    auto backend = Training::make(context.spec, backend_of(context.settings, 1, worker));
    image_batch shard;
    // A shard travels as data: images that are read come in the view for evaluation, and RandAugment does the
    // rest.
    gather(context.train, {.indices = shards.shards[worker], .alone = true}, shard);
    worker_upload upload;
    upload.result =
        train_locally(backend, tensor, as_set(shard, context.train), theta_star,
                      static_cast<std::uint32_t>(worker), context.settings.local, context.settings.seed);
    upload.cost.name = "local";
    upload.cost.add_training(upload.result.samples);
    upload.cost.bytes_to_workers =
        shard.pixels.size() + shard.labels.size() * sizeof(std::int32_t) + theta_star.size() * sizeof(float);
    upload.cost.bytes_from_workers = upload_bytes(upload.result);
    clock.charge(upload.cost);
    upload.cost.peak_mib = store.peak_mib();
    store.save_worker(worker, upload);
}

/// All workers that have not delivered yet. Returns what went wrong, a worker; a failed one is simply not
/// merged.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<refused_worker> work_all(const pipeline_context &context, const Tensor &tensor,
                                     std::span<const float> theta_star, const shard_plan &shards,
                                     Store &store) {
    std::vector<std::size_t> pending;
    for (std::size_t w = 0; w < shards.shards.size(); ++w) {
        if (!store.load_worker(w).refused.empty()) pending.push_back(w);
    }
    std::atomic<std::size_t> done{0}; // tasks may run side by side and end in any order
    const auto failures = context.launch(pending.size(), [&](std::size_t i) {
        work<Training>(context, tensor, theta_star, shards, pending[i], store);
        store.progress("local", ++done, pending.size());
    });
    std::vector<refused_worker> failed;
    for (std::size_t i = 0; i < failures.size(); ++i) {
        if (!failures[i].empty()) failed.push_back({pending[i], failures[i]});
    }
    return failed;
}

namespace detail {

/// The images that the merge scores with: statistics from clean training images of the pool, accuracy on
/// held-out ones.
inline std::pair<image_part, image_part> merge_images(const pipeline_context &context) {
    std::vector<std::int64_t> observed = context.pool;
    rng({.seed = context.settings.seed, .stage = stream::observe}).shuffle(std::span(observed));
    observed.resize(std::min(observed.size(), context.settings.observe_images));
    return {image_part(context.train, std::move(observed)), image_part(context.train, context.held_out)};
}

/// The local stage's cost out of its workers': the sums, and the time they take side by side on the threads
/// at hand. A refused worker's cost was paid too.
inline stage_cost sum_workers(std::span<const worker_upload> uploads, std::size_t threads) {
    stage_cost sum{.name = "local"};
    for (const auto &upload : uploads) {
        sum.wall_s += upload.cost.wall_s / static_cast<double>(std::min(threads, uploads.size()));
        sum.cpu_s += upload.cost.cpu_s;
        sum.samples_read += upload.cost.samples_read;
        sum.forward += upload.cost.forward;
        sum.backward += upload.cost.backward;
        sum.bytes_to_workers += upload.cost.bytes_to_workers;
        sum.bytes_from_workers += upload.cost.bytes_from_workers;
        sum.peak_mib = std::max(sum.peak_mib, upload.cost.peak_mib);
    }
    return sum;
}

} // namespace detail

/// The soup of all whole uploads; the others are named with their reasons. Made once, then loaded.
/// errors: S05 no whole upload
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<float> merge(const pipeline_context &context, Training &backend, const Tensor &tensor,
                         Store &store, std::span<const refused_worker> failed = {}) {
    if (auto kept = store.load_state("soup")) return std::move(*kept);
    const auto &settings = context.settings;
    const auto theta_star = store.load_state("theta_star");
    require(theta_star.has_value(), "S06", "merge: there is no theta_star: run `lipt plan` first");
    meter clock;
    std::vector<worker_upload> uploads;
    for (std::size_t w = 0; w < settings.shards.workers; ++w) uploads.push_back(store.load_worker(w));
    merge_report report{.options = settings.soup, .scored_images = context.held_out.size()};
    std::vector<std::size_t> whole;
    std::vector<std::span<const float>> weights;
    for (std::size_t w = 0; w < uploads.size(); ++w) {
        if (uploads[w].refused.empty()) {
            whole.push_back(w);
            weights.push_back(uploads[w].result.weights);
            continue;
        }
        const auto cause =
            std::find_if(failed.begin(), failed.end(), [&](const auto &f) { return f.worker == w; });
        report.refused.push_back({w, cause == failed.end() ? uploads[w].refused : cause->reason});
    }
    require(!whole.empty(), "S05", "merge: none of ", uploads.size(), " workers has delivered: worker 0: ",
            report.refused.empty() ? "" : report.refused.front().reason);
    const auto [observe, held_out] = detail::merge_images(context);
    const merge_data data{observe.view(), held_out.view()};
    const auto merged = merge_workers(
        backend, tensor, *theta_star, weights, data,
        {.soup = settings.soup, .statistics = settings.statistics, .batch_size = settings.shards.batch_size});
    report.theta_star_accuracy = merged.theta_star_accuracy;
    report.accuracy = merged.soup.score;
    report.evaluations = merged.soup.evaluations;
    report.ingredients = merged.soup.ingredients;
    for (auto &ingredient : report.ingredients) {
        ingredient.worker = whole[ingredient.worker];
        report.densities.push_back(uploads[ingredient.worker].result.density);
    }
    stage_cost cost{.name = "merge", .peak_mib = store.peak_mib()};
    cost.add_forward(merged.forward);
    clock.charge(cost);
    store.record(detail::sum_workers(uploads, settings.threads));
    store.record(cost);
    store.save_merge(report);
    store.save_state("soup", merged.weights);
    return merged.weights;
}

/// Conventional pre-training: runs from different random weights on the whole pool, each with its
/// checkpoints. shapes: result `full_runs` of (S). cost: runs x epochs x pool forward and backward
template <training_backend Training, pipeline_store Store>
std::vector<std::vector<float>> pretrain_full(const pipeline_context &context, Training &backend,
                                              Store &store) {
    const auto &settings = context.settings;
    stage_cost total{.name = "pretrain"};
    std::vector<std::vector<float>> models;
    for (std::size_t r = 0; r < settings.full_runs; ++r) {
        const auto run = static_cast<std::uint32_t>(r);
        auto done = run_training(backend,
                                 {.name = text("pretrain-", r),
                                  .set = context.train,
                                  .options = settings.full,
                                  .streams = {.seed = settings.seed,
                                              .order = stream::initialize_order,
                                              .augment = stream::initialize_augment,
                                              .worker = run}},
                                 initial_weights(context.spec, settings.seed, run),
                                 every_epoch({.indices = context.pool}), store);
        total.wall_s += done.cost.wall_s;
        total.cpu_s += done.cost.cpu_s;
        total.add_training(done.cost.forward);
        models.push_back(std::move(done.state.weights));
    }
    total.peak_mib = store.peak_mib();
    store.record(total);
    return models;
}

} // namespace lipt
