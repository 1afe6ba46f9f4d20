// What `lipt select` writes: arrays, a table for spreadsheets, and a report of how they were made.
#pragma once

#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/selection_paths.hpp>

namespace lipt::adapters {

/// Checks that no output overwrites another or an input, and that each has a directory to go to.
/// errors: U31 two files collide, U32 no such directory
void check_files(const array_selection &asked);

/// Writes all that was asked for, each file atomically, the indices last; weights of one where the method
/// gives none. errors: F02, F03
void write_selection(const array_selection &asked, const arrays::select_result &chosen);

} // namespace lipt::adapters
