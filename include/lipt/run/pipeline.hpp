// The stages composed: pre-training, selection and main training, with everything kept in a store between
// them. The only header that sees them all.
#pragma once

#include <lipt/pretrain/pretraining.hpp>
#include <lipt/run/choose.hpp>
#include <lipt/run/trials.hpp>
#include <lipt/train/main_training.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt {

/// What a run ends with.
struct pipeline_result {
    selection subset{};
    checkpoint trained{}; ///< weights, history and cost of the main training
};

namespace detail {

template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
selection select_by_name(const pipeline_context &context, Training &backend, const Tensor &tensor,
                         Store &store, stage_cost &features_cost, stage_cost &select_cost) {
    auto method = resolved_method(context, store);
    method.options.progress = [&](std::size_t done, std::size_t of) { store.progress("select", done, of); };
    const auto models =
        needs_model(method.info) ? feature_models(context, store) : std::vector<std::vector<float>>{};
    if (!models.empty()) store.progress("features", 0, models.size());
    return choose_subset(context, backend, tensor, method, models, 0, features_cost, select_cost);
}

/// The trials' choice, with their report kept for who asks why.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
selection select_by_trials(const pipeline_context &context, Training &backend, const Tensor &tensor,
                           Store &store, stage_cost &features_cost, stage_cost &select_cost) {
    meter clock;
    const auto models = feature_models(context, store);
    store.progress("features", 0, 1);
    backend.load(models.front(), {});
    auto features = candidates_of<Tensor>(context);
    add_outputs(context, backend, tensor, features, features_cost);
    clock.charge(features_cost);
    auto [chosen, report] =
        choose_by_trials(context, backend, tensor, features, starting_weights(context, store), select_cost);
    store.save_trials(report);
    clock.charge(select_cost);
    return std::move(chosen);
}

} // namespace detail

/// Chooses the subset and keeps it; made once, then loaded.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
selection select_subset(const pipeline_context &context, Training &backend, const Tensor &tensor,
                        Store &store) {
    if (auto kept = store.load_selection(0)) return std::move(kept->chosen);
    stage_cost features{.name = "features"}, select_cost{.name = "select"};
    auto chosen = context.settings.selector == automatic
                      ? detail::select_by_trials(context, backend, tensor, store, features, select_cost)
                      : detail::select_by_name(context, backend, tensor, store, features, select_cost);
    require(!chosen.indices.empty(), "U11", "select: --fraction ", context.settings.fraction, " of ",
            context.train.size(), " samples keeps none: raise it");
    features.peak_mib = select_cost.peak_mib = store.peak_mib();
    store.record(features);
    store.record(select_cost);
    store.save_selection({.chosen = chosen, .epoch = 0});
    return chosen;
}

/// The main training on the subset, with re-selection or a fresh random subset each epoch where the settings
/// say so. cost: epochs*k forward and backward, and one pass over the training set a re-selection
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
checkpoint train_on_subset(const pipeline_context &context, Training &backend, const Tensor &tensor,
                           const selection &subset, Store &store) {
    const auto &settings = context.settings;
    training_task task{.name = "train",
                       .set = context.train,
                       .options = settings.main,
                       .streams = {.seed = settings.seed},
                       .test = context.test,
                       .evaluate_every = settings.evaluate_every};
    if (settings.equal_steps) {
        task.options.epochs *=
            static_cast<double>(context.train.size()) / static_cast<double>(subset.indices.size());
    }
    const auto method = resolved_method(context, store);
    const bool fresh_each_epoch = method.info.resampled;
    stage_cost again{.name = "train"};
    const auto source = [&](std::size_t epoch) {
        if (fresh_each_epoch) {
            return samples_of(choose_subset(context, backend, tensor, method, {},
                                            static_cast<std::uint32_t>(epoch), again, again),
                              settings.use_weights);
        }
        if (settings.reselect_every == 0) return samples_of(subset, settings.use_weights);
        auto newest = store.load_selection(epoch);
        if (epoch > 0 && epoch % settings.reselect_every == 0 && (!newest || newest->epoch != epoch)) {
            const std::vector<std::vector<float>> present(needs_model(method.info) ? 1 : 0);
            newest = {choose_subset(context, backend, tensor, method, present,
                                    static_cast<std::uint32_t>(epoch), again, again),
                      epoch};
            store.save_selection(*newest);
        }
        return samples_of(newest ? newest->chosen : subset, settings.use_weights);
    };
    auto done = run_training(backend, task, starting_weights(context, store), source, store);
    done.cost.peak_mib = store.peak_mib();
    // Counted from the settings, not from what this process did: a run that was killed in between must add up
    // alike.
    if (settings.reselect_every > 0 && needs_model(method.info)) {
        const auto epochs = detail::whole_epochs(task.options.epochs);
        done.cost.add_forward((epochs - 1) / settings.reselect_every * context.train.size());
    }
    store.record(done.cost);
    store.save_state("final", done.state.weights);
    return done;
}

/// Everything, from the data to the trained model. A store that already has a stage's output skips that
/// stage. source: [Ro2023] Figure 1
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
pipeline_result run_pipeline(const pipeline_context &context, const Tensor &tensor, Store &store) {
    check_models(context.settings);
    auto backend = Training::make(context.spec, backend_of(context.settings, context.settings.threads));
    if (context.settings.pretrain == pretrain_kind::lipt) {
        initialize(context, backend, store);
        const auto shards = plan(context, store);
        for (auto round = current_round(context.settings, store); round < context.settings.rounds; ++round) {
            const auto failed = work_all<Training>(context, tensor, shards, store);
            merge(context, backend, tensor, store, failed);
        }
    } else if (context.settings.pretrain == pretrain_kind::full) {
        pretrain_full(context, backend, store);
    }
    pipeline_result result{.subset = select_subset(context, backend, tensor, store)};
    result.trained = train_on_subset(context, backend, tensor, result.subset, store);
    return result;
}

} // namespace lipt
