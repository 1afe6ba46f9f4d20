// What the page's template is filled with: every number a text, every section there only if it has something
// to show.
#pragma once

#include <lipt/adapters/report/comparison.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace lipt::adapters::report {

/// All texts of the page; nothing is escaped yet.
nlohmann::json view_of(const nlohmann::json &subject, const std::vector<comparison_row> &rows);

/// The first row in one paragraph, as far as it is known: means over its seeds, and the other rows beside it.
std::string story_of(const std::vector<comparison_row> &rows);

} // namespace lipt::adapters::report
