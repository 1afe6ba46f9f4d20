// The larger files of a run directory: workers' uploads, the soup's report and checkpoints.
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/prune.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>

#include <cstdio>

namespace lipt::adapters {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// What a worker's file says about itself beside the weights: nothing that differs when it runs again.
json worker_facts(const worker_upload &upload) {
    const auto &result = upload.result;
    stage_cost counted = upload.cost;
    counted.wall_s = counted.cpu_s = counted.peak_mib = 0;
    return {{"size", result.weights.size()}, {"masked", !result.keep_mask.empty()},
            {"density", result.density},     {"loss", result.loss},
            {"samples", result.samples},     {"cost", to_json(counted)}};
}

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

local_result read_upload(const safetensors_file &file, const json &facts, const network_spec &spec) {
    local_result result;
    result.density = facts.at("density").get<double>();
    result.loss = facts.at("loss").get<double>();
    result.samples = facts.at("samples").get<std::size_t>();
    packed_weights packed{.size = facts.at("size").get<std::size_t>()};
    require(packed.size == spec.state_size(), "R07", "worker: ", file.path().string(), " holds ", packed.size,
            " weights, expected ", spec.state_size(), " for ", spec.name,
            ": it was trained with another network");
    packed.kept = file.values<float>("values");
    if (facts.at("masked").get<bool>()) {
        packed.bits = file.values<std::uint8_t>("keep_mask");
        auto unpacked = unpack_mask(packed);
        result.weights = std::move(unpacked.weights);
        result.keep_mask = std::move(unpacked.keep);
    } else {
        result.weights = std::move(packed.kept);
    }
    check_state(spec, result.weights);
    return result;
}

} // namespace

worker_upload run_directory::load_worker(std::size_t worker) const {
    const fs::path path = worker_path(worker, "safetensors");
    worker_upload upload{.refused = "missing: no " + path.string()};
    // What a worker has cost counts, whether or not its weights can be used.
    const auto timed = timed_cost(worker_path(worker, "json"));
    if (timed) upload.cost = *timed;
    if (!fs::exists(path)) return upload;
    try {
        const safetensors_file file(path);
        const auto field = [&](const char *key) {
            const auto found = file.metadata().find(key);
            return found == file.metadata().end() ? std::string() : found->second;
        };
        require(field("worker") == std::to_string(worker), "R08", "worker: ", path.string(),
                " says it is worker '", field("worker"), "', expected ", worker,
                ": it was renamed or is of another program");
        require(field("config") == fingerprint_, "R05", "worker: ", path.string(),
                " was made with other settings than config.json: run `lipt worker` again");
        const json facts = json::parse(field("facts"));
        if (!timed) upload.cost = cost_from_json(facts.at("cost"));
        upload.result = read_upload(file, facts, spec_);
        upload.refused.clear();
    } catch (const error &failure) {
        upload.refused = failure.what();
    } catch (const json::exception &) {
        upload.refused =
            error("R03", "worker: " + path.string() + " has damaged metadata: run `lipt worker` again")
                .what();
    }
    return upload;
}

void run_directory::save_worker(std::size_t worker, const worker_upload &upload) {
    const auto &result = upload.result;
    check_state(spec_, result.weights);
    json facts = worker_facts(upload);
    facts["cost"] = to_json(upload.cost); // with its times
    write_json(worker_path(worker, "json"), facts);

    std::vector<named_tensor> tensors;
    packed_weights packed;
    if (result.keep_mask.empty()) {
        tensors.push_back(named_tensor::of<float>("values", {result.weights.size()}, result.weights));
    } else {
        packed = pack_mask(result.weights, result.keep_mask);
        tensors.push_back(named_tensor::of<float>("values", {packed.kept.size()}, packed.kept));
        tensors.push_back(named_tensor::of<std::uint8_t>("keep_mask", {packed.bits.size()}, packed.bits));
    }
    // No time in this file: a worker that runs twice writes the same bytes.
    write_safetensors(worker_path(worker, "safetensors"), tensors,
                      {{"config", fingerprint_},
                       {"lipt", LIPT_VERSION},
                       {"network", spec_.name},
                       {"worker", std::to_string(worker)},
                       {"facts", worker_facts(upload).dump()}});
}

void run_directory::save_merge(const merge_report &report) {
    write_json(path_ / "soup.json", to_json(report));
}

std::optional<trial_report> run_directory::load_trials() const {
    if (!fs::exists(path_ / "trials.json")) return std::nullopt;
    const json content = read_json(path_ / "trials.json");
    require(content.is_object() && content.contains("chosen") && content.at("chosen").is_string(), "R06",
            "run: ", (path_ / "trials.json").string(),
            " does not say which method was chosen: delete it and subset.npy to select again");
    return trial_report{.chosen = content.at("chosen").get<std::string>()};
}

void run_directory::save_trials(const trial_report &report) {
    write_json(path_ / "trials.json", to_json(report));
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
    auto stored = adapters::load_state(newest->second, spec_);
    const json progress = json::parse(stored.metadata["progress"], nullptr, false);
    require(stored.metadata["config"] == fingerprint_ && progress.is_object(), "R05",
            "run: ", newest->second.string(),
            " was made with other settings than config.json or is damaged: delete it to go on from an "
            "earlier point");
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
    json progress = {{"cost", to_json(made.cost)}, {"history", json::array()}};
    for (const auto &record : made.history) progress["history"].push_back(to_json(std::string(name), record));
    const fs::path path = folder / fmt::format("checkpoint-{:05}.safetensors", made.epochs);
    adapters::save_state(path, spec_, made.state.weights,
                         {{"config", fingerprint_},
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
