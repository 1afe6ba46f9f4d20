// Workers as ranks of MPI, for sites without a shared file system or a scheduler: shards and common start go
// out as messages, and uploads come back so.
#pragma once

#include <lipt/adapters/launch/attempts.hpp>

#include <string>
#include <vector>

namespace lipt::adapters {

/// How workers are run by mpirun.
struct mpi_options {
    worker_start start;
    std::filesystem::path ranks;     ///< the program lipt-mpi
    std::size_t workers_a_round = 1; ///< tells which round's start the workers need
    std::size_t slots = 1;           ///< ranks that train, beside the one that hands out
    double time_limit_s = 0;         ///< of one worker; 0: none
    double silence_s = 30;           ///< after which a rank that does not answer is taken for dead
    /// Options of mpirun. The defaults are Open MPI's: a rank that dies does not take the others along, and
    /// one rank more than processors is allowed, since the one that hands out hardly works.
    std::vector<std::string> arguments{"--enable-recovery", "--oversubscribe"};
};

/// Runs mpirun once for all workers. Neither that it returns nor how says what became of them (Open MPI 4.1
/// hangs where a remote rank died, and ends with 0 where one was lost), so the first rank leaves a report,
/// and mpirun is ended some seconds after it, or when the first rank has fallen silent. errors: J01 mpirun
/// cannot be started
attempt in_mpi_ranks(mpi_options options);

} // namespace lipt::adapters
