// Runs one method over the pools of a problem: quotas, class order, checks of what enters, and the map from a
// pool's positions back to the problem's indices. Methods know nothing of it.
#pragma once

#include <lipt/select/budgets.hpp>
#include <lipt/select/epoch_turns.hpp>
#include <lipt/select/method_info.hpp>
#include <lipt/select/weights.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

namespace detail {

/// Checks a problem against what the method needs, before anything runs.
/// errors: C02 no samples, C03 label, C04 no gradients, C05 no validation, C06 number of scores, D24 more
/// samples than 32 bits count
template <tensor_backend Tensor>
void check_problem(const Tensor &tensor, const selection_problem<Tensor> &problem, const method_info &info,
                   const select_options &options) {
    const std::size_t count = problem.labels.size();
    require(count > 0 && problem.classes > 0, "C02", "select: ", count, " samples of ", problem.classes,
            " classes: give at least one of each");
    require_countable(count, "select");
    for (std::size_t i = 0; i < count; ++i) {
        require(problem.labels[i] >= 0 && static_cast<std::size_t>(problem.labels[i]) < problem.classes,
                "C03", "select: label of sample ", i, " is ", problem.labels[i], ", expected 0 to ",
                problem.classes - 1);
    }
    const bool scored = info.scorer && !problem.scores.empty();
    const bool read = scored || (info.utility && !problem.scores.empty());
    require(!read || problem.scores.size() == count, "C06", "select: ", problem.scores.size(), " scores for ",
            count, " samples: give one each, or none");
    require(!needs_gradients(info, scored, options) || problem.gradients, "C04", "select: ", info.name,
            " needs gradients: give logits and embeddings of the candidates");
    require(!info.validation || problem.validation, "C05", "select: ", info.name,
            " needs validation samples: give their logits, embeddings and labels");
    if (!info.validation) return;
    const auto &validation = *problem.validation;
    require(tensor.rows(validation.logits) == validation.labels.size() &&
                tensor.rows(validation.embeddings) == validation.labels.size(),
            "C05", "select: validation has ", tensor.rows(validation.logits), " rows of logits, ",
            tensor.rows(validation.embeddings), " of embeddings and ", validation.labels.size(),
            " labels: give one a sample");
}

/// The validation samples of one class, or all. errors: C07 there are none
template <tensor_backend Tensor>
validation_set<Tensor> validation_of(const Tensor &tensor, const validation_set<Tensor> &all, bool per_class,
                                     std::size_t number) {
    if (!per_class && !all.labels.empty()) return all;
    std::vector<std::int64_t> chosen;
    for (std::size_t i = 0; i < all.labels.size(); ++i) {
        if (all.labels[i] == static_cast<std::int32_t>(number))
            chosen.push_back(static_cast<std::int64_t>(i));
    }
    require(!chosen.empty(), "C07", "select: no validation sample of class ", number,
            ": hold out more, or select from one pool (unbalanced)");
    return {.logits = tensor.gather_rows(all.logits, chosen),
            .embeddings = tensor.gather_rows(all.embeddings, chosen),
            .labels = std::vector<std::int32_t>(chosen.size(), static_cast<std::int32_t>(number))};
}

/// Lengths of what is looked at: of gradients, or of residuals or embeddings alone. shapes: result (n)
template <tensor_backend Tensor>
std::vector<float> lengths_of(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                              bool residual, bool embedding) {
    if (residual && embedding) return norms(tensor, gradients);
    if (residual) return residual_norms(tensor, gradients);
    const host_matrix squares = tensor.to_host(tensor.row_dots(gradients.embedding, gradients.embedding));
    return {squares.begin(), squares.end()};
}

/// Fills in what the method needs of the pool. errors: C04 another number of rows or of label logarithms,
/// C07, C08 a gradient is not finite (names the sample)
template <tensor_backend Tensor>
void load_pool(const Tensor &tensor, const selection_problem<Tensor> &problem, const method_info &info,
               const select_options &options, bool per_class, selection_pool<Tensor> &pool) {
    const bool scored = info.scorer && !problem.scores.empty();
    const bool read = scored || (info.utility && !problem.scores.empty());
    for (const auto i : pool.members) {
        pool.labels.push_back(problem.labels[static_cast<std::size_t>(i)]);
        if (read) pool.scores.push_back(problem.scores[static_cast<std::size_t>(i)]);
    }
    pool.last_layer = problem.last_layer;
    if (needs_gradients(info, scored, options)) {
        pool.gradients = problem.gradients(pool.members);
        const auto lengths = lengths_of(tensor, pool.gradients, needs_residual(info, scored, options),
                                        needs_embeddings(info, scored, options));
        require(lengths.size() == pool.members.size(), "C04", "select: the gradient source gave ",
                lengths.size(), " rows for ", pool.members.size(), " samples");
        for (const auto *logarithms : {&pool.gradients.label_log, &pool.gradients.confidence_log_odds,
                                       &pool.gradients.margin_log_odds}) {
            require(logarithms->empty() || logarithms->size() == pool.members.size(), "C04",
                    "select: the gradient source gave ", logarithms->size(), " logarithms of labels for ",
                    pool.members.size(), " samples: gather them as the rows, or leave them out");
        }
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            require(std::isfinite(lengths[i]), "C08", "select: the gradient of sample ", pool.members[i],
                    " is not finite, or too long to be squared (1e19): look at its logits and embedding");
        }
    }
    if (info.validation) pool.validation = validation_of(tensor, *problem.validation, per_class, pool.number);
}

