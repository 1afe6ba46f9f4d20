#include <lipt/adapters/launch/slurm.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/inside.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view worker_script =
    "#!/bin/sh\n"
    "# A task of the array trains one worker. $1: the program, $2: the run directory.\n"
    "exec >>\"$2/launch/worker-$SLURM_ARRAY_TASK_ID.log\" 2>&1\n"
    "exec \"$1\" worker --run \"$2\" --worker \"$SLURM_ARRAY_TASK_ID\"\n";
constexpr std::string_view merge_script = "#!/bin/sh\n"
                                          "# $1: the run directory; the others are the program and its own.\n"
                                          "exec >>\"$1/launch/merge.log\" 2>&1\n"
                                          "shift\n"
                                          "exec \"$@\"\n";

/// What all jobs of a run share. Slurm replaces percent signs and drops backslashes in --output, also those
/// of the folder that it is in: the scripts write the logs themselves.
std::vector<std::string> sbatch_of(const slurm_options &options, const std::string &name) {
    return {"sbatch",
            "--parsable",
            "--job-name=" + name,
            "--chdir=" + options.start.run.string(),
            "--output=/dev/null",
            "--ntasks=1"};
}

/// The job's number of what `sbatch --parsable` printed: "12" or "12;cluster". errors: J02
std::string submit(const std::vector<std::string> &command) {
    const auto printed = run_slurm(command);
    const auto number = printed.out.substr(0, printed.out.find_first_of(";\n"));
    const bool whole = !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
    require(printed.end.good() && whole, "J02", "slurm: sbatch ", printed.end.words(),
            " and said: ", printed.err.substr(0, printed.err.find_last_not_of('\n') + 1),
            ": check the arguments given by --sbatch, and that Slurm runs (sinfo)");
    return number;
}

std::vector<std::string_view> pieces_of(std::string_view line, char separator) {
    std::vector<std::string_view> pieces;
    for (;;) {
        const auto end = line.find(separator);
        pieces.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return pieces;
        line.remove_prefix(end + 1);
    }
}

bool to_number(std::string_view digits, std::size_t &number) {
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return code == std::errc{} && end == digits.data() + digits.size();
}

} // namespace

program_output run_slurm(std::vector<std::string> command) {
    constexpr std::chrono::seconds patience{60}; // they retry by themselves
    // Settings of the user's own for these programs would change what they do or print.
    std::vector<std::string> words{"env"};
    for (char **one = environ; *one != nullptr; ++one) {
        const std::string_view name(*one, std::string_view(*one).find('='));
        const bool ours = name.starts_with("SQUEUE_") || name.starts_with("SCANCEL_") ||
                          name == "SBATCH_WAIT" || name == "SBATCH_CLUSTERS" || name == "SLURM_CLUSTERS";
        if (ours) words.insert(words.end(), {"-u", std::string(name)});
    }
    words.insert(words.end(), std::make_move_iterator(command.begin()),
                 std::make_move_iterator(command.end()));
    return run_program(words, patience);
}

std::string array_of(std::span<const std::size_t> workers, std::size_t throttle) {
    std::string list;
    for (std::size_t first = 0, last = 0; first < workers.size(); first = last + 1) {
        for (last = first; last + 1 < workers.size() && workers[last + 1] == workers[last] + 1;) ++last;
        if (!list.empty()) list += ",";
        list += std::to_string(workers[first]);
        if (last > first) list += fmt::format("-{}", workers[last]);
    }
    return throttle == 0 ? list : fmt::format("{}%{}", list, throttle);
}

bool slurm_task::active() const {
    constexpr std::array<std::string_view, 11> ended{"gone",      "COMPLETED",     "FAILED",    "CANCELLED",
                                                     "TIMEOUT",   "NODE_FAIL",     "BOOT_FAIL", "DEADLINE",
                                                     "PREEMPTED", "OUT_OF_MEMORY", "REVOKED"};
    return std::find(ended.begin(), ended.end(), state) == ended.end();
}

slurm_answer parse_squeue(std::string_view lines) {
    slurm_answer answer{.ok = true};
    for (const auto line : pieces_of(lines, '\n')) {
        const auto pieces = pieces_of(line, '|');
        std::size_t worker = 0;
        constexpr std::size_t fields = 6;
        if (pieces.size() < fields || !to_number(pieces[1], worker)) continue;
        const auto directory = line.substr(static_cast<std::size_t>(pieces[fields - 1].data() - line.data()));
        answer.tasks[{std::string(pieces[0]), worker}] = {std::string(pieces[2]), std::string(pieces[3]),
                                                          std::string(pieces[4]), std::string(directory)};
    }
    return answer;
}

std::string submit_workers(std::span<const std::size_t> workers, const slurm_options &options,
                           const std::string &after) {
    options.start.folder();
    for (const auto worker : workers) options.start.log(worker); // where Slurm is to write must be ours
    const auto script = inside(options.start.run, "launch/worker.sh");
    write_file(script, worker_script);
    auto command = sbatch_of(options, std::string(worker_job));
    command.insert(command.end(),
                   {"--requeue", "--cpus-per-task=1", "--array=" + array_of(workers, options.throttle)});
    if (!after.empty())
        command.insert(command.end(), {"--dependency=afterok:" + after, "--kill-on-invalid-dep=yes"});
    if (options.time_limit_s > 0)
        command.push_back(fmt::format("--time={:.0f}", std::ceil(options.time_limit_s / 60)));
    command.insert(command.end(), options.arguments.begin(), options.arguments.end());
    command.insert(command.end(),
                   {script.string(), options.start.program.string(), options.start.run.string()});
    return submit(command);
}

std::string submit_merge(const std::string &job, const std::vector<std::string> &merge_arguments,
                         const slurm_options &options) {
    options.start.folder();
    inside(options.start.run, "launch/merge.log");
    const auto script = inside(options.start.run, "launch/merge.sh");
    write_file(script, merge_script);
    auto command = sbatch_of(options, "lipt-merge");
    command.insert(command.end(), options.arguments.begin(), options.arguments.end());
    if (!job.empty()) command.push_back("--dependency=afterany:" + job);
    command.insert(command.end(),
                   {script.string(), options.start.run.string(), options.start.program.string(), "merge",
                    "--run", options.start.run.string()});
    command.insert(command.end(), merge_arguments.begin(), merge_arguments.end());
    return submit(command);
}

} // namespace lipt::adapters
