#include <lipt/adapters/cli/launching.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/adapters/launch/mpi_driver.hpp>
#include <lipt/adapters/launch/processes.hpp>
#include <lipt/adapters/launch/threads.hpp>
#include <lipt/error.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, launcher_kind>, 4> launchers{
    {{"threads", launcher_kind::threads},
     {"processes", launcher_kind::processes},
     {"slurm", launcher_kind::slurm},
     {"mpi", launcher_kind::mpi}}};

constexpr double default_silence_s = 30;

launcher_kind launcher_of(const std::string &given) {
    for (const auto &[word, kind] : launchers) {
        if (word == given) return kind;
    }
    fail("U03", "settings: --launcher is '", given, "', expected threads|processes|slurm|mpi");
}

template <class Value>
Value value_or(const std::string &name, const std::string &given, Value otherwise) {
    return given.empty() ? otherwise : parse_value<Value>(name, given);
}

/// A time in seconds; it must not be below 0. errors: U03
double seconds_of(const std::string &name, const std::string &given) {
    constexpr double most = 1e9;
    const double value = value_or(name, given, 0.0);
    require(value >= 0 && value <= most, "U03", "settings: --", name, " is '", given,
            "', expected 0 to 1e9 s");
    return value;
}

/// This program's own file.
fs::path own_program() { return fs::read_symlink("/proc/self/exe"); }

fs::path ranks_program() { return own_program().parent_path() / "lipt-mpi"; }

/// errors: U40, U45
void check_mpi(const launch_options &options) {
    const bool mpi = options.kind == launcher_kind::mpi;
    require(mpi || options.mpirun.empty(), "U40", "settings: --mpirun is for MPI: add --launcher mpi");
    require(mpi || options.silence_s == default_silence_s, "U40",
            "settings: --silence is for MPI: add --launcher mpi");
    require(options.silence_s > 0, "U03", "settings: --silence is 0, expected more");
    require(!mpi || ::access(ranks_program().c_str(), X_OK) == 0, "U45", "settings: --launcher mpi needs '",
            ranks_program().string(),
            "', which is built where CMake finds MPI: install libopenmpi-dev and build again");
}

/// errors: U40 to U42, U45
void check(const launch_options &options) {
    const bool threads = options.kind == launcher_kind::threads, slurm = options.kind == launcher_kind::slurm;
    const bool apart =
        options.deadline_s > 0 || options.time_limit_s > 0 || options.retries > 0 || !options.program.empty();
    require(!threads || !apart, "U40",
            "settings: --deadline, --time-limit, --retries and --worker-program are for workers in processes "
            "of their own: add --launcher processes, slurm or mpi");
    require(slurm || (options.sbatch.empty() && !options.submit_only), "U40",
            "settings: --sbatch and --submit-only are for Slurm: add --launcher slurm");
    require(!options.submit_only || (options.deadline_s == 0 && options.retries == 0), "U40",
            "settings: --deadline and --retries need somebody who waits: leave out --submit-only, or use "
            "--time-limit");
    check_mpi(options);
    std::error_code ignored;
    require(options.min_workers > 0, "U03", "settings: --min-workers is 0, expected 1 or more");
    require(options.program.empty() || (fs::is_regular_file(options.program, ignored) &&
                                        ::access(options.program.c_str(), X_OK) == 0),
            "U41", "settings: --worker-program '", options.program.string(),
            "' is not a program that can be run");
    for (const auto &one : options.sbatch) {
        require(one.starts_with("-") && one.size() > 1, "U42", "settings: --sbatch '", one,
                "' is not an option of sbatch: write e.g. --sbatch=--partition=gpu, once an option");
        constexpr std::array<std::string_view, 16> ours{
            "-a", "--array",    "-d",     "--dependency", "-D", "--chdir", "-o", "--output",
            "-J", "--job-name", "--wrap", "--parsable",   "-W", "--wait",  "-M", "--clusters"};
        const bool is_long = one.starts_with("--");
        const auto name = one.substr(0, is_long ? one.find('=') : 2);
        // sbatch takes the beginning of a long option for the whole.
        const bool is_ours = std::any_of(ours.begin(), ours.end(), [&](std::string_view own) {
            return own == name || (is_long && own.starts_with(name));
        });
        require(!is_ours, "U42", "settings: --sbatch ", one,
                " is what LiPT sets itself, or another cluster, which it does not follow: leave it out");
    }
}

worker_start start_of(const launch_options &options, const fs::path &run, const launch_observer &observer,
                      std::size_t workers) {
    return {.program = options.program.empty() ? own_program() : fs::absolute(options.program),
            .run = fs::canonical(run), // one name for it, however it was given
            .delivered = [observer, workers](std::size_t done) { observer.progress(done, workers); },
            .say = observer.say};
}

} // namespace

