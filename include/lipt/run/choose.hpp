// What the selection is made from: the models that the pre-training left, their outputs on the training set,
// and one method's choice among the samples that may be kept.
#pragma once

#include <lipt/run/context.hpp>
#include <lipt/run/meter.hpp>
#include <lipt/run/store.hpp>
#include <lipt/select/named_method.hpp>
#include <lipt/train/evaluation.hpp>
#include <lipt/training.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt {

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

} // namespace detail

/// The samples that may be selected, and one model's outputs on them; without a model only the samples.
/// shapes: ranked (R) into the training set, labels (R), gradients of R, validation of the held-out samples
template <tensor_backend Tensor>
struct candidate_features {
    std::vector<std::int64_t> ranked{};
    std::vector<std::int32_t> labels{};
    last_layer_gradients<Tensor> gradients{};
    validation_set<Tensor> validation{};
    bool modelled = false;
};

/// The samples that may be selected, before any model has seen them.
template <tensor_backend Tensor>
candidate_features<Tensor> candidates_of(const pipeline_context &context) {
    candidate_features<Tensor> features;
    features.ranked = detail::ranked_samples(context);
    features.labels = detail::labels_of(context.train, features.ranked);
    return features;
}

/// Adds the outputs of the backend's present weights. cost: one pass forward over the training set
template <training_backend Training, tensor_backend Tensor>
void add_outputs(const pipeline_context &context, Training &backend, const Tensor &tensor,
                 candidate_features<Tensor> &features, stage_cost &cost) {
    const auto output = outputs_on(backend, context.train);
    cost.add_forward(context.train.size());
    const auto logits = tensor.from_host(output.logits), embeddings = tensor.from_host(output.embeddings);
    features.gradients = make_gradients(tensor, tensor.gather_rows(logits, features.ranked),
                                        tensor.gather_rows(embeddings, features.ranked), features.labels);
    features.validation = {.logits = tensor.gather_rows(logits, context.held_out),
                           .embeddings = tensor.gather_rows(embeddings, context.held_out),
                           .labels = detail::labels_of(context.train, context.held_out)};
    features.modelled = true;
}

/// What a method that draws by chance draws from.
struct selection_draw {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
};

/// One method's choice, by position in the ranked samples. scores: replace a scorer's own, or empty.
/// errors: C-ids of select
template <tensor_backend Tensor>
selection choose_from(const pipeline_context &context, const Tensor &tensor,
                      const candidate_features<Tensor> &features, const named_method &method,
                      const selection_draw &draw, std::span<const float> scores = {}) {
    selection_problem<Tensor> problem{.labels = features.labels,
                                      .classes = context.train.classes,
                                      .fraction = context.settings.fraction,
                                      .balanced = context.settings.balanced,
                                      .at_least_one = context.settings.at_least_one,
                                      .scores = scores};
    if (features.modelled) {
        problem.gradients = from_memory(tensor, features.gradients);
        problem.validation = &features.validation;
    }
    select_options options = method.options;
    options.seed = draw.seed;
    options.epoch = draw.epoch;
    return all_methods::select(tensor, method.info.name, problem, options);
}

/// Whether a method looks at a model at all.
inline bool needs_model(const method_info &method) { return method.gradients || method.validation; }

/// Checks that the selector can use what the pre-training makes, and the main training what the selector
/// gives, before either is paid for. errors: C01, C40 unknown selector, U18 several models for a method that
/// is no scorer, U28 weights that may be negative for a loss
inline void check_models(const pipeline_settings &settings) {
    const bool several = (settings.pretrain == pretrain_kind::full && settings.full_runs > 1) ||
                         settings.features == features_kind::ensemble;
    const auto fits = [&] {
        if (settings.selector == automatic) return false;
        const auto info = method_of(settings.selector, settings.method).info;
        return info.scorer || !needs_model(info);
    };
    require(fits() || !several, "U18", "settings: ", settings.selector,
            " cannot use several models, only scores can be averaged: use --pretrain-runs 1 and "
            "--features soup, or a selector that scores");
    require(settings.method.gradmatch.weights != pursuit_weights::ridge || !settings.use_weights, "U28",
            "settings: ridge weights of GradMatch may be negative, which no loss can take: use "
            "--gradmatch-weights nonnegative, or --use-weights false");
}

/// Chooses the subset from one or several models' gradients; several average their scores, so the method must
/// be a scorer then. A method that needs no gradients is given no model. shapes: models any number of (S); an
/// empty list of weights means the backend's present weights. errors: C-ids of select, C20 several models for
/// a method that is no scorer. cost: one pass forward over the training set a model, and the method's own
template <training_backend Training, tensor_backend Tensor>
selection choose_subset(const pipeline_context &context, Training &backend, const Tensor &tensor,
                        const named_method &method, std::span<const std::vector<float>> models,
                        std::uint32_t epoch, stage_cost &features_cost, stage_cost &select_cost) {
    require(models.size() <= 1 || method.info.scorer, "C20", "select: ", method.name, " was given ",
            models.size(),
            " models, expected 1: only scores can be averaged (--features soup, --pretrain-runs 1)");
    meter clock;
    auto features = candidates_of<Tensor>(context);
    score_mean scores;
    const selection_draw draw{.seed = context.settings.seed, .epoch = epoch};
    for (const auto &weights : models) {
        if (!weights.empty()) backend.load(weights, {});
        add_outputs(context, backend, tensor, features, features_cost);
        clock.charge(features_cost);
        if (models.size() > 1) scores.add(choose_from(context, tensor, features, method, draw).scores);
        clock.charge(select_cost);
    }
    const auto mean = scores.mean();
    auto chosen = choose_from(context, tensor, features, method, draw, mean);
    detail::to_set_indices(chosen, features.ranked, context.train.size());
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
        for (std::size_t w = all_workers(settings) - settings.shards.workers; w < all_workers(settings);
             ++w) {
            auto upload = store.load_worker(w); // of the last round
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

} // namespace lipt
