// Where a report may be written.
#pragma once

#include <filesystem>

namespace lipt::adapters {

/// Checks that a report written to `file` takes the place of nothing that a run keeps: in a run directory it
/// must be a page, *.html, at its top. errors: U31 another file in a run directory
void check_report_file(const std::filesystem::path &file);

} // namespace lipt::adapters
