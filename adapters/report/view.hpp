// What the page's template is filled with: every number a text, every section there only if it has something
// to show.
#pragma once

#include <lipt/adapters/report/comparison.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace lipt::adapters::report {

/// All texts of the page; nothing is escaped yet.
nlohmann::json view_of(const nlohmann::json &subject, const std::vector<comparison_row> &rows);

/// The run in one paragraph, as far as it is known.
std::string story_of(const nlohmann::json &subject, const std::vector<comparison_row> &rows);

} // namespace lipt::adapters::report
