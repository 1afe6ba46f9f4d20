// Runs one method over the pools of a problem: quotas, class order, checks of what enters, and the map from a
// pool's positions back to the problem's indices. Methods know nothing of it.
#pragma once

#include <lipt/select/selection.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt {

/// How a method's candidates are cut: as selection_problem::balanced says, or always one way by its
/// definition.
enum class pool_rule : std::uint8_t { as_asked, per_class, global };

/// What a user and the driver must know of a method before it runs.
struct method_info {
    std::string_view name;
    std::string_view summary; ///< one line for a list of methods
    bool gradients = false;   ///< needs selection_problem::gradients
    bool residual = false;    ///< looks at their residual alone: embeddings may have 0 columns
    bool embedding = false;   ///< looks at their embeddings alone: residuals may have 0 columns
    bool logarithms = false;  ///< looks at log p of labels: their gradients should have label_log
    bool validation = false;  ///< needs selection_problem::validation
    bool weights = false;     ///< gives weights for the loss
    bool exact = true;        ///< picks exactly the budget; otherwise at most that
    bool resampled = false;   ///< a function of the epoch: choose again before each
    bool scorer = false;      ///< rates samples, and a sampler picks: selection_problem::scores may replace
                              ///< its rating
    bool chance = false;      ///< draws at random: depends on the seed and on the order of the samples
    pool_rule pools = pool_rule::as_asked;
};

/// A method: what it needs, and how it picks from one pool. A struct of one's own that models this is a
/// selector.
template <class Method, class Tensor>
concept selector = tensor_backend<Tensor> &&
    requires(const Tensor tensor, const selection_pool<Tensor> &pool, const select_options &options) {
    { Method::info } -> std::convertible_to<method_info>;
    { Method::pick(tensor, pool, options) } -> std::same_as<pool_picks>;
};

/// True where the method, on this problem, goes class by class.
constexpr bool is_per_class(const method_info &info, bool balanced) noexcept {
    return info.pools == pool_rule::as_asked ? balanced : info.pools == pool_rule::per_class;
}

/// How many to pick from each class, or of all (one quota). shapes: result (C) or (1). errors: D04 fraction
inline std::vector<std::size_t> selection_quotas(std::span<const std::int32_t> labels, std::size_t classes,
                                                 double fraction, bool per_class) {
    std::vector<std::size_t> counts(per_class ? classes : 1);
    for (const auto label : labels) ++counts[per_class ? static_cast<std::size_t>(label) : 0];
    return largest_remainder_quotas(counts, fraction);
}

/// True where gradients are looked at: by a scorer whose scores are not given, or by a sampler of a scorer.
inline bool needs_gradients(const method_info &info, bool scored, const select_options &options) {
    return info.gradients && (!scored || options.sampler.kind == sampler_kind::d2);
}

/// True where residuals are looked at, as part of the gradients: D2 looks at embeddings alone.
inline bool needs_residual(const method_info &info, bool scored, const select_options &options) {
    return !scored && !info.embedding && needs_gradients(info, scored, options);
}

/// True where embeddings are looked at, as part of the gradients.
inline bool needs_embeddings(const method_info &info, bool scored, const select_options &options) {
    return needs_gradients(info, scored, options) &&
           (!info.residual || options.sampler.kind == sampler_kind::d2);
}

