// Merging the workers' weights once: uniform, or greedily by a score that the caller supplies.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/tensor.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lipt {

/// uniform: the mean of all. greedy: the best first, then each other where it improves the score.
enum class soup_method : std::uint8_t { greedy, uniform };

/// How the share alpha of a joining ingredient is found, cheapest first. equal: 1/(k+1), the running mean
/// (Wortsman 2022), one evaluation; grid: j/(points+1), j = 1..points; golden: golden-section search on
/// [0,1].
enum class alpha_search : std::uint8_t { equal, grid, golden };

/// Settings of the soup.
struct soup_options {
    soup_method method = soup_method::greedy;
    alpha_search search = alpha_search::grid;
    std::size_t points = 4; ///< evaluations of the score an ingredient, for grid and golden
};

/// In place of a score that nobody computed.
inline constexpr double unscored = std::numeric_limits<double>::quiet_NaN();

/// What became of one ingredient, in the order in which they were tried.
struct ingredient_report {
    std::size_t worker = 0; ///< position in the list of ingredients
    double score_alone = 0;
    double alpha = 0; ///< share in the mixture with the best score that was tried
    double before = 0;
    double after = 0; ///< best score tried with this ingredient
    bool kept = false;
    std::string reason{};
};

/// Merged weights of any kind and how they came about.
template <class Weights>
struct merged_weights {
    Weights weights{};
    double score = 0;
    std::size_t evaluations = 0; ///< of the score: what the search cost
    std::vector<ingredient_report> ingredients{};
};

/// The merged weights of flat models. shapes: weights (1,S)
template <tensor_backend Tensor>
using soup_result = merged_weights<typename Tensor::matrix>;

/// Ingredients of a greedy soup, whatever they are and wherever they lie. `size()` of them; `taken(i)` is a
/// copy of one; `mixed(soup, i, alpha)` is soup + alpha*(ingredient - soup), and soup stays; the scores are
/// of an ingredient alone and of a mixture, higher is better.
template <class Source>
concept soup_source = requires(Source &source, const typename Source::weights &soup, std::size_t i,
                               double alpha) {
    { source.size() } -> std::convertible_to<std::size_t>;
    { source.taken(i) } -> std::same_as<typename Source::weights>;
    { source.mixed(soup, i, alpha) } -> std::same_as<typename Source::weights>;
    { source.score_alone(i) } -> std::same_as<double>;
    { source.score(soup) } -> std::same_as<double>;
};

namespace detail {

/// soup + share * (ingredient - soup): of equal models bit for bit the same model.
template <tensor_backend Tensor>
void move_towards(const Tensor &tensor, const typename Tensor::matrix &ingredient, float share,
                  typename Tensor::matrix &soup) {
    auto apart = soup;
    tensor.combine(1.0f, ingredient, -1.0f, apart);
    tensor.combine(share, apart, 1.0f, soup);
}

/// Flat models in memory, as a soup_source.
template <tensor_backend Tensor, class Score>
class flat_ingredients {
  public:
    using weights = typename Tensor::matrix;

    flat_ingredients(const Tensor &tensor, std::span<const weights> ingredients, Score &score)
        : tensor_(tensor), ingredients_(ingredients), score_(score) {}

    std::size_t size() const { return ingredients_.size(); }
    weights taken(std::size_t i) const { return ingredients_[i]; }
    weights mixed(const weights &soup, std::size_t i, double alpha) const {
        weights result = soup;
        move_towards(tensor_, ingredients_[i], static_cast<float>(alpha), result);
        return result;
    }
    double score_alone(std::size_t i) { return score_(ingredients_[i]); }
    double score(const weights &soup) { return score_(soup); }

  private:
    const Tensor &tensor_;
    std::span<const weights> ingredients_;
    Score &score_;
};

/// The search for the share of one ingredient, and the count of evaluations.
template <soup_source Source>
class share_search {
  public:
    using weights = typename Source::weights;

