// The commands on a run directory: where the chosen backend, the adapters and the pipeline meet.
#include <lipt/adapters/arrays/notices.hpp>
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/launching.hpp>
#include <lipt/adapters/cli/network_words.hpp>
#include <lipt/adapters/cli/progress.hpp>
#include <lipt/adapters/cli/run_data.hpp>
#include <lipt/adapters/cli/run_network.hpp>
#include <lipt/adapters/cli/setting_readers.hpp>
#include <lipt/adapters/report/report.hpp>
#include <lipt/adapters/report/report_file.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sentence.hpp>
#include <lipt/chosen.hpp>
#include <lipt/lipt.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <numeric>
#include <thread>
#include <utility>

namespace lipt::adapters {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Workers that train at once: one a thread on a processor, one a device elsewhere.
std::size_t worker_slots(const pipeline_settings &settings) {
    if (settings.device == "cpu") return settings.threads;
    return static_cast<std::size_t>(1 + std::count(settings.device.begin(), settings.device.end(), ','));
}

/// What a command does with a run directory: begins it, or goes on with it.
enum class run_use : std::uint8_t { begin, go_on };

/// Everything that a command on a run directory works with. One that begins a run reads the user's own start,
/// if there is one, before a directory is made.
struct open_run {
    run_settings settings;
    decltype(chosen::make_tensor({})) tensor; // made first: a device that is not there must cost nothing
    progress_display display;
    run_data data;
    pipeline_context context;
    std::vector<float> given_start; ///< (S), or empty
    run_directory store;

    open_run(const run_settings &asked, const fs::path &path, run_use use = run_use::go_on,
             const launch_options &launch = {})
        : settings(checked(asked, launch)),
          tensor(chosen::make_tensor(backend_of(settings.pipeline, settings.pipeline.threads))),
          data(settings, [this](const std::string &text) { display.line(text); }),
          context(make_context(
              trainable(describe(settings, data.input())), data.train(), data.test(), settings.pipeline,
              make_launcher(of_this_run(launch), path, worker_slots(settings.pipeline), observer()))),
          given_start(use == run_use::begin ? read_start(path) : std::vector<float>()),
          store(run_directory::create(path, config(), context.spec, settings.checkpoint_seconds,
                                      display.observer())) {
        store.use_samples(data.samples(), data.left_out());
        context.min_workers = launch.min_workers;
        // It costs this run nothing, and that is recorded too.
        if (given_start.empty()) return;
        store.record({.name = "initialize"});
        store.save_state("theta_star", given_start);
    }

    launch_options of_this_run(launch_options launch) const {
        launch.workers_a_round = settings.pipeline.shards.workers;
        return launch;
    }

    /// What launchers tell goes to the display.
    launch_observer observer() {
        return {.progress = [this](std::size_t done, std::size_t of) { display.step("local", done, of); },
                .say = [this](const std::string &text) { display.line("  " + text); }};
    }

    /// An unknown method or network must not wait for the data, nor leave a directory behind.
    static const run_settings &checked(const run_settings &asked, const launch_options &launch) {
        if (!is_module(asked)) make_network(asked.network, {}); // a module waits for the images
        check_data(asked);
        check(asked.pipeline);
        check_models(asked.pipeline);
        // Every device, and whether it computes in what was asked for.
        const auto devices = static_cast<std::size_t>(1 + std::ranges::count(asked.pipeline.device, ','));
        for (std::size_t d = 0; d < devices; ++d)
            chosen::training::make(make_network("resnet8", {}), backend_of(asked.pipeline, 1, d));
        if (asked.pipeline.selector == automatic) trial_candidates(asked.pipeline);
        require(asked.init_weights.empty() || asked.pipeline.pretrain == pretrain_kind::lipt, "U27",
                "settings: --init-weights is the common start of workers: it needs --pretrain lipt");
        require(launch.min_workers <= std::max<std::size_t>(asked.pipeline.shards.workers, 1), "U43",
                "settings: --min-workers is ", launch.min_workers, ", the run has ",
                asked.pipeline.shards.workers, " workers");
        check_readers(asked);
        return asked;
    }

    /// The network as it came; that the backend can train it shows before a directory is made.
    network_spec trainable(network_spec spec) const {
        chosen::training::make(spec, backend_of(settings.pipeline, 1));
        return spec;
    }

