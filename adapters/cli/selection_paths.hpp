// What stands beside the subset that `lipt select` writes.
#pragma once

#include <filesystem>

namespace lipt::adapters {

/// The report beside an output: subset.npy -> subset.json.
inline std::filesystem::path report_path(std::filesystem::path out) {
    return out.extension() == ".npy" ? out.replace_extension(".json") : out += ".json";
}

/// Where the progress of a selection is kept: subset.npy -> subset.npy.state.
inline std::filesystem::path state_path(const std::filesystem::path &out) { return out.string() + ".state"; }

} // namespace lipt::adapters
