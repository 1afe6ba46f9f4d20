// How many processors this process may use, and whether its threads are still there.
#pragma once

#include <cstddef>

namespace lipt::arrays {

/// As the processor affinity and the control group's quota say, at least 1.
std::size_t usable_processors();

/// The threads that a call may start: as many as asked for, 0 for all; one in a process that was forked from
/// one whose threads were at work, since they are not there. Remembers that threads are used.
std::size_t threads_to_use(std::size_t asked);

/// Whether threads_to_use would give one thread for that reason.
bool lost_threads() noexcept;

} // namespace lipt::arrays