    /// The user's own start; empty where there is none, or where the run has taken it already.
    std::vector<float> read_start(const fs::path &path) const {
        if (settings.init_weights.empty() || fs::exists(path / "theta_star.safetensors")) return {};
        return start_weights(settings, context.spec);
    }

    json config() const {
        json all{{"version", run_directory::format},
                 {"lipt", LIPT_VERSION},
                 {"backend", chosen::backend_name},
                 {"settings", to_json(settings)},
                 {"data", data.description()}};
        if (is_module(settings)) all["module"] = module_description(settings);
        return all;
    }
    chosen::training backend() const {
        return chosen::training::make(context.spec, backend_of(settings.pipeline, settings.pipeline.threads));
    }
};

std::size_t all_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

run_settings settings_of(const run_place &place, thread_count threads) {
    auto settings = settings_from_json(run_directory::read_config(place.run).at("settings"));
    if (!place.data.empty()) settings.data = place.data.string();
    settings.pipeline.threads = threads.value_or(all_threads());
    return settings;
}

/// Says which method trials have chosen, and by how much the best rival of the baseline led it.
void say_chosen(open_run &run) {
    if (run.settings.pipeline.selector != automatic) return;
    const auto file = run.store.at("trials.json");
    const json trials = read_json(file);
    read_fields(file, [&] {
        const auto rival = trials.at("rival").get<std::string>();
        std::string lead;
        if (!rival.empty()) {
            lead = fmt::format(
                "; {} led {} by {:.1f} ± {:.1f} points", rival, trials.at("baseline").get<std::string>(),
                100 * trials.at("ahead").get<double>(), 100 * trials.at("error").get<double>());
        }
        run.display.line(fmt::format("  trials chose {}{} ({} trainings; trials.json has them)",
                                     trials.at("chosen").get<std::string>(), lead,
                                     trials.at("trials").size()));
    });
}

/// How many workers of each round did their work, merged or not: their bytes went all the same.
std::vector<std::size_t> worked_in_rounds(open_run &run) {
    const auto rounds = run.settings.pipeline.rounds;
    std::vector<std::size_t> worked;
    for (std::size_t round = 1; round <= rounds; ++round) {
        const auto file = run.store.soup_report(round, rounds);
        if (!fs::exists(file)) return {};
        const json soup = read_json(file);
        read_fields(file, [&] {
            worked.push_back(soup.at("ingredients").size());
            for (const auto &one : soup.at("refused"))
                worked.back() += run.store.load_worker(one.at("worker").get<std::size_t>()).cost.backward > 0;
        });
    }
    return worked;
}

/// The worker stage of a run, to compare its traffic; of no workers where there were none.
worker_stage workers_of(open_run &run) {
    const auto local = run.store.cost_of("local");
    if (!local) return {};
    return worker_stage_of(run.context.spec, run.context.train, run.settings.pipeline.shards.batch_size,
                           worked_in_rounds(run), *local);
}

/// What a run ends with on disk and on the screen.
void finish(open_run &run, const selection &subset, const checkpoint &trained) {
    const bool fresh = resolved_method(run.context, run.store).info.resampled;
    run.store.save_result(run.settings.name, subset, run.settings.pipeline.fraction, fresh, trained,
                          run.context.train.labels, run.context.train.classes, workers_of(run));
    const fs::path report = run.store.at("report.html");
    write_file(report, render_report({model_of_run(run.store.path(), run.context.train)}));
    run.display.line(fmt::format("final test accuracy {:.2f} %; report: {}",
                                 100 * trained.history.back().accuracy.value_or(0), report.string()));
}

/// Names every worker that is not in its round's soup, and why.
void say_refused(open_run &run) {
    const auto rounds = run.settings.pipeline.rounds;
    for (std::size_t round = 1; round <= rounds; ++round) {
        const auto file = run.store.soup_report(round, rounds);
        if (!fs::exists(file)) return; // not merged yet
        const json soup = read_json(file);
        read_fields(file, [&] {
            for (const auto &one : soup.at("refused")) {
                run.display.line(fmt::format("  worker {} is not in the soup: {}",
                                             one.at("worker").get<std::size_t>(),
                                             sentence_of(one.at("reason").get<std::string>())));
            }
        });
    }
}

void say(open_run &run, const std::string &notice) {
    if (!notice.empty()) run.display.line("  " + notice);
}

/// Names the tensors that a worker's mask has left nothing of.
void say_emptied(open_run &run) {
    for (std::size_t w = 0; w < all_workers(run.settings.pipeline); ++w) {
        const auto upload = run.store.load_worker(w);
        if (!upload.refused.empty()) continue;
        say(run, arrays::emptied_notice(w, emptied_tensors(run.context.spec.weights, upload.result.weights)));
    }
}

/// Says which classes a subset has lost, and which of its samples weigh nothing.
void say_kept(open_run &run, const selection &subset) {
    const auto &train = run.context.train;
    if (!resolved_method(run.context, run.store).info.resampled)
        say(run, arrays::lost_classes_notice(lost_classes(train.labels, train.classes, subset.indices)));
    say(run, arrays::zero_weights_notice(subset.weights));
}

/// Submits the workers of every round that have yet to deliver, and a merge after each.
/// errors: J03 Slurm still has some
void submit_rounds(open_run &run, const slurm_options &slurm, const std::vector<std::string> &merge_flags) {
    const auto &settings = run.settings.pipeline;
    auto workers = pending_workers(settings, run.store);
    if (workers.empty() && run.store.load_state("soup")) return;
    const auto queued = queued_jobs(slurm);
    require(queued.empty(), "J03", "slurm: workers of this run are still in the queue, in ",
            queued.size() == 1 ? "job " : "jobs ", fmt::format("{}", fmt::join(queued, ", ")),
            ": wait for them, or cancel them and their merge (scancel)");
    std::string merged;
    std::map<std::size_t, std::string> jobs;
    for (auto round = current_round(settings, run.store); round < settings.rounds; ++round) {
        std::string job;
        if (!workers.empty()) {
            job = submit_workers(workers, slurm, merged);
            fmt::print("workers {}: Slurm job {}\n", array_of(workers, 0), job);
        }
        for (const auto worker : workers) jobs[worker] = job;
        merged = submit_merge(job, merge_flags, slurm);
        fmt::print("merge: Slurm job {}{}\n", merged, job.empty() ? "" : ", when they have ended");
        workers.resize(settings.shards.workers);
        std::iota(workers.begin(), workers.end(), (round + 1) * settings.shards.workers);
    }
    remember_jobs(slurm, jobs);
}

/// A word of a shell's command line.
std::string quoted(const std::string &word) {
    std::string all = "'";
    for (const char letter : word) all += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return all + "'";
}

/// Plans, submits the workers and the merges, and says how to go on.
void submit(open_run &run, const launch_options &launch) {
    require(run.settings.pipeline.pretrain == pretrain_kind::lipt, "U21",
            "run: only --pretrain lipt has workers to submit: leave out --submit-only");
    auto backend = run.backend();
    initialize(run.context, backend, run.store);
    plan(run.context, run.store);
    const auto path = fs::canonical(run.store.path());
    std::vector<std::string> flags{"--min-workers", std::to_string(launch.min_workers)};
    if (!run.settings.data.empty()) flags.insert(flags.end(), {"--data", run.settings.data});
    submit_rounds(run, slurm_options_of(launch, path, run.observer()), flags);
    fmt::print("when they have ended: lipt select --run {0} && lipt train --run {0}\n"
               "or the same `lipt run` again without --submit-only, which runs what is missing\n",
               quoted(path.string()));
}

} // namespace

