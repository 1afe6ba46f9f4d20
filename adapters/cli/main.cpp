// The program `lipt`: flags to commands, errors to exit statuses.
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/options.hpp>
#include <lipt/adapters/cli/select_options.hpp>
#include <lipt/adapters/cli/soup_command.hpp>
#include <lipt/adapters/cli/stability.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/error.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>

namespace {

using namespace lipt::adapters;

constexpr int wrong_use = 2, failure = 1;

/// Errors that a flag or a settings file causes, not the state of a file: all U-ids, and those that the core
/// raises for what it was asked for (a name, a fraction, a ridge, a plan or a density that cannot be, a
/// worker that is not planned).
bool is_wrong_use(std::string_view id) {
    constexpr std::array<std::string_view, 41> asked{
        "LIPT-C01", "LIPT-C11", "LIPT-C14", "LIPT-C15", "LIPT-C16", "LIPT-C17", "LIPT-C18",
        "LIPT-C40", "LIPT-C41", "LIPT-C42", "LIPT-C45", "LIPT-C46", "LIPT-C47", "LIPT-C48",
        "LIPT-C50", "LIPT-D04", "LIPT-D06", "LIPT-D16", "LIPT-L01", "LIPT-L02", "LIPT-L06",
        "LIPT-L07", "LIPT-L08", "LIPT-L09", "LIPT-L11", "LIPT-L12", "LIPT-L13", "LIPT-L14",
        "LIPT-N01", "LIPT-N04", "LIPT-N05", "LIPT-P01", "LIPT-Q01", "LIPT-Q02", "LIPT-Q03",
        "LIPT-S03", "LIPT-S16", "LIPT-S17", "LIPT-S18", "LIPT-S20", "LIPT-T08"};
    return id.starts_with("LIPT-U") || std::find(asked.begin(), asked.end(), id) != asked.end();
}

/// What was printed may still wait to be written, and a full disk shows only then. errors: F02
void flush_output() {
    std::cout.flush();
    lipt::require(std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good(), "F02",
                  "cannot write to the standard output: is the disk full?");
}

/// What the commands that make a run directory share.
struct making_flags {
    std::unique_ptr<settings_options> options;
    std::filesystem::path out;
};

CLI::App *add_making_command(CLI::App &app, const char *name, const char *help,
                             const std::shared_ptr<making_flags> &flags) {
    auto *sub = app.add_subcommand(name, help);
    sub->add_option("--out", flags->out, "run directory: new, or one to continue")
        ->required()
        ->type_name("DIR");
    flags->options = std::make_unique<settings_options>(*sub);
    return sub;
}

void add_making_commands(CLI::App &app) {
    auto run = std::make_shared<making_flags>(), plan = std::make_shared<making_flags>();
    auto *run_sub = add_making_command(app, "run", "all stages: pre-train, select, train", run);
    const auto launch = std::make_shared<launch_flags>(*run_sub);
    run_sub->callback([run, launch] {
        const auto options = launch->resolve(); // wrong use is said before a preset is read
        run_command(run->options->resolve(), run->out, options);
    });
    auto *plan_sub = add_making_command(
        app, "plan", "make a run directory with the common start and the workers' shards", plan);
    plan_sub->callback([plan] { plan_command(plan->options->resolve(), plan->out); });
}

struct stage_flags {
    run_place place;
    std::size_t worker = 0, threads = 0, expect = 0;
    merge_terms merge;
    thread_count budget() const { return threads == 0 ? thread_count{} : thread_count{threads}; }
};

CLI::App *add_stage_command(CLI::App &app, const char *name, const char *help,
                            const std::shared_ptr<stage_flags> &flags) {
    auto *sub = app.add_subcommand(name, help);
    sub->add_option("--run", flags->place.run, "run directory made by `lipt plan` or `lipt run`")
        ->required()
        ->type_name("DIR");
    return sub;
}

void add_data(CLI::App *sub, const std::shared_ptr<stage_flags> &flags) {
    sub->add_option("--data", flags->place.data, "directory of the data set, where it lies elsewhere here")
        ->type_name("DIR");
}

void add_threads(CLI::App *sub, const std::shared_ptr<stage_flags> &flags) {
    add_count(*sub, "threads", flags->threads, "threads in all; 0: as many as there are processors");
}

void add_merge_command(CLI::App &app, const std::shared_ptr<stage_flags> &flags) {
    auto *merge =
        add_stage_command(app, "merge", "merge all workers that have delivered into one soup", flags);
    add_data(merge, flags);
    add_threads(merge, flags);
    add_count(*merge, "expect", flags->expect,
              "workers that should be planned; another number is an error; 0: any");
    add_count(*merge, "min-workers", flags->merge.min_workers,
              "workers that must have delivered; with fewer there is an error and no soup");
    merge->callback([flags] {
        if (flags->expect > 0) flags->merge.expect = flags->expect;
        lipt::require(flags->merge.min_workers > 0, "U03",
                      "settings: --min-workers is 0, expected 1 or more");
        merge_command(flags->place, flags->budget(), flags->merge);
    });
}

void add_stage_commands(CLI::App &app) {
    auto flags = std::make_shared<stage_flags>();
    auto *worker = add_stage_command(
        app, "worker",
        "train one worker of a planned run, with one thread; needs its shard, not the data set", flags);
    add_count(*worker, "worker", flags->worker, "number of the worker, from 0")->required();
    worker->callback([flags] { worker_command(flags->place.run, flags->worker); });
    add_merge_command(app, flags);
    auto *train =
        add_stage_command(app, "train", "main training on the subset, result.json and report.html", flags);
    add_data(train, flags);
    add_threads(train, flags);
    train->callback([flags] { train_command(flags->place, flags->budget()); });
}

void add_report_command(CLI::App &app) {
    struct state {
        std::vector<std::filesystem::path> runs;
        std::filesystem::path out, data;
    };
    auto kept = std::make_shared<state>();
    auto *sub = app.add_subcommand("report", "report of one run, with others beside it");
    sub->add_option("runs", kept->runs, "run directories; the report is about the first")
        ->required()
        ->type_name("DIR");
    sub->add_option("--out", kept->out, "file to write; empty: report.html in the first run directory")
        ->type_name("FILE");
    sub->add_option("--data", kept->data,
                    "directory of the first run's data set, where it lies elsewhere here")
        ->type_name("DIR");
    sub->callback([kept] { report_command(kept->runs, kept->out, kept->data); });
}

/// errors: U47
void check_command(const CLI::App &app, int argc, char **argv) {
    if (argc < 2 || argv[1][0] == '-') return;
    std::string known;
    for (const auto *one : app.get_subcommands({})) {
        if (one->get_name() == argv[1]) return;
        known += (known.empty() ? "" : ", ") + one->get_name();
    }
    lipt::fail("U47", "there is no command '", argv[1], "', expected one of: ", known);
}

/// What a wrong command line is told, in the form of every other error.
std::string wrong_line(const CLI::App *app, const CLI::Error &error) {
    return fmt::format("lipt: [LIPT-U48] {}; {} --help lists what there is\n", error.what(),
                       app->get_parent() == nullptr ? "lipt" : "lipt " + app->get_name());
}

/// What --version prints.
std::string version_line() {
#if defined(LIPT_NATIVE)
    constexpr std::string_view processors = "native: for processors like that of the machine it was built on";
#else
    constexpr std::string_view processors = "for any processor of this architecture";
#endif
    return fmt::format("{} ({}, {})", LIPT_VERSION, LIPT_BACKEND_NAME, processors);
}

int run_program(int argc, char **argv) {
    CLI::App app("LiPT: subset training without the pre-training tax", "lipt");
    app.set_version_flag("--version", version_line());
    app.require_subcommand(1);
    app.failure_message(wrong_line);
    app.get_formatter()->column_width(34);
    add_making_commands(app);
    add_stage_commands(app);
    add_select_command(app);
    add_stability_command(app);
    add_soup_command(app);
    add_report_command(app);
    try {
        try {
            check_command(app, argc, argv);
            app.parse(argc, argv);
        } catch (const CLI::ParseError &error) {
            if (app.exit(error) != 0) return wrong_use;
        }
        flush_output();
    } catch (const lipt::error &error) {
        fmt::print(stderr, "lipt: {}\n", error.what());
        return is_wrong_use(error.id()) ? wrong_use : failure;
    } catch (const std::exception &error) {
        fmt::print(stderr, "lipt: {}\n", error.what());
        return failure;
    }
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    std::signal(SIGXFSZ,
                SIG_IGN); // a file-size limit is an error like a full disk, not the end of the program
    return run_program(argc, argv);
}
