// Workers as processes of this machine.
#pragma once

#include <lipt/adapters/launch/attempts.hpp>

namespace lipt::adapters {

/// How workers are run as processes.
struct process_options {
    worker_start start;
    std::size_t slots = 1;   ///< processes at once
    double time_limit_s = 0; ///< of one process; 0: none
};

/// One process a worker, at most `slots` at once; one over its time limit, and all at the deadline, are
/// killed with SIGKILL: a worker's file is there whole or not at all. What they print is in the run
/// directory's launch/worker-N.log. errors: J01 the program cannot be started
attempt in_processes(process_options options);

} // namespace lipt::adapters
