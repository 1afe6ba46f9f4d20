// The larger files of a run directory: shards, uploads, the soup's report and checkpoints.
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/shard_file.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/adapters/store/worker_file.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace lipt::adapters {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A worker's cost with its times, from NN.json; nothing where that is not there or not whole.
std::optional<stage_cost> timed_cost(const fs::path &path) {
    if (!fs::exists(path)) return std::nullopt;
    try {
        return cost_from_json(read_json(path).at("cost"));
    } catch (const error &) {
        return std::nullopt;
    } catch (const json::exception &) {
        return std::nullopt;
    }
}

} // namespace

std::optional<worker_shard> run_directory::load_shard(std::size_t worker) const {
    const fs::path path = numbered_path("shards", worker, "safetensors");
    if (!fs::exists(path)) return std::nullopt;
    const mapped_file file(path);
    return parse_shard(file.bytes(), path.string(), spec_, {.worker = worker, .config = fingerprint_});
}

void run_directory::save_shard(std::size_t worker, const image_batch &images) {
    write_file(numbered_path("shards", worker, "safetensors"),
               pack_shard(images, spec_.image, {.worker = worker, .config = fingerprint_}));
}

worker_upload run_directory::load_worker(std::size_t worker) const {
    worker_upload upload;
    std::optional<stage_cost> timed;
    try {
        // What a worker has cost counts, whether or not its weights can be used.
        timed = timed_cost(numbered_path("workers", worker, "json"));
        const fs::path path = numbered_path("workers", worker, "safetensors");
        upload.refused = "missing: no " + path.string();
        if (fs::exists(path)) {
            const mapped_file file(path);
            upload = parse_worker(
                file.bytes(), path.string(), spec_,
                {.worker = worker, .config = fingerprint_, .theta_star = start_fingerprint(worker)});
        }
    } catch (const error &failure) {
        upload = {.refused = failure.what()};
    }
    if (!timed) return upload;
    // What was counted is under the seal of the upload, where there is one; times are not.
    if (!upload.refused.empty()) upload.cost = *timed;
    const auto sane = [](double value) { return std::isfinite(value) && value > 0 ? value : 0; };
    upload.cost.wall_s = sane(timed->wall_s);
    upload.cost.cpu_s = sane(timed->cpu_s);
    upload.cost.begun_s = sane(timed->begun_s);
    upload.cost.peak_mib = sane(timed->peak_mib);
    return upload;
}

void run_directory::save_worker(std::size_t worker, const worker_upload &upload) {
    // No time in this file: a worker that runs twice writes the same bytes.
    const auto file = pack_worker(
        upload, spec_, {.worker = worker, .config = fingerprint_, .theta_star = start_fingerprint(worker)});
    write_json(numbered_path("workers", worker, "json"), {{"density", upload.result.density},
                                                          {"loss", upload.result.loss},
                                                          {"samples", upload.result.samples},
                                                          {"cost", to_json(upload.cost)}});
    write_file(numbered_path("workers", worker, "safetensors"), file);
}

std::vector<refused_worker> run_directory::load_refused() const {
    const fs::path path = at("soup.json");
    std::vector<refused_worker> refused;
    if (!fs::exists(path)) return refused;
    const json content = read_json(path);
    read_fields(path, [&] {
        for (const auto &one : content.at("refused"))
            refused.push_back({one.at("worker").get<std::size_t>(), one.at("reason").get<std::string>()});
    });
    return refused;
}

void run_directory::forget_soup() {
    for (const char *stage : {"merge", "features", "select", "train"}) costs_.erase(stage);
    histories_.erase("train");
    write_metrics();
    // soup.json goes last: it says that the soup is behind.
    std::error_code code;
    for (const char *name : {"result.json", "report.html", "final.safetensors", "main", "subset.npy",
                             "weights.npy", "scores.npy", "trials.json", "soup.safetensors", "soup.json"}) {
        fs::remove_all(at(name), code);
        require(!code, "F02", "file: '", at(name).string(), "' cannot be deleted: ", code.message());
    }
    fs::create_directories(at("main"), code);
    require(!code, "R04", "run: cannot make the directory ", at("main").string(), ": ", code.message());
}