    explicit share_search(Source &source) : source_(source) {}

    struct best_mixture {
        double alpha = 0, score = -std::numeric_limits<double>::infinity();
        weights mixture{};
    };

    best_mixture search(const weights &soup, std::size_t ingredient, std::size_t kept,
                        const soup_options &options) {
        best_mixture best;
        if (options.search == alpha_search::equal) {
            attempt(soup, ingredient, 1.0 / static_cast<double>(kept + 1), best);
        } else if (options.search == alpha_search::grid) {
            for (std::size_t j = 1; j <= options.points; ++j) {
                attempt(soup, ingredient, static_cast<double>(j) / static_cast<double>(options.points + 1),
                        best);
            }
        } else {
            golden_section(soup, ingredient, options.points, best);
        }
        return best;
    }

    std::size_t evaluations = 0;

  private:
    /// Scores one share and keeps it if it is the best so far; of equal scores the one tried first stays.
    double attempt(const weights &soup, std::size_t ingredient, double alpha, best_mixture &best) {
        weights mixture = source_.mixed(soup, ingredient, alpha);
        ++evaluations;
        const double reached = source_.score(mixture);
        if (reached > best.score) best = {alpha, reached, std::move(mixture)};
        return std::isnan(reached) ? -std::numeric_limits<double>::infinity() : reached;
    }

    void golden_section(const weights &soup, std::size_t ingredient, std::size_t points, best_mixture &best) {
        constexpr double ratio = 0.6180339887498949;
        double low = 0, high = 1, inner = 1 - ratio, outer = ratio;
        double at_inner = attempt(soup, ingredient, inner, best);
        if (points < 2) return;
        double at_outer = attempt(soup, ingredient, outer, best);
        for (std::size_t used = 2; used < points; ++used) {
            if (at_inner >= at_outer) {
                high = outer;
                outer = std::exchange(inner, high - ratio * (high - low));
                at_outer = std::exchange(at_inner, attempt(soup, ingredient, inner, best));
            } else {
                low = inner;
                inner = std::exchange(outer, low + ratio * (high - low));
                at_inner = std::exchange(at_outer, attempt(soup, ingredient, outer, best));
            }
        }
    }

    Source &source_;
};

} // namespace detail

namespace detail {

/// errors: S09
inline void require_score(double score) {
    require(!std::isnan(score), "S09",
            "soup: the best score is not a number: the models diverged, or the score is wrong");
}

} // namespace detail

/// The order in which a greedy soup tries its ingredients: best score first, ties to the lowest index, those
/// without a score (NaN) last.
inline std::vector<std::size_t> greedy_order(std::span<const double> scores) {
    return descending_order(scores);
}

/// The mean of all ingredients; of equal ones that model, bit for bit. shapes: each (1,S). errors: S01 no
/// ingredient, S02 different sizes
template <tensor_backend Tensor>
typename Tensor::matrix uniform_soup(const Tensor &tensor,
                                     std::span<const typename Tensor::matrix> ingredients) {
    require(!ingredients.empty(), "S01", "soup: no ingredient: at least one worker's weights are needed");
    for (std::size_t i = 1; i < ingredients.size(); ++i) {
        require(tensor.columns(ingredients[i]) == tensor.columns(ingredients[0]) &&
                    tensor.rows(ingredients[i]) == 1,
                "S02", "soup: ingredient ", i, " has ", tensor.columns(ingredients[i]), " weights, expected ",
                tensor.columns(ingredients[0]), ": build it from the same network_spec");
    }
    typename Tensor::matrix soup = ingredients[0];
    for (std::size_t i = 1; i < ingredients.size(); ++i)
        detail::move_towards(tensor, ingredients[i], 1.0f / static_cast<float>(i + 1), soup);
    return soup;
}

