// One model out of several of one architecture: soups, model stock and TIES over named tensors of any shape.
#pragma once

#include <lipt/adapters/arrays/named_tensors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::arrays {

/// greedy: the best alone first, then each other where it improves the score. uniform: the mean of all.
/// stock: between their mean and the base, as near to the mean as their angle says. ties: the base and the
/// mean of the changes that are large and of the sign that prevails.
/// source: [Wortsman2022] for the first two, [Jang2024] for stock, [Yadav2023] for ties
enum class merging : std::uint8_t { greedy, uniform, stock, ties };

/// How the share alpha of an ingredient that joins a greedy soup is found, cheapest first. equal: 1/(k+1),
/// the running mean; grid: j/(points+1), j = 1..points; golden: golden-section search on [0,1].
enum class share_search : std::uint8_t { equal, grid, golden };

/// "greedy", "uniform", "stock", "ties"
std::string_view name_of(merging method) noexcept;
/// The value of that name. errors: S16 none of its kind
merging merging_of(std::string_view name);
share_search share_search_of(std::string_view name);

/// Settings of a merge.
struct soup_options {
    merging method = merging::greedy;
    share_search search = share_search::golden;
    std::size_t points = 4;              ///< evaluations of the score an ingredient, for grid and golden
    std::optional<named_tensors> base{}; ///< what all ingredients were trained from, for stock and ties
    double density = 0.2;          ///< ties: share of each ingredient's changes that counts, the largest
    double scale = 1;              ///< ties: what the merged change is multiplied by, lambda
    std::filesystem::path out{};   ///< safetensors file to write; empty: the result has the weights
    std::function<void()> watch{}; ///< called now and then; what it throws ends the merge
};

/// The score of a model, higher is better; NaN never wins. Its tensors are of the ingredients' names, types
/// and shapes, and may be kept.
using soup_score = std::function<double(std::span<const kept_tensor> model)>;

/// What became of one ingredient, in the order in which they were tried.
struct soup_ingredient {
    std::size_t number = 0; ///< position in the list of ingredients
    double score_alone = std::numeric_limits<double>::quiet_NaN();
    double alpha = std::numeric_limits<double>::quiet_NaN(); ///< share in the best mixture that was tried
    double before = std::numeric_limits<double>::quiet_NaN();
    double after = std::numeric_limits<double>::quiet_NaN(); ///< best score tried with this ingredient
    bool kept = true;
    std::string reason{};
};

/// One evaluation of a greedy soup's score; alpha is 1 of an ingredient alone.
struct soup_trial {
    std::size_t ingredient = 0;
    double alpha = 0, score = 0;
};

/// The merged model and how it came about.
struct soup_result {
    std::vector<kept_tensor> weights{}; ///< in the first ingredient's order; none where they were written
    double score = std::numeric_limits<double>::quiet_NaN(); ///< NaN without a score
    std::size_t evaluations = 0;                             ///< of the score
    std::vector<soup_ingredient> ingredients{};
    std::vector<soup_trial> trials{}; ///< of the greedy method
};

/// Merges models of one architecture, tensors by name, each in its own type: computed in double and rounded
/// once, so that the uniform soup of equal models is that model bit for bit. Counters (whole numbers of shape
/// ()) take the largest of what was merged; other whole numbers and booleans must be equal in all. Tensors
/// that share their memory in every model do so in the result. Without a score, nothing but `score` is
/// missing from the result of uniform, stock and ties.
/// errors: S01 no ingredient; S03 no points; S09 no score is a number; S10 a name that a model does not have;
/// S11 types or shapes that differ; S12 names with different prefixes; S13 whole numbers that differ; S14 a
/// name twice; S15 a type that cannot be merged; S16 no such method; S17 a setting out of its range, or one
/// ingredient for stock; S18 greedy without a score, or stock or ties without the base; S19 NaN, or an
/// infinity that is not in all; S20 a base for a method that does not read it; F-ids of the files
/// cost: uniform reads every model once, stock twice, ties three times and the base n + 1 times beside;
/// greedy n + (n-1)*points evaluations at most. memory: with `out` and without a score a few tensors, of
/// files only what is read; greedy four models in float32 beside the ingredients
soup_result soup(std::span<const named_tensors> models, const soup_options &options = {},
                 const soup_score &score = {});

} // namespace lipt::arrays
