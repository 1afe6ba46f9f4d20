// The stages composed: pre-training, selection and main training, with everything kept in a store between
// them. The only header that sees them all.
#pragma once

#include <lipt/pretraining.hpp>
#include <lipt/select/methods.hpp>

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
    selection subset;
    checkpoint trained; ///< weights, history and cost of the main training
};

namespace detail {

/// Fills in the training set's numbers, in place: a method ranks the pool, everybody else counts samples of
/// the set.
inline void to_set_indices(selection &chosen, std::span<const std::int64_t> ranked, std::size_t set_size) {
    for (auto &index : chosen.indices) index = ranked[static_cast<std::size_t>(index)];
    if (chosen.scores.empty()) return;
    std::vector<float> scores(set_size, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < ranked.size(); ++i)
        scores[static_cast<std::size_t>(ranked[i])] = chosen.scores[i];
    chosen.scores = std::move(scores);
}

inline std::vector<std::int32_t> labels_of(const image_set &set, std::span<const std::int64_t> indices) {
    std::vector<std::int32_t> labels;
    for (const auto i : indices) labels.push_back(set.labels[static_cast<std::size_t>(i)]);
    return labels;
}

/// Every sample that may be selected, ascending.
inline std::vector<std::int64_t> ranked_samples(const pipeline_context &context) {
    std::vector<std::int64_t> ranked = context.pool;
    if (context.settings.rank_held_out) {
        ranked.insert(ranked.end(), context.held_out.begin(), context.held_out.end());
        std::sort(ranked.begin(), ranked.end());
    }
    return ranked;
}

/// One clean pass over the training set with the backend's present weights, as gradients of the ranked
/// samples and as a validation set of the held-out ones.
template <tensor_backend Tensor>
struct feature_pass {
    last_layer_gradients<Tensor> gradients;
    validation_set<Tensor> validation;
};

template <training_backend Training, tensor_backend Tensor>
feature_pass<Tensor> make_features(const pipeline_context &context, Training &backend, const Tensor &tensor,
                                   std::span<const std::int64_t> ranked,
                                   std::span<const std::int32_t> ranked_labels, stage_cost &cost) {
    const auto output = backend.forward(context.train.pixels, context.train.size());
    cost.add_forward(context.train.size());
    const auto logits = tensor.from_host(output.logits), embeddings = tensor.from_host(output.embeddings);
    feature_pass<Tensor> pass;
    pass.gradients = make_gradients(tensor, tensor.gather_rows(logits, ranked),
                                    tensor.gather_rows(embeddings, ranked), ranked_labels);
    pass.validation = {.logits = tensor.gather_rows(logits, context.held_out),
                       .embeddings = tensor.gather_rows(embeddings, context.held_out),
                       .labels = labels_of(context.train, context.held_out)};
    return pass;
}

} // namespace detail

/// Checks that the selector can use what the pre-training makes, before that is paid for.
/// errors: C01 unknown selector, U18 several models for a method that is no scorer
inline void check_models(const pipeline_settings &settings) {
    const auto &method = find_method(settings.selector);
    const bool several = (settings.pretrain == pretrain_kind::full && settings.full_runs > 1) ||
                         settings.features == features_kind::ensemble;
    require(!several || method.scorer || !(method.gradients || method.validation), "U18",
            "settings: ", settings.selector,
            " cannot use several models, only scores can be averaged: use --pretrain-runs 1 and "
            "--features soup, or a selector that scores");
}

/// Chooses the subset from one or several models' gradients; several average their scores, so the method must
/// be a scorer then. A method that needs no gradients is given no model. shapes: models any number of (S); an
/// empty list of weights means the backend's present weights errors: C-ids of select, C20 several models for
/// a method that is no scorer cost: one pass forward over the training set a model, and the method's own
template <training_backend Training, tensor_backend Tensor>
selection choose_subset(const pipeline_context &context, Training &backend, const Tensor &tensor,
                        std::span<const std::vector<float>> models, std::uint32_t epoch, stage_cost &features,
                        stage_cost &select_cost) {
    const auto &settings = context.settings;
    const auto &method = find_method(settings.selector);
    const auto ranked = detail::ranked_samples(context);
    const auto labels = detail::labels_of(context.train, ranked);
    selection_problem<Tensor> problem{.labels = labels,
                                      .classes = context.train.classes,
                                      .fraction = settings.fraction,
                                      .balanced = settings.balanced};
    require(models.size() <= 1 || method.scorer, "C20", "select: ", settings.selector, " was given ",
            models.size(),
            " models, expected 1: only scores can be averaged (--features soup, --pretrain-runs 1)");
    select_options options = settings.method;
    options.seed = settings.seed;
    options.epoch = epoch;
    detail::feature_pass<Tensor> pass;
    score_mean scores;
    meter clock;
    for (std::size_t m = 0; m < models.size(); ++m) {
        if (!models[m].empty()) backend.load(models[m], {});
        pass = detail::make_features(context, backend, tensor, ranked, labels, features);
        problem.gradients = from_memory(tensor, pass.gradients);
        problem.validation = &pass.validation;
        clock.charge(features);
        if (models.size() > 1) scores.add(select(tensor, settings.selector, problem, options).scores);
        clock.charge(select_cost);
    }
    const auto mean = scores.mean();
    problem.scores = mean;
    auto chosen = select(tensor, settings.selector, problem, options);
    detail::to_set_indices(chosen, ranked, context.train.size());
    clock.charge(select_cost);
    return chosen;
}

