// The stage of the workers: their shards, what one of them does, and the rounds.
#pragma once

#include <lipt/pretrain/local.hpp>
#include <lipt/run/context.hpp>
#include <lipt/run/meter.hpp>
#include <lipt/run/store.hpp>

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

/// What the store calls the soup of a round: the start of the next, but for the last.
inline std::string soup_name(const pipeline_settings &settings, std::size_t round) {
    return round + 1 == settings.rounds ? "soup" : start_name(round + 1);
}

/// The shards of all workers of all rounds, planned and cut out of the data set, since a shard travels as
/// data; made once, then loaded.
template <pipeline_store Store>
shard_plan plan(const pipeline_context &context, Store &store) {
    if (auto kept = store.load_plan()) return std::move(*kept);
    auto made = plan_shards(context.pool, context.train.labels, context.train.classes,
                            shards_of(context.settings), context.settings.seed);
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
    worker_upload upload{.cost = {.name = "local", .begun_s = meter::now_s()}};
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
    require(worker < all_workers(settings), "Q03", "worker: number ", worker, ", expected 0 to ",
            all_workers(settings) - 1);
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

namespace detail {

/// The weights that a round begins with. errors: S06 they are not there
template <pipeline_store Store>
std::vector<float> start_of(std::size_t round, Store &store) {
    auto weights = store.load_state(start_name(round));
    require(weights.has_value(), "S06", "workers: there is no ", start_name(round), ": run ",
            round == 0 ? "`lipt plan`" : "`lipt merge` on the round before", " first");
    return std::move(*weights);
}

} // namespace detail

/// The round at hand, from 0: the earliest that has no soup yet, or the last.
template <pipeline_store Store>
std::size_t current_round(const pipeline_settings &settings, Store &store) {
    std::size_t round = 0;
    while (round + 1 < settings.rounds && store.load_state(soup_name(settings, round))) ++round;
    return round;
}

/// The workers of the round at hand that have yet to deliver: all without a whole upload, or where there is a
/// soup already, those that it had to do without.
template <pipeline_store Store>
std::vector<std::size_t> pending_workers(const pipeline_settings &settings, Store &store) {
    std::vector<std::size_t> asked(settings.shards.workers);
    std::iota(asked.begin(), asked.end(), current_round(settings, store) * settings.shards.workers);
    if (store.load_state("soup")) {
        asked.clear();
        for (const auto &one : store.load_refused()) asked.push_back(one.worker);
    }
    std::erase_if(asked, [&](std::size_t worker) { return store.load_worker(worker).refused.empty(); });
    return asked;
}

/// All workers of the round at hand that have not delivered yet. Returns what went wrong, a worker; a failed
/// one is simply not merged.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<refused_worker> work_all(const pipeline_context &context, const Tensor &tensor,
                                     const shard_plan &shards, Store &store) {
    const auto pending = pending_workers(context.settings, store);
    if (pending.empty()) return {};
    const auto theta_star = detail::start_of(current_round(context.settings, store), store);
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

} // namespace lipt
