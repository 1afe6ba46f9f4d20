// The program `lipt`: flags to commands, errors to exit statuses.
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/options.hpp>
#include <lipt/error.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>

namespace {

using namespace lipt::adapters;

constexpr int wrong_use = 2, failure = 1;

/// The commands that make a run directory: `run` and `plan`.
void add_making_command(CLI::App &app, const char *name, const char *help,
                        void (*command)(const run_settings &, const std::filesystem::path &)) {
    struct state {
        std::unique_ptr<settings_options> options;
        std::filesystem::path out;
    };
    auto *sub = app.add_subcommand(name, help);
    auto kept = std::make_shared<state>();
    sub->add_option("--out", kept->out, "run directory: new, or one to continue")
        ->required()
        ->type_name("DIR");
    kept->options = std::make_unique<settings_options>(*sub);
    sub->callback([kept, command] { command(kept->options->resolve(), kept->out); });
}

struct stage_flags {
    std::filesystem::path run;
    std::size_t worker = 0, threads = 0;
    thread_count budget() const { return threads == 0 ? thread_count{} : thread_count{threads}; }
};

CLI::App *add_stage_command(CLI::App &app, const char *name, const char *help,
                            const std::shared_ptr<stage_flags> &flags) {
    auto *sub = app.add_subcommand(name, help);
    sub->add_option("--run", flags->run, "run directory made by `lipt plan` or `lipt run`")
        ->required()
        ->type_name("DIR");
    return sub;
}

void add_threads(CLI::App *sub, const std::shared_ptr<stage_flags> &flags) {
    sub->add_option("--threads", flags->threads, "threads in all; 0: as many as there are processors")
        ->type_name("COUNT");
}

void add_stage_commands(CLI::App &app) {
    auto flags = std::make_shared<stage_flags>();
    auto *worker =
        add_stage_command(app, "worker", "train one worker of a planned run, with one thread", flags);
    worker->add_option("--worker", flags->worker, "number of the worker, from 0")
        ->required()
        ->type_name("COUNT");
    worker->callback([flags] { worker_command(flags->run, flags->worker); });
    auto *merge =
        add_stage_command(app, "merge", "merge all workers that have delivered into one soup", flags);
    add_threads(merge, flags);
    merge->callback([flags] { merge_command(flags->run, flags->budget()); });
    auto *train =
        add_stage_command(app, "train", "main training on the subset, result.json and report.html", flags);
    add_threads(train, flags);
    train->callback([flags] { train_command(flags->run, flags->budget()); });
}

void add_array_options(CLI::App *sub, array_selection &asked) {
    sub->add_option("--embeddings", asked.embeddings, "(N,E) .npy, float32 or float16")->type_name("FILE");
    sub->add_option("--logits", asked.logits, "(N,C) .npy")->type_name("FILE");
    sub->add_option("--labels", asked.labels, "(N) .npy, whole numbers")->type_name("FILE");
    sub->add_option("--validation-embeddings", asked.validation_embeddings, "(V,E) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--validation-logits", asked.validation_logits, "(V,C) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--validation-labels", asked.validation_labels, "(V) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--method", asked.method, "selection method; --list names them")
        ->capture_default_str()
        ->type_name("TEXT");
    sub->add_option("--fraction", asked.fraction, "share of the samples to keep, above 0 and at most 1")
        ->capture_default_str();
    sub->add_flag("--unbalanced", asked.unbalanced, "choose among all samples at once, not class by class");
    sub->add_option("--seed", asked.seed, "seed of the random methods")->capture_default_str();
    sub->add_option("--gradmatch-ridge", asked.options.gradmatch.ridge, "ridge of GradMatch")
        ->capture_default_str();
    sub->add_option("--glister-learning-rate", asked.options.glister.learning_rate,
                    "step of Glister's validation update")
        ->capture_default_str();
    sub->add_option("--glister-rounds", asked.options.glister.rounds, "rounds of Glister")
        ->capture_default_str();
    sub->add_option("--out", asked.out, "kept indices, int64 .npy")->capture_default_str()->type_name("FILE");
    sub->add_option("--weights-out", asked.weights_out, "weights of the kept samples, float32 .npy")
        ->type_name("FILE");
    sub->add_option("--scores-out", asked.scores_out, "scores of all samples, float32 .npy")
        ->type_name("FILE");
}

void add_select_command(CLI::App &app) {
    struct state {
        array_selection arrays;
        std::filesystem::path run;
        bool list = false;
    };
    auto kept = std::make_shared<state>();
    auto *sub = app.add_subcommand("select", "choose the subset of a run, or from stored arrays");
    sub->add_option("--run", kept->run, "run directory to select in, instead of arrays")->type_name("DIR");
    sub->add_option("--threads", kept->arrays.threads, "threads in all; 0: as many as there are processors")
        ->type_name("COUNT");
    sub->add_flag("--list", kept->list, "list the methods and leave");
    add_array_options(sub, kept->arrays);
    sub->callback([kept, sub] {
        const auto &a = kept->arrays;
        if (kept->list) return list_methods();
        if (!kept->run.empty()) {
            // A run directory has its settings; another method or fraction here would be silently ignored.
            for (const auto *option : sub->get_options()) {
                if (option->count() > 0 && option->get_name() != "--run" &&
                    option->get_name() != "--threads") {
                    lipt::fail("U25", "select: ", option->get_name(),
                               " cannot be given with --run: the run's config.json has it");
                }
            }
            return select_command(kept->run, a.threads == 0 ? thread_count{} : thread_count{a.threads});
        }
        lipt::require(!a.embeddings.empty() && !a.logits.empty() && !a.labels.empty(), "U26",
                      "select: give --run DIR, or --embeddings, --logits and --labels");
        select_arrays_command(a);
    });
}

void add_report_command(CLI::App &app) {
    struct state {
        std::vector<std::filesystem::path> runs;
        std::filesystem::path out;
    };
    auto kept = std::make_shared<state>();
    auto *sub = app.add_subcommand("report", "report of one run, with others beside it");
    sub->add_option("runs", kept->runs, "run directories; the report is about the first")
        ->required()
        ->type_name("DIR");
    sub->add_option("--out", kept->out, "file to write; empty: report.html in the first run directory")
        ->type_name("FILE");
    sub->callback([kept] { report_command(kept->runs, kept->out); });
}

int run_program(int argc, char **argv) {
    CLI::App app("LiPT: subset training without the pre-training tax", "lipt");
    app.set_version_flag("--version", std::string(LIPT_VERSION));
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    add_making_command(app, "run", "all stages: pre-train, select, train", run_command);
    add_making_command(app, "plan", "make a run directory with the common start and the workers' shards",
                       plan_command);
    add_stage_commands(app);
    add_select_command(app);
    add_report_command(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : wrong_use;
    } catch (const lipt::error &error) {
        fmt::print(stderr, "lipt: {}\n", error.what());
        return error.id().starts_with("LIPT-U") ? wrong_use : failure;
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
