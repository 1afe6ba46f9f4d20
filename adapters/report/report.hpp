// What a run has to say for itself: one self-contained HTML page, and a small table for the terminal.
//
// Both are made from models. A model is what one run directory tells, as JSON; every key may be missing, and
// what is missing is not shown:
//   name       a short label; runs of the same name and settings are one row of the comparison, averaged over
//   their seeds
//   config     config.json as it is: version, lipt, settings, data {name, fingerprint, train, test, classes,
//   ...} result     result.json as it is: accuracy {final, best}, subset {size, fraction, class_counts,
//   available}, stages soup       soup.json as it is: theta_star_accuracy, accuracy, ingredients, refused,
//   ... epochs     of the main training, in order: [{epoch, loss, learning_rate, accuracy, ...}] weights of
//   the chosen samples: {min, mean, max} sheets     contact sheets: [{title, images: [{index, label, score,
//   kept, png}]}], png a data URI
#pragma once

#include <lipt/data.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace lipt::adapters {

/// What a report shows.
struct report_options {
    std::size_t images_per_sheet = 24; ///< on each contact sheet
};

/// Reads a run directory into a model. Contact sheets need `training`, the set that the run's indices mean;
/// an empty set leaves them out. A run that has not finished yields what there is so far. errors: H01 a file
/// that is not JSON, H02 not a run directory, H03 scores or indices of another training set
nlohmann::json model_of_run(const std::filesystem::path &directory, const image_set &training = {},
                            const report_options &options = {});

/// The page: the first model is the run that it is about, the others stand beside it. Loads nothing from
/// anywhere. errors: H04 no model
std::string render_report(const std::vector<nlohmann::json> &models);

/// One line a run: accuracy, what pre-training cost, what all of it cost. UTF-8, aligned, ends with a line
/// feed.
std::string comparison_table(const std::vector<nlohmann::json> &models);

} // namespace lipt::adapters
