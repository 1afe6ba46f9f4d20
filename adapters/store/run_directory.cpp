#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/adapters/store/worker_file.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>
#include <sys/resource.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <utility>

namespace lipt::adapters {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// The settings that shape a run: neither where the data lies on this host (its content is in "data") nor
/// the label.
json shaping_settings(const json &config) {
    json settings = config.at("settings");
    settings.erase("data");
    settings.erase("name");
    return settings;
}

/// What config.json must agree in: settings, data and a module's file, not the version that wrote it.
std::string config_fingerprint(const json &config) {
    json shaping{{"settings", shaping_settings(config)}, {"data", config.at("data")}};
    if (config.contains("module")) shaping["module"] = config.at("module");
    const std::string content = shaping.dump();
    return fmt::format("{:016x}", XXH3_64bits(content.data(), content.size()));
}

/// The first key in which two objects differ, with both values; empty where they agree.
std::string first_difference(const json &kept, const json &asked) {
    for (const auto &[key, value] : asked.items()) {
        if (!kept.contains(key)) return fmt::format("'{}' is new", key);
        if (kept.at(key) != value)
            return fmt::format("'{}' was {} and is now {}", key, kept.at(key).dump(), value.dump());
    }
    for (const auto &[key, value] : kept.items()) {
        if (!asked.contains(key)) return fmt::format("'{}' is no longer there", key);
    }
    return "";
}

/// Whether a run may be begun there: nothing is there, but what a run killed at its very start leaves.
bool is_unused(const fs::path &path) {
    std::error_code code;
    if (!fs::exists(path, code)) return true;
    if (!fs::is_directory(path, code)) return false;
    for (const auto &entry : fs::directory_iterator(path, code)) {
        const auto name = entry.path().filename().string();
        if (name != ".lock" && !(name.starts_with(".config.json.") && name.ends_with(".tmp"))) return false;
    }
    return !code;
}

/// errors: R01
void require_same(const fs::path &path, const char *part, const json &kept, const json &asked) {
    const auto difference = first_difference(kept, asked);
    require(difference.empty(), "R01", "run: ", path.string(), " was made with other ", part, ": ",
            difference, ". Use the same ", part, " to continue that run, or another --out");
}

void check_same_config(const fs::path &path, const json &kept, const json &asked) {
    require(kept.value("backend", "") == asked.value("backend", ""), "R01", "run: ", path.string(),
            " was made with the backend ", kept.value("backend", "?"), ", this program has ",
            asked.value("backend", "?"), ": continue it with the same build, or use another --out");
    require_same(path, "settings", shaping_settings(kept), shaping_settings(asked));
    require_same(path, "data", kept.at("data"), asked.at("data"));
    require_same(path, "network files", kept.value("module", json()), asked.value("module", json()));
}

} // namespace

json run_directory::read_config(const fs::path &path) {
    require(fs::exists(path / "config.json"), "R02", "run: ", path.string(),
            " is not a run directory (it has no config.json): make one with `lipt run` or `lipt plan`");
    json config = read_json(path / "config.json");
    const auto version = [&](int number) {
        return config.contains("version") && config["version"] == number;
    };
    require(config.is_object() && (version(1) || version(format)) && config.contains("settings") &&
                config.at("settings").is_object() && config.contains("data") && config.at("data").is_object(),
            "R03", "run: ", (path / "config.json").string(), " is not a config of version ", format,
            ": made by another version of LiPT?");
    require_set_numbers(path, config);
    return config;
}

void run_directory::check_data(const fs::path &path, const json &data) {
    require_same(path, "data", read_config(path).at("data"), data);
}

