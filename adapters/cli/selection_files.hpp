// What `lipt select` writes: arrays, a table for spreadsheets, and a report of how they were made.
#pragma once

#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/selection_estimate.hpp>
#include <lipt/adapters/cli/selection_paths.hpp>
#include <lipt/select/pools.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::adapters {

/// What was selected from, by the names of the flags: "labels", "validation-logits", ...
using named_arrays = std::vector<std::pair<std::string, array_record>>;

/// "kept", "recomputed", "sparse, the 64 nearest of each sample", "kept for 3 of 10 classes, for the others
/// recomputed", "none", or "unknown". neighbours: of each sample where sparse
std::string similarity_words(const selection_estimate &estimate, std::size_t neighbours);

/// Checks that no output overwrites another or an input, and that each has a directory to go to.
/// errors: U31 two files collide, U32 no such directory
void check_files(const array_selection &asked);

/// The text that tells a selection from every other: settings, arrays, version and backend.
std::string selection_key(const array_selection &asked, const named_arrays &arrays, std::string_view backend);

/// Makes weights of one where --weights-out asks for some of a method that gives none. Returns what there is
/// to say of that, or "".
std::string fill_weights(const array_selection &asked, const method_info &method, selection &chosen);

/// How a selection was computed, for its report.
struct selection_means {
    std::string_view similarity, backend;
    std::size_t threads;
};

/// Writes all that was asked for, each file atomically, the indices last. errors: F02, F03
void write_selection(const array_selection &asked, const method_info &method,
                     std::span<const std::int32_t> labels, std::size_t classes, const selection &chosen,
                     const named_arrays &arrays, const selection_means &means);

} // namespace lipt::adapters