fs::path run_directory::soup_report(std::size_t round, std::size_t rounds) const {
    return at(round == rounds ? "soup.json" : fmt::format("soup-{}.json", round));
}

void run_directory::save_merge(const merge_report &report) {
    write_json(soup_report(report.round, report.rounds), to_json(report));
    const auto joined = std::count_if(report.ingredients.begin(), report.ingredients.end(),
                                      [](const auto &one) { return one.kept; });
    tell("merge",
         fmt::format("{} of {} workers are in the soup, held-out accuracy {:.2f} % (the start: {:.2f} %)",
                     joined, report.ingredients.size() + report.refused.size(), 100 * report.accuracy,
                     100 * report.theta_star_accuracy));
}

std::optional<trial_report> run_directory::load_trials() const {
    if (!fs::exists(at("trials.json"))) return std::nullopt;
    const json content = read_json(at("trials.json"));
    require(content.is_object() && content.contains("chosen") && content.at("chosen").is_string(), "R06",
            "run: ", at("trials.json").string(),
            " does not say which method was chosen: delete it and subset.npy to select again");
    return trial_report{.chosen = content.at("chosen").get<std::string>()};
}

void run_directory::save_trials(const trial_report &report) {
    write_json(at("trials.json"), to_json(report));
}

std::optional<checkpoint> run_directory::load_checkpoint(std::string_view name) const {
    std::optional<std::pair<std::size_t, fs::path>> newest;
    std::error_code code;
    for (const auto &entry : fs::directory_iterator(training_path(name), code)) {
        std::size_t epochs = 0;
        char rest = 0;
        // The whole name must fit, so that a temporary file that a killed process left is passed over.
        if (std::sscanf(entry.path().filename().c_str(), "checkpoint-%zu.safetensor%c", &epochs, &rest) !=
                2 ||
            rest != 's') {
            continue;
        }
        if (!newest || epochs > newest->first) newest = {epochs, entry.path()};
    }
    if (!newest) return std::nullopt;
    auto stored = adapters::load_state(inside(training_path(name), newest->second.filename()), spec_);
    const json progress = json::parse(stored.metadata["progress"], nullptr, false);
    require(stored.metadata["config"] == fingerprint_ && progress.is_object(), "R05",
            "run: ", newest->second.string(),
            " was made with other settings than config.json or is damaged: delete it to go on from an "
            "earlier point");
    require_whole(newest->second, stored);
    checkpoint loaded{.epochs = newest->first, .state = std::move(stored.state)};
    read_fields(newest->second, [&] {
        loaded.cost = cost_from_json(progress.value("cost", json::object()));
        for (const auto &line : progress.value("history", json::array()))
            loaded.history.push_back(epoch_from_json(line));
    });
    return loaded;
}

void run_directory::save_checkpoint(std::string_view name, const checkpoint &made) {
    const fs::path folder = training_path(name);
    fs::create_directories(folder);
    const auto file_name = fmt::format("checkpoint-{:05}.safetensors", made.epochs);
    json progress = {{"cost", to_json(made.cost)}, {"history", json::array()}};
    for (const auto &record : made.history) progress["history"].push_back(to_json(std::string(name), record));
    const fs::path path = inside(folder, file_name);
    adapters::save_state(path, spec_, made.state.weights,
                         {{"config", fingerprint_},
                          {"fingerprint", fingerprint_of(made.state)},
                          {"lipt", LIPT_VERSION},
                          {"network", spec_.name},
                          {"progress", progress.dump()}},
                         made.state.momentum);
    std::error_code code;
    for (const auto &entry : fs::directory_iterator(folder, code)) {
        const auto file = entry.path().filename().string();
        if (file.starts_with("checkpoint-") && entry.path() != path) fs::remove(entry.path(), code);
    }
    histories_.insert_or_assign(std::string(name), made.history);
    write_metrics();
    last_checkpoint_ = std::chrono::steady_clock::now();
}

bool run_directory::checkpoint_due(std::string_view) const {
    return std::chrono::steady_clock::now() - last_checkpoint_ >= checkpoint_interval_;
}

} // namespace lipt::adapters
