// Runs beside one another: those of the same name and settings are one row, averaged over their seeds.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lipt::adapters::report {

/// What a stage of a run is counted as.
enum class cost_group { pretraining, selection, training, all };

/// initialize, local, merge, pretrain are pre-training; features, select are selection; train is training.
bool belongs_to(const std::string &stage, cost_group group);

/// One cost over a group of stages, such as "wall_s" or "forward"; nothing where the run has no costs yet.
std::optional<double> cost_of(const nlohmann::json &model, cost_group group, const char *key);

/// Mean and sample standard deviation over the runs that have the value.
struct spread {
    double mean = 0;
    double deviation = 0; ///< 0 for one run
    std::size_t count = 0;
};

/// One row of the comparison.
struct comparison_row {
    std::string name; ///< of its runs; with the settings that tell it from other rows of that name
    std::vector<const nlohmann::json *> runs; ///< one a seed
    std::size_t repeated = 0;                 ///< runs left out, since one of the same seed is there
    std::optional<spread> final_accuracy, best_accuracy;
    std::optional<spread> pretraining_s, selection_s, training_s, total_s;
    std::optional<spread> pretraining_forward, pretraining_backward, total_forward, total_backward;

    /// True for a subset drawn by chance, whatever its training began with: what the others must be held
    /// against.
    bool is_random() const;
    /// True where each epoch of the main training draws a subset of its own.
    bool is_fresh() const;
    /// Its seeds that have ended.
    std::size_t finished() const { return final_accuracy ? final_accuracy->count : 0; }
};

/// What the main training began with: "fresh", "theta-star", or "pretrained" and after a slash by what.
std::string start_of(const nlohmann::json &model);

/// True where two runs differ in nothing but how their samples were chosen and what that took: the same data,
/// network, start, fraction and length.
bool is_comparable(const nlohmann::json &one, const nlohmann::json &other);

/// The random subset that a row may be held against; null where none is comparable, and for a random subset
/// itself.
const comparison_row *random_beside(const comparison_row &row, const std::vector<comparison_row> &rows);

/// A value over the runs of a row that have it; nothing where none has.
std::optional<spread>
spread_over(const comparison_row &row,
            const std::function<std::optional<double>(const nlohmann::json &)> &value_of);

/// "87.2%", of several seeds "87.2% ± 0.4%".
std::string share_over(const spread &value);

/// The rows, in order of first appearance. Runs are seeds of one row where their names, the content of their
/// data and all settings but the seed agree; a seed that comes twice counts once. The models must outlive
/// them.
std::vector<comparison_row> compare(const std::vector<nlohmann::json> &models);

/// How far the rows can be trusted: how many seeds have ended, which have not, and whether one was given
/// twice.
std::string seed_note(const std::vector<comparison_row> &rows);

} // namespace lipt::adapters::report