run_directory run_directory::create(const fs::path &path, const json &config, const network_spec &spec,
                                    std::size_t checkpoint_seconds, run_observer observer,
                                    run_access access) {
    std::error_code code;
    require(!fs::exists(path, code) || fs::is_directory(path, code), "R02", "run: ", path.string(),
            " is a file: give --out a directory, empty or new");
    require(fs::exists(path / "config.json", code) || is_unused(path), "R02", "run: ", path.string(),
            " exists, is not empty and is not a run directory: give --out an empty or new directory");
    fs::create_directories(path, code);
    require(!code, "R04", "run: cannot make the directory ", path.string(), ": ", code.message());
    auto lock = access == run_access::alone ? directory_lock(path) : directory_lock();
    if (fs::exists(path / "config.json", code)) {
        const json kept = read_config(path);
        read_fields(path / "config.json", [&] { check_same_config(path, kept, config); });
    } else {
        write_json(path / "config.json", config);
    }
    for (const char *folder : {"shards", "workers", "main"}) {
        fs::create_directories(path / folder, code);
        require(!code, "R04", "run: cannot make the directory ", (path / folder).string(), ": ",
                code.message());
    }
    return {path, std::move(lock), config, spec, checkpoint_seconds, std::move(observer)};
}

/// Workers side by side ask for them.
struct run_directory::known_starts {
    std::mutex reading;
    std::map<std::size_t, std::string> fingerprints; ///< a round
};

run_directory::run_directory(fs::path path, directory_lock lock, const json &config, network_spec spec,
                             std::size_t checkpoint_seconds, run_observer observer)
    : path_(std::move(path)), lock_(std::move(lock)), spec_(std::move(spec)),
      fingerprint_(config_fingerprint(config)),
      training_samples_(config.at("data").value("train", std::size_t{0})),
      workers_a_round_(config.at("settings").value("workers", std::size_t{0})),
      all_workers_(workers_a_round_ * config.at("settings").value("rounds", std::size_t{1})),
      checkpoint_interval_(std::chrono::seconds(checkpoint_seconds)),
      last_checkpoint_(std::chrono::steady_clock::now()), observer_(std::move(observer)),
      starts_(std::make_shared<known_starts>()) {
    read_metrics();
}

fs::path run_directory::numbered_path(const char *folder, std::size_t worker, const char *extension) const {
    return at(fs::path(folder) / fmt::format("{:02}.{}", worker, extension));
}

fs::path run_directory::training_path(std::string_view name) const {
    return at(name == "train" ? "main" : name);
}

std::string run_directory::start_fingerprint(std::size_t worker) const {
    const std::size_t round = workers_a_round_ == 0 ? 0 : worker / workers_a_round_;
    const std::scoped_lock lock(starts_->reading);
    auto &fingerprint = starts_->fingerprints[round];
    if (fingerprint.empty()) {
        if (const auto weights = load_state(start_name(round))) fingerprint = fingerprint_of(*weights);
    }
    return fingerprint;
}

std::optional<std::vector<float>> run_directory::load_state(std::string_view name) const {
    const fs::path file = at(std::string(name) + ".safetensors");
    if (!fs::exists(file)) return std::nullopt;
    auto stored = adapters::load_state(file, spec_);
    const auto made_for = stored.metadata.find("config");
    require(made_for != stored.metadata.end() && made_for->second == fingerprint_, "R05",
            "run: ", file.string(),
            " was made with other settings than config.json: delete it to make it again");
    require_whole(file, stored);
    return std::move(stored.state.weights);
}

void run_directory::save_state(std::string_view name, std::span<const float> weights) {
    adapters::save_state(at(std::string(name) + ".safetensors"), spec_, weights,
                         {{"config", fingerprint_},
                          {"fingerprint", fingerprint_of(weights)},
                          {"lipt", LIPT_VERSION},
                          {"network", spec_.name}});
}

void run_directory::record(const stage_cost &cost) {
    costs_[cost.name] = cost;
    write_metrics();
    if (cost.samples_read == 0) return;
    tell(cost.name,
         fmt::format("{} images forward, {} backward, {:.1f} s", cost.forward, cost.backward, cost.wall_s));
}

void run_directory::tell(std::string_view stage, const std::string &outcome) const {
    if (observer_.stage_done) observer_.stage_done(stage, outcome);
}