namespace detail {

/// Checks a problem against what the method needs, before anything runs.
/// errors: C02 no samples, C03 label, C04 no gradients, C05 no validation, C06 number of scores
template <tensor_backend Tensor>
void check_problem(const Tensor &tensor, const selection_problem<Tensor> &problem, const method_info &info,
                   const select_options &options) {
    const std::size_t count = problem.labels.size();
    require(count > 0 && problem.classes > 0, "C02", "select: ", count, " samples of ", problem.classes,
            " classes: give at least one of each");
    for (std::size_t i = 0; i < count; ++i) {
        require(problem.labels[i] >= 0 && static_cast<std::size_t>(problem.labels[i]) < problem.classes,
                "C03", "select: label of sample ", i, " is ", problem.labels[i], ", expected 0 to ",
                problem.classes - 1);
    }
    const bool scored = info.scorer && !problem.scores.empty();
    require(!scored || problem.scores.size() == count, "C06", "select: ", problem.scores.size(),
            " scores for ", count, " samples: give one each, or none");
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
    for (const auto i : pool.members) {
        pool.labels.push_back(problem.labels[static_cast<std::size_t>(i)]);
        if (scored) pool.scores.push_back(problem.scores[static_cast<std::size_t>(i)]);
    }
    pool.last_layer = problem.last_layer;
    if (needs_gradients(info, scored, options)) {
        pool.gradients = problem.gradients(pool.members);
        const auto lengths = lengths_of(tensor, pool.gradients, needs_residual(info, scored, options),
                                        needs_embeddings(info, scored, options));
        require(lengths.size() == pool.members.size(), "C04", "select: the gradient source gave ",
                lengths.size(), " rows for ", pool.members.size(), " samples");
        const auto logarithms = pool.gradients.label_log.size();
        require(logarithms == 0 || logarithms == pool.members.size(), "C04",
                "select: the gradient source gave ", logarithms, " logarithms of labels for ",
                pool.members.size(), " samples: gather them as the rows, or leave them out");
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

/// Selects with one method, pool by pool. A class whose quota is 0 is passed over; only one pool's gradients
/// are held at a time. Methods that score leave NaN at samples of such classes. errors: C02 to C08 (see
/// detail), D04 fraction outside (0,1], and the method's own
template <class Method, tensor_backend Tensor>
requires selector<Method, Tensor> selection select_with(const Tensor &tensor,
                                                        const selection_problem<Tensor> &problem,
                                                        const select_options &options = {}) {
    const method_info info = Method::info;
    detail::check_problem(tensor, problem, info, options);
    const bool per_class = is_per_class(info, problem.balanced);
    const auto quotas = selection_quotas(problem.labels, problem.classes, problem.fraction, per_class);
    std::vector<std::vector<std::int64_t>> pools;
    if (per_class) {
        pools = index_by_class(problem.labels, problem.classes);
    } else {
        pools.emplace_back(problem.labels.size());
        std::iota(pools[0].begin(), pools[0].end(), std::int64_t{0});
    }
    selection result;
    for (std::size_t p = 0; p < pools.size(); ++p) {
        if (quotas[p] > 0) {
            const auto picks = detail::picks_of<Method, Tensor>(
                tensor, problem, options, per_class, {.number = p, .members = pools[p], .quota = quotas[p]});
            detail::append_picks(picks, pools[p], problem.labels.size(), result);
        }
        if (options.progress) options.progress(p + 1, pools.size());
    }
    if (!per_class) detail::sort_by_class(problem.labels, problem.classes, result);
    return result;
}

/// What is wrong with a selection, or "" where every invariant holds: indices unique, in range and in class
/// order; the budget and each class's quota met (or at most met, where the method is not exact); one weight a
/// pick, none negative or not finite; one score a sample.
inline std::string broken_invariant(const selection &chosen, std::span<const std::int32_t> labels,
                                    std::size_t classes, double fraction, const method_info &info,
                                    bool balanced) {
    const bool per_class = is_per_class(info, balanced);
    const auto quotas = selection_quotas(labels, classes, fraction, per_class);
    std::vector<std::size_t> taken(quotas.size());
    std::vector<bool> seen(labels.size());
    std::int32_t newest = 0;
    for (const auto index : chosen.indices) {
        if (index < 0 || static_cast<std::size_t>(index) >= labels.size())
            return text("index ", index, " is out of range");
        const auto i = static_cast<std::size_t>(index);
        if (seen[i]) return text("index ", index, " is picked twice");
        if (labels[i] < newest) return text("index ", index, " is out of class order");
        seen[i] = true;
        newest = labels[i];
        ++taken[per_class ? static_cast<std::size_t>(labels[i]) : 0];
    }
    for (std::size_t p = 0; p < quotas.size(); ++p) {
        if (info.exact ? taken[p] != quotas[p] : taken[p] > quotas[p]) {
            return text("pool ", p, " has ", taken[p], " picks, its quota is ", quotas[p]);
        }
    }
    if (info.weights ? chosen.weights.size() != chosen.indices.size() : !chosen.weights.empty()) {
        return text(chosen.weights.size(), " weights for ", chosen.indices.size(), " picks");
    }
    for (const float weight : chosen.weights) {
        if (!(weight >= 0.0f) || !std::isfinite(weight)) return text("a weight is ", weight);
    }
    if (!chosen.scores.empty() && chosen.scores.size() != labels.size())
        return text(chosen.scores.size(), " scores");
    return "";
}

} // namespace lipt