launch_flags::launch_flags(CLI::App &command) {
    const auto add = [&](const char *name, std::string &value, const char *kind, const char *initial,
                         const char *help) {
        command.add_option(name, value, help)
            ->type_name(kind)
            ->default_str(initial)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    };
    add("--launcher", given_->launcher, "threads|processes|slurm|mpi", "threads",
        "where workers run: in threads of this process, in processes of this machine, as an array of Slurm's "
        "jobs, as ranks of MPI; the result is the same");
    add("--slots", given_->slots, "COUNT", "0",
        "workers at once; 0: one a thread, with slurm as many as it has room for");
    add("--deadline", given_->deadline, "NUMBER", "0",
        "seconds after which workers that have not delivered are given up; 0: never");
    add("--time-limit", given_->time_limit, "NUMBER", "0",
        "seconds that one worker may take, with slurm in whole minutes; 0: no limit of ours");
    add("--retries", given_->retries, "COUNT", "0", "times that a worker is tried again after it has failed");
    add("--min-workers", given_->min_workers, "COUNT", "1",
        "workers that must have delivered before they are merged");
    add("--worker-program", given_->program, "FILE", "",
        "program that is started for a worker in place of lipt, with lipt's arguments: a wrapper that enters "
        "a "
        "container, for one");
    command
        .add_option("--sbatch", given_->sbatch,
                    "an option for sbatch, as in --sbatch=--partition=gpu; may be given often")
        ->type_name("OPTION")
        ->allow_extra_args(false);
    command
        .add_option("--mpirun", given_->mpirun,
                    "an option for mpirun, as in --mpirun=--hostfile=FILE; may be given often; given at all, "
                    "all that "
                    "it needs must be given, in place of --enable-recovery and --oversubscribe")
        ->type_name("OPTION")
        ->allow_extra_args(false);
    add("--silence", given_->silence, "NUMBER", "30",
        "seconds after which a rank of MPI that does not answer is taken for dead");
    command.add_flag("--submit-only", given_->submit_only,
                     "submit workers and merge to Slurm, say how to go on, and end");
}

launch_options launch_flags::resolve() const {
    launch_options options{.kind = launcher_of(given_->launcher),
                           .slots = value_or("slots", given_->slots, std::size_t{0}),
                           .deadline_s = seconds_of("deadline", given_->deadline),
                           .time_limit_s = seconds_of("time-limit", given_->time_limit),
                           .retries = value_or("retries", given_->retries, std::size_t{0}),
                           .min_workers = value_or("min-workers", given_->min_workers, std::size_t{1}),
                           .program = given_->program,
                           .sbatch = given_->sbatch,
                           .mpirun = given_->mpirun,
                           .silence_s = given_->silence.empty() ? default_silence_s
                                                                : seconds_of("silence", given_->silence),
                           .submit_only = given_->submit_only};
    check(options);
    return options;
}

slurm_options slurm_options_of(const launch_options &options, const fs::path &run,
                               const launch_observer &observer) {
    return {.start = start_of(options, run, observer, 0),
            .throttle = options.slots,
            .time_limit_s = options.time_limit_s,
            .arguments = options.sbatch};
}

launcher make_launcher(const launch_options &options, const fs::path &run, std::size_t threads,
                       const launch_observer &observer) {
    const std::size_t slots = options.slots == 0 ? threads : options.slots;
    if (options.kind == launcher_kind::threads) return workers_in_threads(slots);
    return [=](std::span<const std::size_t> workers, const std::function<void(std::size_t)> &work) {
        const auto start = start_of(options, run, observer, workers.size());
        attempt once;
        if (options.kind == launcher_kind::processes) {
            once = in_processes({.start = start, .slots = slots, .time_limit_s = options.time_limit_s});
        } else if (options.kind == launcher_kind::mpi) {
            mpi_options mpi{.start = start,
                            .ranks = ranks_program(),
                            .workers_a_round = options.workers_a_round,
                            .slots = slots,
                            .time_limit_s = options.time_limit_s,
                            .silence_s = options.silence_s};
            if (!options.mpirun.empty()) mpi.arguments = options.mpirun;
            once = in_mpi_ranks(std::move(mpi));
        } else {
            auto slurm = slurm_options_of(options, run, observer);
            slurm.start = start;
            once = on_slurm(std::move(slurm));
        }
        return with_retries(std::move(once), options.retries, options.deadline_s)(workers, work);
    };
}

} // namespace lipt::adapters
