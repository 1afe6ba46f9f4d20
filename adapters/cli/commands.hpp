// What each command of the program does, once its flags are read.
#pragma once

#include <lipt/adapters/arrays/select.hpp>
#include <lipt/adapters/cli/launching.hpp>
#include <lipt/adapters/cli/settings.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lipt::adapters {

/// `lipt run`: all stages into a run directory; goes on where it was stopped. Workers that are missing from
/// the soup are tried again, and where one delivers, the soup and what follows is made again.
void run_command(const run_settings &settings, const std::filesystem::path &out,
                 const launch_options &launch);

/// `lipt plan`: makes the run directory, the common start and the shards.
void plan_command(const run_settings &settings, const std::filesystem::path &out);

/// Where a stage finds its run, and the run its data.
struct run_place {
    std::filesystem::path run;
    std::filesystem::path data; ///< of the same content as the run's; empty: where its config.json says
};

/// Threads for the commands that read their settings from a run directory; nothing: all there are.
using thread_count = std::optional<std::size_t>;

/// `lipt worker`: one worker of a run directory that has config.json, theta_star.safetensors and its shard;
/// the data set is not needed. errors: Q03 no such worker, S06 no plan
void worker_command(const std::filesystem::path &run, std::size_t worker);

/// What a merge insists on.
struct merge_terms {
    std::optional<std::size_t> expect; ///< workers that the caller believes to be planned
    std::size_t min_workers = 1;       ///< that must have delivered
};
/// `lipt merge`: the soup of all whole uploads. errors: U44 another number of workers is planned, S07 fewer
/// than min_workers
void merge_command(const run_place &place, thread_count threads, const merge_terms &terms);
/// `lipt select --run`: the features and the subset.
void select_command(const run_place &place, thread_count threads);
/// `lipt train`: the main training, result.json and report.html.
void train_command(const run_place &place, thread_count threads);

/// `lipt report`: report.html of the first run with the others beside it, and their table on stdout.
/// data: of the first run, empty where its config.json says. errors: R01 data of another content
void report_command(const std::vector<std::filesystem::path> &runs, const std::filesystem::path &out,
                    const std::filesystem::path &data);

/// `lipt select` on stored arrays: what to select, and where it goes.
struct array_selection {
    arrays::select_request request{};
    std::filesystem::path out = "subset.npy", weights_out, scores_out, csv;
    bool dry_run = false;
};
/// Selects, writes the outputs and a report beside them; goes on where it was stopped. errors: U24 scores
/// that the method does not give, U31 files that collide, U32 no such directory; and as arrays::select
void select_arrays_command(const array_selection &asked);
/// One line a method.
void list_methods();

} // namespace lipt::adapters
