// The two parts that ranks play: the first hands out workers, all others have them run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace lipt::adapters {

/// What lipt-mpi is told on its command line, the same in every rank.
struct rank_options {
    std::filesystem::path run;     ///< where the first rank is
    std::filesystem::path program; ///< lipt, on every host
    std::filesystem::path start;   ///< file of the run that the workers begin with
    std::vector<std::size_t> workers;
    double deadline_s = 0;   ///< 0: none
    double time_limit_s = 0; ///< of one worker; 0: none
    double silence_s = 30;   ///< after which the other side is taken for dead
};

/// The first rank of `ranks`: sends config.json, the start and a shard to each that asks, takes
/// uploads in and leaves a report in launch/mpi.json. An upload whose checksum is wrong is refused here, all
/// else that it may lack by the merge. Returns whether every rank is alive, so that MPI may be finalized.
/// errors: F-ids of the run's files
bool hand_out(const rank_options &options, int ranks);

/// Any other rank: keeps what it is sent in a directory of its own and has `lipt worker` run there; an upload
/// is sent back, and put into the run directory as well where that is to be seen from here. Returns whether
/// it was told to leave in peace.
bool take_work(const rank_options &options);

} // namespace lipt::adapters
