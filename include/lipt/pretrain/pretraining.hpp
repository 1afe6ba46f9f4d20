// The stages before the selection that train or score on the data set itself: the common start, the soup of
// the workers of a round; or conventional pre-training.
#pragma once

#include <lipt/image_part.hpp>
#include <lipt/pretrain/merge.hpp>
#include <lipt/pretrain/workers.hpp>
#include <lipt/run/context.hpp>
#include <lipt/run/meter.hpp>
#include <lipt/run/store.hpp>
#include <lipt/train/main_training.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
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

namespace detail {

/// The images that the merge scores with: statistics from clean training images of the pool, accuracy on
/// held-out ones.
inline std::pair<image_part, image_part> merge_images(const pipeline_context &context) {
    std::vector<std::int64_t> observed = context.pool;
    rng({.seed = context.settings.seed, .stage = stream::observe}).shuffle(std::span(observed));
    observed.resize(std::min(observed.size(), context.settings.observe_images));
    return {image_part(context.train, std::move(observed)), image_part(context.train, context.held_out)};
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

/// Uploads by the number of the worker.
using numbered_uploads = std::map<std::size_t, worker_upload>;

template <pipeline_store Store>
numbered_uploads uploads_of(const pipeline_settings &settings, std::size_t round, Store &store) {
    numbered_uploads uploads;
    const auto workers = settings.shards.workers;
    for (std::size_t w = round * workers; w < (round + 1) * workers; ++w)
        uploads.emplace(w, store.load_worker(w))
            .first->second.result.keep_mask = {}; // the weights have its zeros
    return uploads;
}

/// Those that are not whole; what a launcher says of one that failed comes before what its upload lacks.
inline std::vector<refused_worker> refused_of(const numbered_uploads &uploads,
                                              std::span<const refused_worker> failed) {
    std::vector<refused_worker> refused;
    for (const auto &[worker, upload] : uploads) {
        if (upload.refused.empty()) continue;
        const auto cause =
            std::find_if(failed.begin(), failed.end(), [&](const auto &f) { return f.worker == worker; });
        refused.push_back({worker, cause == failed.end() ? upload.refused : cause->reason});
    }
    return refused;
}

/// errors: S07 fewer than context.min_workers have delivered
inline void require_enough(const pipeline_context &context, std::size_t workers,
                           std::span<const refused_worker> refused) {
    const auto delivered = workers - std::min(workers, refused.size());
    require(delivered >= context.min_workers, "S07", "merge: ", delivered, " of ", workers,
            " workers have delivered, --min-workers asks for ", context.min_workers, ": ", named(refused),
            ". Run them again, or lower --min-workers");
}

/// What was merged, with the numbers of the workers in place of positions among those that delivered.
template <tensor_backend Tensor>
void describe(const merge_result<Tensor> &merged, const numbered_uploads &uploads, merge_report &report) {
    report.theta_star_accuracy = merged.theta_star_accuracy;
    report.accuracy = merged.soup.score;
    report.evaluations = merged.soup.evaluations;
    report.ingredients = merged.soup.ingredients;
    std::vector<std::size_t> delivered;
    for (const auto &[worker, upload] : uploads) {
        if (upload.refused.empty()) delivered.push_back(worker);
    }
    for (auto &ingredient : report.ingredients) {
        ingredient.worker = delivered[ingredient.worker];
        report.densities.push_back(uploads.at(ingredient.worker).result.density);
    }
}

/// Seconds in which at least one of them was at work.
inline double time_of_any(std::vector<std::pair<double, double>> spans) {
    std::sort(spans.begin(), spans.end());
    double total = 0, until = 0;
    for (const auto &[from, to] : spans) {
        total += std::max(0.0, to - std::max(from, until));
        until = std::max(until, to);
    }
    return total;
}

/// The local stage's cost out of its workers': the sums, and the time in which any of them was at work. A
/// refused worker's cost was paid too.
inline stage_cost sum_workers(const numbered_uploads &uploads) {
    stage_cost sum{.name = "local"};
    std::vector<std::pair<double, double>> spans;
    for (const auto &[worker, upload] : uploads) {
        sum.add(upload.cost);
        spans.emplace_back(upload.cost.begun_s, upload.cost.begun_s + upload.cost.wall_s);
    }
    sum.wall_s = time_of_any(std::move(spans));
    return sum;
}

/// Records what a stage has cost up to this round: under its own name after the last round, with the round's
/// number after an earlier one.
template <pipeline_store Store>
void record_round(stage_cost cost, const merge_report &report, Store &store) {
    const auto stage = cost.name;
    if (report.round > 1) {
        if (const auto before = store.cost_of(text(stage, "-", report.round - 1))) cost.add(*before);
    }
    if (report.round < report.rounds) cost.name = text(stage, "-", report.round);
    store.record(cost);
}

/// Whether a worker that the soup had to do without has delivered since.
template <pipeline_store Store>
bool soup_is_behind(Store &store) {
    const auto refused = store.load_refused();
    return std::any_of(refused.begin(), refused.end(),
                       [&](const auto &one) { return store.load_worker(one.worker).refused.empty(); });
}

} // namespace detail

/// The soup of the whole uploads of the round at hand; the others are named with their reasons. Made once,
/// then loaded. The last round's is made again with all that follows from it where a worker that it lacks has
/// delivered since; an earlier one stays as it is. The order in which the uploads came changes nothing.
/// errors: S05 no whole upload, S07 fewer than context.min_workers
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
std::vector<float> merge(const pipeline_context &context, Training &backend, const Tensor &tensor,
                         Store &store, std::span<const refused_worker> failed = {}) {
    const auto &settings = context.settings;
    auto kept = store.load_state("soup");
    if (kept && !detail::soup_is_behind(store)) {
        detail::require_enough(context, settings.shards.workers, store.load_refused());
        return std::move(*kept);
    }
    const auto round = current_round(settings, store);
    const auto theta_star = detail::start_of(round, store);
    meter clock;
    auto uploads = detail::uploads_of(settings, round, store);
    merge_report report{.options = settings.soup,
                        .scored_images = context.held_out.size(),
                        .refused = detail::refused_of(uploads, failed),
                        .round = round + 1,
                        .rounds = settings.rounds};
    const auto delivered = uploads.size() - report.refused.size();
    require(delivered > 0, "S05", "merge: none of ", uploads.size(),
            " workers has delivered: ", detail::named(report.refused));
    detail::require_enough(context, uploads.size(), report.refused);
    if (kept) store.forget_soup();
    std::vector<std::vector<float>> weights;
    for (auto &[worker, upload] : uploads) {
        if (upload.refused.empty()) weights.push_back(std::move(upload.result.weights));
    }
    const auto [observe, held_out] = detail::merge_images(context);
    const merge_data data{observe.view(), held_out.view()};
    // The common start, each worker alone, and the shares tried of each that may join.
    const std::size_t scores = 1 + delivered + (delivered - 1) * settings.soup.points;
    const auto merged = merge_workers(
        backend, tensor, theta_star, std::move(weights), data,
        {.soup = settings.soup,
         .statistics = settings.statistics,
         .batch_size = settings.shards.batch_size,
         .scored = [&](std::size_t done) { store.progress("merge", std::min(done, scores), scores); }});
    detail::describe(merged, uploads, report);
    stage_cost cost{.name = "merge", .peak_mib = store.peak_mib()};
    cost.add_forward(merged.forward);
    clock.charge(cost);
    detail::record_round(detail::sum_workers(uploads), report, store);
    detail::record_round(cost, report, store);
    store.save_merge(report);
    store.save_state(soup_name(settings, round), merged.weights);
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
