// The command `lipt select`: its flags, for stored arrays and for a run.
#pragma once

#include <CLI/CLI.hpp>

namespace lipt::adapters {

/// Adds `select` to the program. errors, once it is called: U23 to U26, and those of the command
void add_select_command(CLI::App &app);

} // namespace lipt::adapters