std::optional<stage_cost> run_directory::cost_of(std::string_view stage) const {
    const auto found = costs_.find(stage);
    if (found == costs_.end()) return std::nullopt;
    return found->second;
}

void run_directory::read_metrics() {
    if (!fs::exists(at("metrics.jsonl"))) return;
    const mapped_file file(at("metrics.jsonl"));
    std::string_view rest(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const json event = json::parse(line, nullptr, false);
        require(event.is_object(), "R03", "run: ", at("metrics.jsonl").string(),
                " has a line that is not JSON: ", "the file is damaged; start the run in another directory");
        read_fields(at("metrics.jsonl"), [&] {
            if (event.value("event", "") == "stage") costs_[event.value("name", "")] = cost_from_json(event);
            if (event.value("event", "") == "epoch")
                histories_[event.value("stage", "")].push_back(epoch_from_json(event));
        });
    }
}

void run_directory::write_metrics() const {
    std::string lines;
    for (const auto &[stage, history] : histories_) {
        for (const auto &record : history) lines += to_json(stage, record).dump() + "\n";
    }
    for (const auto &[name, cost] : costs_) {
        json line = to_json(cost);
        line["event"] = "stage";
        lines += line.dump() + "\n";
    }
    write_file(at("metrics.jsonl"), lines);
}

void run_directory::progress(std::string_view stage, std::size_t done, std::size_t of) const {
    if (observer_.progress) observer_.progress(stage, done, of);
}

void run_directory::epoch_done(std::string_view stage, const epoch_record &epoch, std::size_t of) const {
    if (observer_.epoch_done) observer_.epoch_done(stage, epoch, of);
}

double run_directory::peak_mib() const {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void run_directory::require_costs() const {
    const std::array<std::pair<const char *, const char *>, 4> made{{{"initialize", "theta_star.safetensors"},
                                                                     {"local", "soup.safetensors"},
                                                                     {"merge", "soup.safetensors"},
                                                                     {"select", "subset.npy"}}};
    for (const auto &[stage, output] : made) {
        require(
            costs_.contains(stage) || !fs::exists(at(output)), "R03", "run: ", at("metrics.jsonl").string(),
            " does not say what the stage ", stage,
            " has cost, though its output is there: the file was lost or is of another run; start the run "
            "in another directory");
    }
    require(!fs::exists(at("soup.safetensors")) || fs::exists(at("soup.json")), "R03", "run: there is no ",
            at("soup.json").string(), ", though the soup is there: delete soup.safetensors to merge again");
}

void run_directory::save_result(const std::string &name, const selection &subset, double fraction, bool fresh,
                                const checkpoint &trained, std::span<const std::int32_t> labels,
                                std::size_t classes, const worker_stage &workers) {
    std::vector<std::size_t> kept(classes), available(classes);
    for (const auto index : subset.indices)
        ++kept[static_cast<std::size_t>(labels[static_cast<std::size_t>(index)])];
    for (const auto label : labels) ++available[static_cast<std::size_t>(label)];
    double best = 0, last = 0;
    for (const auto &record : trained.history) {
        if (!record.accuracy) continue;
        last = *record.accuracy;
        best = std::max(best, last);
    }
    require_costs();
    json stages = json::array();
    for (const char *stage : {"initialize", "local", "merge", "pretrain", "features", "select", "train"}) {
        if (const auto found = costs_.find(stage); found != costs_.end())
            stages.push_back(to_json(found->second));
    }
    json result = {{"version", 1},
                   {"name", name},
                   {"accuracy", {{"final", last}, {"best", best}}},
                   {"subset",
                    {{"size", subset.indices.size()},
                     {"fraction", fraction},
                     {"fresh_each_epoch", fresh},
                     {"class_counts", kept},
                     {"available", available}}},
                   {"stages", std::move(stages)}};
    if (workers.workers > 0) result["communication"] = to_json(workers);
    write_json(at("result.json"), result);
}

} // namespace lipt::adapters