/// The picks of one pool: those recalled, or made now and handed on to be remembered. errors: as load_pool
template <class Method, tensor_backend Tensor>
pool_picks picks_of(const Tensor &tensor, const selection_problem<Tensor> &problem,
                    const select_options &options, bool per_class, selection_pool<Tensor> pool) {
    pool_picks picks;
    if (options.recall && options.recall(pool.number, picks)) return picks;
    load_pool(tensor, problem, Method::info, options, per_class, pool);
    picks = Method::pick(tensor, pool, options);
    if (options.remember) options.remember(pool.number, picks);
    return picks;
}

/// What each pool gives: its quota, or its turn of this epoch where every epoch has another subset.
template <tensor_backend Tensor>
std::vector<pool_turn> turns_of(const selection_problem<Tensor> &problem, const method_info &info,
                                const select_options &options, bool per_class) {
    const auto sizes = pool_sizes(problem.labels, problem.classes, per_class);
    if (info.resampled) return epoch_turns(sizes, problem.fraction, options.epoch);
    std::vector<pool_turn> turns;
    for (const auto quota : largest_remainder_quotas(sizes, problem.fraction,
                                                     {.at_least_one = problem.at_least_one && per_class}))
        turns.push_back({.quota = quota});
    return turns;
}

/// Adds a pool's picks to the result.
inline void append_picks(const pool_picks &picks, std::span<const std::int64_t> members, std::size_t samples,
                         selection &result) {
    for (const auto position : picks.order)
        result.indices.push_back(members[static_cast<std::size_t>(position)]);
    result.weights.insert(result.weights.end(), picks.weights.begin(), picks.weights.end());
    if (picks.scores.empty()) return;
    if (result.scores.empty()) result.scores.assign(samples, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < members.size(); ++i) {
        result.scores[static_cast<std::size_t>(members[i])] = picks.scores[i];
    }
}

/// Brings the picks of one global pool into class order, pick order within a class.
inline void sort_by_class(std::span<const std::int32_t> labels, std::size_t classes, selection &result) {
    std::vector<std::vector<std::size_t>> picks(classes);
    for (std::size_t pick = 0; pick < result.indices.size(); ++pick) {
        const auto label = labels[static_cast<std::size_t>(result.indices[pick])];
        picks[static_cast<std::size_t>(label)].push_back(pick);
    }
    selection sorted{.scores = std::move(result.scores)};
    for (const auto &of_class : picks) {
        for (const auto pick : of_class) {
            sorted.indices.push_back(result.indices[pick]);
            if (!result.weights.empty()) sorted.weights.push_back(result.weights[pick]);
        }
    }
    result = std::move(sorted);
}

} // namespace detail

/// Selects with one method, pool by pool. A class whose quota is 0 is passed over, and named in the result;
/// only one pool's gradients are held at a time. Methods that score leave NaN at samples of such classes.
/// Weights are brought to mean 1 over all picks unless select_options::raw_weights is set. errors: C02 to C08
/// (see detail), D04 fraction outside (0,1], D24, D25, and the method's own
template <class Method, tensor_backend Tensor>
requires selector<Method, Tensor> selection select_with(const Tensor &tensor,
                                                        const selection_problem<Tensor> &problem,
                                                        const select_options &options = {}) {
    const method_info info = Method::info;
    detail::check_problem(tensor, problem, info, options);
    const bool per_class = is_per_class(info, problem.balanced);
    const auto turns = detail::turns_of(problem, info, options, per_class);
    std::vector<std::vector<std::int64_t>> pools;
    if (per_class) {
        pools = index_by_class(problem.labels, problem.classes);
    } else {
        pools.emplace_back(problem.labels.size());
        std::iota(pools[0].begin(), pools[0].end(), std::int64_t{0});
    }
    selection result;
    for (std::size_t p = 0; p < pools.size(); ++p) {
        if (turns[p].quota > 0) {
            const auto picks = detail::picks_of<Method, Tensor>(
                tensor, problem, options, per_class,
                {.number = p, .members = pools[p], .quota = turns[p].quota, .turn = turns[p]});
            detail::append_picks(picks, pools[p], problem.labels.size(), result);
        }
        if (options.progress) options.progress(p + 1, pools.size());
    }
    if (!per_class) detail::sort_by_class(problem.labels, problem.classes, result);
    if (!options.raw_weights) to_mean_one(result.weights);
    if (!info.resampled) result.lost_classes = lost_classes(problem.labels, problem.classes, result.indices);
    return result;
}

} // namespace lipt
