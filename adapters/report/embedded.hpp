// The files that the build puts into the program (cmake/lipt_embed.cmake): the page and the chart library.
#pragma once

#include <string_view>

namespace lipt::adapters::report {

extern const std::string_view page_template; ///< report.html, a mustache template
extern const std::string_view page_style;    ///< report.css
extern const std::string_view page_script;   ///< report.js
extern const std::string_view chart_library; ///< Chart.js

} // namespace lipt::adapters::report