void run_command(const run_settings &settings, const fs::path &out, const launch_options &launch) {
    open_run run(settings, out, run_use::begin, launch);
    if (launch.submit_only) return submit(run, launch);
    run.display.line(
        fmt::format("lipt {} on {}: {} of {} training images, {}, selector {}, {} backend, {} threads",
                    LIPT_VERSION, settings.dataset, settings.pipeline.fraction, run.context.train.size(),
                    network_words(run.context.spec), settings.pipeline.selector, chosen::backend_name,
                    settings.pipeline.threads));
    const auto result = run_pipeline<chosen::training>(run.context, run.tensor, run.store);
    if (settings.pipeline.pretrain == pretrain_kind::lipt) {
        say_refused(run);
        say_emptied(run);
    }
    say_chosen(run);
    say_kept(run, result.subset);
    finish(run, result.subset, result.trained);
}

void plan_command(const run_settings &settings, const fs::path &out) {
    require(settings.pipeline.pretrain == pretrain_kind::lipt, "U21",
            "plan: only --pretrain lipt has workers to plan for; use `lipt run` for the other kinds");
    open_run run(settings, out, run_use::begin);
    auto backend = run.backend();
    initialize(run.context, backend, run.store);
    const auto made = plan(run.context, run.store);
    run.display.line(
        fmt::format("lipt {} on {}: {}", LIPT_VERSION, settings.dataset, network_words(run.context.spec)));
    const auto &pipeline = settings.pipeline;
    run.display.line(fmt::format("{} workers are planned; next: lipt worker --run {} --worker 0 (to {}){}",
                                 made.shards.size(), out.string(), pipeline.shards.workers - 1,
                                 pipeline.rounds == 1 ? "" : ", lipt merge, then those of the next round"));
}

