// Workers as an array of Slurm jobs. All that Slurm is told goes as arguments of its own programs and as
// fixed scripts; no shell is built from what a user gave.
#pragma once

#include <lipt/adapters/launch/attempts.hpp>
#include <lipt/adapters/launch/child.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::adapters {

/// What the jobs of workers are called.
inline constexpr std::string_view worker_job = "lipt-worker";

/// How workers are run by Slurm.
struct slurm_options {
    worker_start start;
    std::size_t throttle = 0;           ///< workers at once; 0: as many as Slurm has room for
    double time_limit_s = 0;            ///< of one worker, in whole minutes for Slurm; 0: the partition's
    std::vector<std::string> arguments; ///< for sbatch, as a user gave them: resources, partition, account
};

/// Runs one of Slurm's programs, without the user's defaults for it that would change what it prints or which
/// cluster it asks. errors: J01 there is none
program_output run_slurm(std::vector<std::string> command);

/// The tasks of an array as sbatch's --array takes them: "0-3,7%2". shapes: workers ascending
std::string array_of(std::span<const std::size_t> workers, std::size_t throttle);

/// One task as squeue tells of it.
struct slurm_task {
    std::string state, reason;
    std::string name, directory; ///< of its job

    /// Whether it may still run.
    bool active() const;
};

/// What squeue says of tasks, by job and worker; `ok` is false where the controller did not answer.
struct slurm_answer {
    bool ok = false;
    std::map<std::pair<std::string, std::size_t>, slurm_task> tasks;
};

/// Reads lines "job|worker|state|reason|name|directory" of squeue; others are passed over.
slurm_answer parse_squeue(std::string_view lines);

/// Submits an array with a task a worker; requeued by Slurm where a node fails. Returns the job's number.
/// after: the job of a merge that must have ended well first; empty: none
/// errors: J01 no sbatch, J02 sbatch refused
std::string submit_workers(std::span<const std::size_t> workers, const slurm_options &options,
                           const std::string &after = {});

/// Keeps which job these workers are in, beside what is known of others, in the run's launch/slurm.json.
/// errors: F-ids, R12
void remember_jobs(const slurm_options &options, const std::map<std::size_t, std::string> &jobs);

/// Those of the kept jobs with a task that may still run. errors: J01 no squeue, R03 the file is damaged
std::set<std::string> queued_jobs(const slurm_options &options);

/// Submits `lipt merge` for when every task of `job` has ended, in whatever way; empty: at once. Returns the
/// job's number.
/// errors: J01, J02
std::string submit_merge(const std::string &job, const std::vector<std::string> &merge_arguments,
                         const slurm_options &options);

/// Submits the workers and follows them until none may run any more or all have delivered; those that an
/// earlier call submitted and that are still in the queue are followed, not submitted again. At the deadline
/// the rest is cancelled. Slurm's controller may be away meanwhile.
/// errors: J01 no sbatch, squeue or scancel, J02 sbatch refused
attempt on_slurm(slurm_options options);

} // namespace lipt::adapters
