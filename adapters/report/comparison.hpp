// Runs beside one another: those of the same name and settings are one row, averaged over their seeds.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
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

    /// True for a subset drawn by chance without any pre-training: what every other row must be held against.
    bool is_random() const;
};

/// The rows, in order of first appearance. Runs are seeds of one row where their names, the content of their
/// data and all settings but the seed agree; a seed that comes twice counts once. The models must outlive
/// them.
std::vector<comparison_row> compare(const std::vector<nlohmann::json> &models);

/// How far the rows can be trusted: how many seeds they are, and whether a seed was given twice.
std::string seed_note(const std::vector<comparison_row> &rows);

} // namespace lipt::adapters::report