void merge_command(const run_place &place, thread_count threads, const merge_terms &terms) {
    const auto settings = settings_of(place, threads);
    const auto planned = settings.pipeline.shards.workers;
    require(!terms.expect || *terms.expect == planned, "U44", "merge: --expect is ", terms.expect.value_or(0),
            ", the run has ", planned, " workers");
    open_run run(settings, place.run, run_use::go_on, {.min_workers = terms.min_workers});
    auto backend = run.backend();
    merge(run.context, backend, run.tensor, run.store);
    say_refused(run);
    say_emptied(run);
    const bool whole = run.store.load_state("soup").has_value();
    run.display.line(fmt::format("next: lipt {} --run {}", whole ? "select" : "worker", place.run.string()));
}

void select_command(const run_place &place, thread_count threads) {
    open_run run(settings_of(place, threads), place.run);
    auto backend = run.backend();
    const auto subset = select_subset(run.context, backend, run.tensor, run.store);
    say_chosen(run);
    say_kept(run, subset);
    run.display.line("next: lipt train --run " + place.run.string());
}

void train_command(const run_place &place, thread_count threads) {
    open_run run(settings_of(place, threads), place.run);
    const auto kept = run.store.load_selection(0);
    require(kept.has_value(), "S06", "train: ", place.run.string(),
            " has no subset yet: run `lipt select --run` first");
    auto backend = run.backend();
    finish(run, kept->chosen, train_on_subset(run.context, backend, run.tensor, kept->chosen, run.store));
}

namespace {

/// A method without scores has no images to show for them; then those of the first run beside it that has
/// some and was made from the same data, under its name.
void borrow_sheets(std::vector<json> &models, const std::vector<fs::path> &runs, const image_set &training) {
    json &first = models.front();
    for (std::size_t i = 1; i < runs.size() && !first.contains("sheets"); ++i) {
        const auto &config = models[i].at("config");
        const bool same =
            config.at("data") == first.at("config").at("data") &&
            read_sample_numbers(runs[i], config) == read_sample_numbers(runs[0], first.at("config"));
        if (!same) continue;
        const auto other = model_of_run(runs[i], training);
        if (!other.contains("sheets")) continue;
        first["sheets"] = other.at("sheets");
        for (auto &sheet : first["sheets"])
            sheet["title"] =
                sheet.at("title").get<std::string>() + ", " + other.at("name").get<std::string>();
    }
}

} // namespace

void report_command(const std::vector<fs::path> &runs, const fs::path &out, const fs::path &where) {
    require(!runs.empty(), "U22", "report: no run directory was given: lipt report DIR [DIR ...]");
    if (!out.empty()) check_report_file(out);
    const run_data data(settings_of({runs.front(), where}, 1),
                        [](const std::string &text) { fmt::print(stderr, "{}\n", text); });
    run_directory::check_data(runs.front(), data.description());
    std::vector<json> models;
    for (const auto &path : runs) {
        run_directory::read_config(path);
        models.push_back(model_of_run(path, models.empty() ? data.train() : image_set{}));
    }
    borrow_sheets(models, runs, data.train());
    const fs::path file = out.empty() ? runs.front() / "report.html" : out;
    write_file(file, render_report(models));
    fmt::print("{}", comparison_table(models));
    fmt::print("report: {}\n", fs::absolute(file).string());
}

} // namespace lipt::adapters
