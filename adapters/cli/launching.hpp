// How the workers of a run are started: the flags that say so, which shape no result, and the launcher made
// of them.
#pragma once

#include <lipt/adapters/launch/slurm.hpp>

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lipt::adapters {

/// Where workers run. threads: in this process. processes: on this machine. slurm: an array of jobs. mpi:
/// ranks.
enum class launcher_kind : std::uint8_t { threads, processes, slurm, mpi };

/// What was asked for beside the settings.
struct launch_options {
    launcher_kind kind = launcher_kind::threads;
    std::size_t slots = 0;           ///< workers at once; 0: one a thread, with slurm no limit
    double deadline_s = 0;           ///< of all workers together; 0: none
    double time_limit_s = 0;         ///< of one attempt of one worker; 0: none
    std::size_t retries = 0;         ///< attempts after the first
    std::size_t min_workers = 1;     ///< that must have delivered
    std::size_t workers_a_round = 0; ///< of the run, known when it is opened
    std::filesystem::path program;   ///< that is started for a worker; empty: this one
    std::vector<std::string> sbatch; ///< options of sbatch
    std::vector<std::string> mpirun; ///< options of mpirun; empty: those of mpi_options
    double silence_s = 30;           ///< after which a rank of MPI is taken for dead
    bool submit_only = false;        ///< with slurm: submit and go
};

/// The flags of `lipt run` that say how workers are started.
class launch_flags {
  public:
    explicit launch_flags(CLI::App &command);

    /// What was asked for. errors: U03 a wrong value, U40 a flag that this launcher has no use for, U41 a
    /// worker program that is not there, U42 sbatch arguments that are not options, U45 no lipt-mpi
    launch_options resolve() const;

  private:
    struct texts {
        std::string launcher = "threads", slots, deadline, time_limit, retries, min_workers, program, silence;
        std::vector<std::string> sbatch, mpirun;
        bool submit_only = false;
    };
    std::shared_ptr<texts> given_ = std::make_shared<texts>();
};

/// What a launcher tells while it works.
struct launch_observer {
    std::function<void(std::size_t done, std::size_t of)> progress;
    std::function<void(const std::string &)> say;
};

/// The launcher of a run directory; `threads` are those that workers in threads, or processes, share.
launcher make_launcher(const launch_options &options, const std::filesystem::path &run, std::size_t threads,
                       const launch_observer &observer);

/// How workers of a run directory are submitted to Slurm.
slurm_options slurm_options_of(const launch_options &options, const std::filesystem::path &run,
                               const launch_observer &observer);

} // namespace lipt::adapters
