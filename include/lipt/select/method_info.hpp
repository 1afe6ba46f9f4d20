// What a method says of itself, what makes a type a method, and what it needs of a problem.
#pragma once

#include <lipt/select/selection.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

namespace lipt {

/// How a method's candidates are cut: as selection_problem::balanced says, or always one way by its
/// definition.
enum class pool_rule : std::uint8_t { as_asked, per_class, global };

/// What a user and the driver must know of a method before it runs.
struct method_info {
    std::string_view name{};
    std::string_view summary{}; ///< one line for a list of methods
    bool gradients = false;     ///< needs selection_problem::gradients
    bool residual = false;      ///< looks at their residual alone: embeddings may have 0 columns
    bool embedding = false;     ///< looks at their embeddings alone: residuals may have 0 columns
    bool logarithms = false;    ///< looks at probabilities and log p: gradients should have logarithms
                                ///< (add_logarithms)
    bool labels = false;        ///< looks at the labels themselves, not only at classes as pools
    bool spaces = false;        ///< looks at what submodular_options::space says: embeddings alone, or all
    bool validation = false;    ///< needs selection_problem::validation
    bool weights = false;       ///< gives weights for the loss
    bool exact = true;          ///< picks exactly the budget; otherwise at most that
    bool resampled = false;     ///< a function of the epoch: choose again before each
    bool scorer = false;        ///< rates samples, and a sampler picks: selection_problem::scores may replace
                                ///< its rating
    bool relative = false;      ///< a scorer whose rating of a sample depends on the others of its pool
    bool utility = false;       ///< selection_problem::scores, where given, are a part of what it maximises
    bool chance = false;        ///< draws at random: depends on the seed and on the order of the samples
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

/// True where gradients are looked at: by a scorer whose scores are not given, or by a sampler of a scorer.
inline bool needs_gradients(const method_info &info, bool scored, const select_options &options) {
    return info.gradients && (!scored || options.sampler.kind == sampler_kind::d2);
}

/// True where residuals are looked at, as part of the gradients: D2 looks at embeddings alone, and so does a
/// set function of similarities between embeddings.
inline bool needs_residual(const method_info &info, bool scored, const select_options &options) {
    const bool embeddings =
        info.embedding || (info.spaces && options.submodular.space == similarity_space::embeddings);
    return !scored && !embeddings && needs_gradients(info, scored, options);
}

/// True where embeddings are looked at, as part of the gradients.
inline bool needs_embeddings(const method_info &info, bool scored, const select_options &options) {
    return needs_gradients(info, scored, options) &&
           (!info.residual || options.sampler.kind == sampler_kind::d2);
}

/// True where the answer hangs on the labels, as classes or as what a sample should have been; otherwise any
/// will do, such as one for all.
inline bool needs_labels(const method_info &info, bool scored, const select_options &options) {
    if (info.pools == pool_rule::per_class) return true;
    return (info.labels || info.spaces) && needs_residual(info, scored, options);
}

} // namespace lipt
