// Merging the workers' weights once: uniform, or greedily by a score that the caller supplies.
#pragma once

#include <lipt/data.hpp>
#include <lipt/error.hpp>
#include <lipt/tensor.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
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

/// The merged weights and how they came about.
template <tensor_backend Tensor>
struct soup_result {
    typename Tensor::matrix weights{}; ///< (1,S)
    double score = 0;
    std::size_t evaluations = 0; ///< of the score: what the search cost
    std::vector<ingredient_report> ingredients{};
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

/// One greedy soup in the making: the weights so far, their score, and the count of evaluations.
template <tensor_backend Tensor, class Score>
class soup_maker {
  public:
    using matrix = typename Tensor::matrix;

    soup_maker(const Tensor &tensor, Score &score) : tensor_(tensor), score_(score) {}

    double evaluate(const matrix &weights) {
        ++evaluations;
        return score_(weights);
    }

    struct best_mixture {
        double alpha = 0, score = -std::numeric_limits<double>::infinity();
        matrix weights{};
    };

    /// Scores one share and keeps it if it is the best so far; of equal scores the one tried first stays.
    double attempt(const matrix &soup, const matrix &ingredient, double alpha, best_mixture &best) {
        matrix mixed = soup;
        move_towards(tensor_, ingredient, static_cast<float>(alpha), mixed);
        const double reached = evaluate(mixed);
        if (reached > best.score) best = {alpha, reached, std::move(mixed)};
        return std::isnan(reached) ? -std::numeric_limits<double>::infinity() : reached;
    }

    best_mixture search(const matrix &soup, const matrix &ingredient, std::size_t kept,
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
    void golden_section(const matrix &soup, const matrix &ingredient, std::size_t points,
                        best_mixture &best) {
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

    const Tensor &tensor_;
    Score &score_;
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

/// Merges the ingredients. `score(weights)`, higher is better: usually the accuracy on held-out samples after
/// the batch-norm statistics have been re-estimated for just these weights. An ingredient joins as (1-a)*soup
/// + a*ingredient with the best a tried, and only if that is better than the soup without it; one whose score
/// alone is NaN, as of a diverged worker, is never tried. shapes: ingredients n of (1,S). errors: S01 no
/// ingredient, S02 different sizes, S03 no points, S09 nothing has a score. cost: n + (n-1)*points
/// evaluations of the score at most; memory 4 S beside the ingredients. source: [Ro2023] Section 3.2,
/// [Wortsman2022] Recipe 1; the search over a is the former's, its form ours
template <tensor_backend Tensor, class Score>
soup_result<Tensor> make_soup(const Tensor &tensor, std::span<const typename Tensor::matrix> ingredients,
                              Score &&score, const soup_options &options = {}) {
    require(options.search == alpha_search::equal || options.points > 0, "S03",
            "soup: a search of 0 points: give at least 1 (--soup-points)");
    auto merged = uniform_soup(tensor, ingredients);
    detail::soup_maker<Tensor, Score> maker(tensor, score);
    if (options.method == soup_method::uniform) {
        soup_result<Tensor> result{std::move(merged)};
        result.score = maker.evaluate(result.weights);
        detail::require_score(result.score);
        result.evaluations = maker.evaluations;
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
    std::vector<double> alone;
    for (const auto &ingredient : ingredients) alone.push_back(maker.evaluate(ingredient));
    const auto order = greedy_order(alone);
    detail::require_score(alone[order[0]]);
    soup_result<Tensor> result{ingredients[order[0]], alone[order[0]]};
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
        auto best = maker.search(result.weights, ingredients[order[r]], kept, options);
        ingredient_report report{.worker = order[r],
                                 .score_alone = alone[order[r]],
                                 .alpha = best.alpha,
                                 .before = result.score,
                                 .after = best.score};
        report.kept = best.score > result.score;
        report.reason = report.kept ? "improved the score" : "no share tried improved the score";
        if (report.kept) {
            ++kept;
            result.weights = std::move(best.weights);
            result.score = best.score;
        }
        result.ingredients.push_back(std::move(report));
    }
    result.evaluations = maker.evaluations;
    return result;
}

} // namespace lipt
