// How a selection was made, as JSON: its report, and the key by which one that was stopped is told from every
// other.
#pragma once

#include <lipt/adapters/arrays/array_rows.hpp>
#include <lipt/adapters/arrays/estimate.hpp>
#include <lipt/adapters/arrays/select.hpp>
#include <lipt/select/named_method.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::arrays {

/// What was selected from, by the names of the members with hyphens: "labels", "validation-logits", ...
using named_arrays = std::vector<std::pair<std::string, array_record>>;

/// "kept", "recomputed", "sparse, the 64 nearest of each sample", "kept for 3 of 10 classes, for the others
/// recomputed", "none", or "unknown". neighbours: of each sample where sparse
std::string similarity_words(const selection_estimate &estimate, std::size_t neighbours);

/// The text that tells a selection from every other: settings, arrays, version and backend.
std::string selection_key(const select_request &request, const named_method &method,
                          const named_arrays &arrays, std::string_view backend);

/// How a selection was computed.
struct selection_means {
    std::string_view backend{};
    std::size_t threads = 0;
};

/// The report, one line a key.
std::string report_of(const select_request &request, const named_method &method, const select_result &result,
                      const std::vector<std::size_t> &available, const named_arrays &arrays,
                      const selection_means &means);

} // namespace lipt::arrays
