// The command `lipt soup`: models of one architecture, from anywhere, into one.
#pragma once

#include <CLI/CLI.hpp>

namespace lipt::adapters {

/// Adds `soup` to the program. errors, once it is called: U03 a value that is none, U31 an output that is an
/// input, U49 a flag that the method does not read, U51 greedy without a network or data, U52 models that are
/// not of the network; S-ids and F-ids of the merge
void add_soup_command(CLI::App &app);

} // namespace lipt::adapters
