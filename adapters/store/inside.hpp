// Paths that stay where they should: a run directory may come from somebody else.
#pragma once

#include <filesystem>

namespace lipt::adapters {

/// The path of that name below a directory. errors: R12 it is a link or below one, or leads out
std::filesystem::path inside(const std::filesystem::path &directory, const std::filesystem::path &name);

} // namespace lipt::adapters