/// Merges ingredients of any kind greedily: the best alone first, then each other as soup + a*(ingredient -
/// soup) with the best a tried, and only if that is better than the soup without it; one whose score alone is
/// NaN is never tried. errors: S01 no ingredient, S03 no points, S09 nothing has a score. cost: n +
/// (n-1)*points evaluations of the score at most; memory of three weights. source: [Wortsman2022] Recipe 1,
/// [Ro2023] Section 3.2
template <soup_source Source>
merged_weights<typename Source::weights> make_greedy_soup(Source &source, const soup_options &options) {
    require(source.size() > 0, "S01", "soup: no ingredient: at least one worker's weights are needed");
    require(options.search == alpha_search::equal || options.points > 0, "S03",
            "soup: a search of 0 points: give at least 1 (--soup-points)");
    detail::share_search<Source> shares(source);
    std::vector<double> alone;
    for (std::size_t i = 0; i < source.size(); ++i) alone.push_back(source.score_alone(i));
    const auto order = greedy_order(alone);
    detail::require_score(alone[order[0]]);
    merged_weights<typename Source::weights> result{source.taken(order[0]), alone[order[0]]};
    result.ingredients.push_back({.worker = order[0],
                                  .score_alone = alone[order[0]],
                                  .alpha = 1,
                                  .after = alone[order[0]],
                                  .kept = true,
                                  .reason = "best alone"});
    std::size_t kept = 1;
    for (std::size_t r = 1; r < order.size(); ++r) {
        if (std::isnan(alone[order[r]])) {
            result.ingredients.push_back({.worker = order[r],
                                          .score_alone = unscored,
                                          .before = result.score,
                                          .after = result.score,
                                          .reason = "its score is not a number"});
            continue;
        }
        auto best = shares.search(result.weights, order[r], kept, options);
        ingredient_report report{.worker = order[r],
                                 .score_alone = alone[order[r]],
                                 .alpha = best.alpha,
                                 .before = result.score,
                                 .after = best.score};
        report.kept = best.score > result.score;
        report.reason = report.kept ? "improved the score" : "no share tried improved the score";
        if (report.kept) {
            ++kept;
            result.weights = std::move(best.mixture);
            result.score = best.score;
        }
        result.ingredients.push_back(std::move(report));
    }
    result.evaluations = alone.size() + shares.evaluations;
    return result;
}

/// Merges flat models. `score(weights)`, higher is better: usually the accuracy on held-out samples after the
/// batch-norm statistics have been re-estimated for just these weights. shapes: ingredients n of (1,S).
/// errors: S01 no ingredient, S02 different sizes, S03 no points, S09 nothing has a score. cost: see
/// make_greedy_soup; memory 4 S beside the ingredients. source: [Ro2023] Section 3.2, [Wortsman2022] Recipe
/// 1; the search over a is the former's, its form ours
template <tensor_backend Tensor, class Score>
soup_result<Tensor> make_soup(const Tensor &tensor, std::span<const typename Tensor::matrix> ingredients,
                              Score &&score, const soup_options &options = {}) {
    require(options.search == alpha_search::equal || options.points > 0, "S03",
            "soup: a search of 0 points: give at least 1 (--soup-points)");
    auto merged = uniform_soup(tensor, ingredients);
    if (options.method == soup_method::greedy) {
        detail::flat_ingredients<Tensor, std::remove_reference_t<Score>> source(tensor, ingredients, score);
        return make_greedy_soup(source, options);
    }
    soup_result<Tensor> result{std::move(merged)};
    result.score = score(result.weights);
    detail::require_score(result.score);
    result.evaluations = 1;
    for (std::size_t i = 0; i < ingredients.size(); ++i) {
        result.ingredients.push_back({.worker = i,
                                      .score_alone = unscored,
                                      .alpha = 1.0 / static_cast<double>(ingredients.size()),
                                      .before = unscored,
                                      .after = result.score,
                                      .kept = true,
                                      .reason = "uniform"});
    }
    return result;
}

} // namespace lipt
