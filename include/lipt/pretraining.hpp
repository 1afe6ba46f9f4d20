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
#include <numeric>
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

/// The shards of all workers, planned and cut out of the data set, since a shard travels as data; made once,
/// then loaded.
template <pipeline_store Store>
shard_plan plan(const pipeline_context &context, Store &store) {
    if (auto kept = store.load_plan()) return std::move(*kept);
    auto made = plan_shards(context.pool, context.train.labels, context.train.classes,
                            context.settings.shards, context.settings.seed);
    image_batch images;
    for (std::size_t w = 0; w < made.shards.size(); ++w) {
        // Images that are read come in the view for evaluation, and RandAugment does the rest.
        gather(context.train, {.indices = made.shards[w]}, images);
        store.save_shard(w, images);
    }
    store.save_plan(made); // last: it says that the shards are there
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

/// One worker, from what was sent to it to what it sends back: a pure function of its arguments, time and
/// memory aside, that needs nothing of the data set. errors: as train_locally
template <training_backend Training, tensor_backend Tensor>
worker_upload train_worker(const network_spec &spec, const pipeline_settings &settings, const Tensor &tensor,
                           std::span<const float> theta_star, const worker_shard &shard, std::size_t worker) {
    meter clock(meter::scope::thread);
    auto backend = Training::make(spec, backend_of(settings, 1, worker));
    const image_set images{.pixels = shard.images.pixels,
                           .labels = shard.images.labels,
                           .shape = spec.image,
                           .classes = spec.classes};
    worker_upload upload{.cost = {.name = "local"}};
    upload.result = train_locally(backend, tensor, images, theta_star, static_cast<std::uint32_t>(worker),
                                  settings.local, settings.seed);
    upload.cost.add_training(upload.result.samples);
    upload.cost.bytes_to_workers = shard.bytes + theta_star.size() * sizeof(float);
    upload.cost.bytes_from_workers = upload_bytes(upload.result);
    clock.charge(upload.cost);
    return upload;
}

/// One worker, from its shard in the store to its upload there; nothing is done again where a whole upload is
/// there. errors: Q03 no such worker, S06 no shard; as train_locally
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
void work(const network_spec &spec, const pipeline_settings &settings, const Tensor &tensor,
          std::span<const float> theta_star, std::size_t worker, Store &store) {
    require(worker < settings.shards.workers, "Q03", "worker: number ", worker, ", expected 0 to ",
            settings.shards.workers - 1);
    if (store.load_worker(worker).refused.empty()) return;
    const auto shard = store.load_shard(worker);
    require(shard.has_value(), "S06", "worker: there is no shard ", worker, ": run `lipt plan` first");
    auto upload = train_worker<Training>(spec, settings, tensor, theta_star, *shard, worker);
    upload.cost.peak_mib = store.peak_mib();
    store.save_worker(worker, upload);
}

/// The same for a worker of this plan.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
void work(const pipeline_context &context, const Tensor &tensor, std::span<const float> theta_star,
          const shard_plan &shards, std::size_t worker, Store &store) {
    require(worker < shards.shards.size(), "Q03", "worker: number ", worker, ", expected 0 to ",
            shards.shards.size() - 1);
    work<Training>(context.spec, context.settings, tensor, theta_star, worker, store);
}

/// The workers that have yet to deliver: all without a whole upload, or where there is a soup already, those
/// that it had to do without.
template <pipeline_store Store>
std::vector<std::size_t> pending_workers(const shard_plan &shards, Store &store) {
    std::vector<std::size_t> asked(shards.shards.size());
    std::iota(asked.begin(), asked.end(), std::size_t{0});
    if (store.load_state("soup")) {
        asked.clear();
        for (const auto &one : store.load_refused()) asked.push_back(one.worker);
    }
    std::erase_if(asked, [&](std::size_t worker) { return store.load_worker(worker).refused.empty(); });
    return asked;
}

/// All workers that have not delivered yet. Returns what went wrong, a worker; a failed one is simply not
/// merged.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<refused_worker> work_all(const pipeline_context &context, const Tensor &tensor,
                                     std::span<const float> theta_star, const shard_plan &shards,
                                     Store &store) {
    const auto pending = pending_workers(shards, store);
    if (pending.empty()) return {};
    std::atomic<std::size_t> done{0}; // workers may run side by side and end in any order
    const auto failures = context.launch(pending, [&](std::size_t worker) {
        work<Training>(context, tensor, theta_star, shards, worker, store);
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

/// Whether a worker that the soup had to do without has delivered since.
template <pipeline_store Store>
bool soup_is_behind(Store &store) {
    const auto refused = store.load_refused();
    return std::any_of(refused.begin(), refused.end(),
                       [&](const auto &one) { return store.load_worker(one.worker).refused.empty(); });
}

/// Names the workers that are not there, some of them where there are many.
inline std::string named(std::span<const refused_worker> refused) {
    constexpr std::size_t most = 3;
    std::string all;
    for (std::size_t i = 0; i < std::min(most, refused.size()); ++i)
        all += text(i == 0 ? "" : "; ", "worker ", refused[i].worker, ": ", refused[i].reason);
    if (refused.size() > most) all += text("; and ", refused.size() - most, " more");
    return all;
}

} // namespace detail

/// The soup of all whole uploads; the others are named with their reasons. Made once, then loaded, and made
/// again with all that follows from it where a worker that it lacks has delivered since. The order in which
/// the uploads came changes nothing.
/// errors: S05 no whole upload, S07 fewer than context.min_workers
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<float> merge(const pipeline_context &context, Training &backend, const Tensor &tensor,
                         Store &store, std::span<const refused_worker> failed = {}) {
    auto kept = store.load_state("soup");
    if (kept && !detail::soup_is_behind(store)) return std::move(*kept);
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
    require(!whole.empty(), "S05", "merge: none of ", uploads.size(),
            " workers has delivered: ", detail::named(report.refused));
    require(whole.size() >= context.min_workers, "S07", "merge: ", whole.size(), " of ", uploads.size(),
            " workers have delivered, --min-workers asks for ", context.min_workers, ": ",
            detail::named(report.refused), ". Run them again, or lower --min-workers");
    if (kept) store.forget_soup();
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
