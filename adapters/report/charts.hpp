// The numbers behind the charts, for the page's script; shares in percent. A chart without numbers has no
// key.
#pragma once

#include <lipt/adapters/report/comparison.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace lipt::adapters::report {

/// {accuracy, cost, curves, soup, classes}: the first three over all rows, the others of the run the page is
/// about.
nlohmann::json charts_of(const nlohmann::json &subject, const std::vector<comparison_row> &rows);

/// What class `c` is called: its name in the run's data, else its number.
std::string class_name(const nlohmann::json &model, std::size_t c);

} // namespace lipt::adapters::report