/// The models whose gradients choose the subset, by the kind of pre-training. shapes: any number of (S)
/// errors: S06 a model that is not there yet
template <pipeline_store Store>
std::vector<std::vector<float>> feature_models(const pipeline_context &context, Store &store) {
    const auto &settings = context.settings;
    std::vector<std::vector<float>> models;
    if (settings.pretrain == pretrain_kind::none) {
        models.push_back(initial_weights(context.spec, settings.seed));
    } else if (settings.pretrain == pretrain_kind::full) {
        for (std::size_t r = 0; r < settings.full_runs; ++r) {
            const auto kept = store.load_checkpoint(text("pretrain-", r));
            require(kept && kept->epochs == detail::whole_epochs(settings.full.epochs), "S06",
                    "select: the conventional pre-training is not finished: start `lipt run` again");
            models.push_back(kept->state.weights);
        }
    } else if (settings.features == features_kind::ensemble) {
        for (std::size_t w = 0; w < settings.shards.workers; ++w) {
            auto upload = store.load_worker(w);
            if (upload.refused.empty()) models.push_back(std::move(upload.result.weights));
        }
        require(!models.empty(), "S06", "select: no worker has delivered: run `lipt worker` first");
    } else {
        auto soup = store.load_state("soup");
        require(soup.has_value(), "S06", "select: there is no soup: run `lipt merge` first");
        models.push_back(std::move(*soup));
    }
    return models;
}

/// Whether the selector looks at a model at all.
inline bool needs_model(const pipeline_context &context) {
    const auto &method = find_method(context.settings.selector);
    return method.gradients || method.validation;
}

/// Chooses the subset and keeps it; made once, then loaded.
template <training_backend Training, tensor_backend Tensor, pipeline_store Store>
selection select_subset(const pipeline_context &context, Training &backend, const Tensor &tensor,
                        Store &store) {
    if (auto kept = store.load_selection(0)) return std::move(kept->chosen);
    stage_cost features{.name = "features"}, select_cost{.name = "select"};
    const auto models =
        needs_model(context) ? feature_models(context, store) : std::vector<std::vector<float>>{};
    auto chosen = choose_subset(context, backend, tensor, models, 0, features, select_cost);
    require(!chosen.indices.empty(), "U11", "select: --fraction ", context.settings.fraction, " of ",
            context.train.size(), " samples keeps none: raise it");
    features.peak_mib = select_cost.peak_mib = store.peak_mib();
    store.record(features);
    store.record(select_cost);
    store.save_selection({.chosen = chosen, .epoch = 0});
    return chosen;
}

/// The weights that the main training starts from. Fresh ones differ from those of the common start, which
/// has the same seed. errors: S06 they are not there
template <pipeline_store Store>
std::vector<float> starting_weights(const pipeline_context &context, Store &store) {
    const auto &settings = context.settings;
    constexpr std::uint32_t fresh_run = 0xFFFF;
    if (settings.start == start_kind::fresh) return initial_weights(context.spec, settings.seed, fresh_run);
    std::optional<std::vector<float>> kept;
    if (settings.start == start_kind::theta_star || settings.pretrain == pretrain_kind::lipt) {
        kept = store.load_state(settings.start == start_kind::theta_star ? "theta_star" : "soup");
    } else if (settings.pretrain == pretrain_kind::full) {
        if (const auto done = store.load_checkpoint("pretrain-0")) kept = done->state.weights;
    }
    require(kept.has_value(), "S06",
            "train: the weights to start from are not there: run the pre-training first");
    return std::move(*kept);
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
    const bool fresh_each_epoch = find_method(settings.selector).resampled;
    stage_cost again{.name = "train"};
    const auto source = [&](std::size_t epoch) {
        if (fresh_each_epoch) {
            return samples_of(
                choose_subset(context, backend, tensor, {}, static_cast<std::uint32_t>(epoch), again, again),
                settings.use_weights);
        }
        if (settings.reselect_every == 0) return samples_of(subset, settings.use_weights);
        auto newest = store.load_selection(epoch);
        if (epoch > 0 && epoch % settings.reselect_every == 0 && (!newest || newest->epoch != epoch)) {
            const std::vector<std::vector<float>> present(needs_model(context) ? 1 : 0);
            newest = {choose_subset(context, backend, tensor, present, static_cast<std::uint32_t>(epoch),
                                    again, again),
                      epoch};
            store.save_selection(*newest);
        }
        return samples_of(newest ? newest->chosen : subset, settings.use_weights);
    };
    auto done = run_training(backend, task, starting_weights(context, store), source, store);
    done.cost.peak_mib = store.peak_mib();
    // Counted from the settings, not from what this process did: a run that was killed in between must add up
    // alike.
    if (settings.reselect_every > 0 && needs_model(context)) {
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
    auto backend = Training::make(context.spec, {.threads = context.settings.threads});
    if (context.settings.pretrain == pretrain_kind::lipt) {
        const auto theta_star = initialize(context, backend, store);
        const auto shards = plan(context, store);
        std::vector<refused_worker> failed;
        if (!store.load_state("soup"))
            failed = work_all<Training>(context, tensor, theta_star, shards, store);
        merge(context, backend, tensor, store, failed);
    } else if (context.settings.pretrain == pretrain_kind::full) {
        pretrain_full(context, backend, store);
    }
    pipeline_result result{.subset = select_subset(context, backend, tensor, store)};
    result.trained = train_on_subset(context, backend, tensor, result.subset, store);
    return result;
}

} // namespace lipt
