// The run directory: everything that a run keeps, as files that each are there whole or not at all. It is the
// contract between stages, hosts and versions; README.md beside this file lists what is in it.
#pragma once

#include <lipt/adapters/store/directory_lock.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>
#include <lipt/network/network.hpp>
#include <lipt/run/store.hpp>
#include <lipt/run/traffic.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// What a run tells while it works; each may be left empty.
struct run_observer {
    std::function<void(std::string_view stage, std::size_t done, std::size_t of)> progress{};
    std::function<void(std::string_view stage, const epoch_record &epoch, std::size_t of)> epoch_done{};
    std::function<void(std::string_view stage, const std::string &outcome)> stage_done{};
};

/// Whether a process has a run directory to itself: workers share it with each other and with all else.
enum class run_access : std::uint8_t { alone, shared };

/// A run directory, modelling lipt::pipeline_store. Every file carries the fingerprint of config.json; one
/// that was made with other settings or data is refused.
class run_directory {
  public:
    /// Makes the directory with this config, or opens one that has the same.
    /// errors: R01 the directory has another config (names the first setting that differs), R02 not a run
    /// directory but not empty, R09 another process works on it (alone), F-ids of files
    static run_directory create(const std::filesystem::path &path, const nlohmann::json &config,
                                const network_spec &spec, std::size_t checkpoint_seconds,
                                run_observer observer = {}, run_access access = run_access::alone);
    /// "version" in config.json, which 1 was before files had the numbers of the whole data set.
    static constexpr int format = 2;
    /// The config of an existing run directory. errors: R02 not a run directory, R03 config.json is damaged,
    /// R13 its indices count within a part of the data set that was not kept
    static nlohmann::json read_config(const std::filesystem::path &path);

    /// Holds the description of a data set against the run's. errors: R01 another; as read_config
    static void check_data(const std::filesystem::path &path, const nlohmann::json &data);

    /// Says which samples of the data set the run works on, before anything is loaded or saved that names
    /// some; kept in sample_numbers.npy and left_out.json. errors: R01 the run was made with others
    void use_samples(const sample_numbers &samples, const left_out_files &left_out);

    const std::filesystem::path &path() const noexcept { return path_; }
    /// The path of a file or folder of the run. errors: R12 a link there leads out of the directory
    std::filesystem::path at(const std::filesystem::path &name) const { return inside(path_, name); }

    std::optional<std::vector<float>> load_state(std::string_view name) const;
    void save_state(std::string_view name, std::span<const float> weights);
    std::optional<shard_plan> load_plan() const;
    void save_plan(const shard_plan &plan);
    /// errors: as parse_shard
    std::optional<worker_shard> load_shard(std::size_t worker) const;
    void save_shard(std::size_t worker, const image_batch &images);
    worker_upload load_worker(std::size_t worker) const;
    void save_worker(std::size_t worker, const worker_upload &upload);
    std::vector<refused_worker> load_refused() const;
    void save_merge(const merge_report &report);
    /// The file of a round's soup, from 1: soup.json of the last, soup-<round>.json of those before.
    std::filesystem::path soup_report(std::size_t round, std::size_t rounds) const;
    /// Deletes the soup and all that was made from it; killed in between, it is finished the next time.
    void forget_soup();
    std::optional<kept_selection> load_selection(std::size_t epoch) const;
    void save_selection(const kept_selection &kept);
    /// Only what the pipeline goes on with: the chosen method, not the single trials.
    std::optional<trial_report> load_trials() const;
    void save_trials(const trial_report &report);
    std::optional<checkpoint> load_checkpoint(std::string_view name) const;
    void save_checkpoint(std::string_view name, const checkpoint &made);
    bool checkpoint_due(std::string_view name) const;
    void record(const stage_cost &cost);
    /// What a stage has cost; nothing where it has not ended.
    std::optional<stage_cost> cost_of(std::string_view stage) const;
    void progress(std::string_view stage, std::size_t done, std::size_t of) const;
    void epoch_done(std::string_view stage, const epoch_record &epoch, std::size_t of) const;
    double peak_mib() const;

    /// Writes result.json from the recorded costs, the subset and the finished main training; `fresh`: the
    /// subset is that of the first epoch, each has another; `workers` is the stage whose traffic is compared,
    /// of no workers where there were none. errors: R03 the cost of a stage, or soup.json, was lost
    void save_result(const std::string &name, const selection &subset, double fraction, bool fresh,
                     const checkpoint &trained, std::span<const std::int32_t> labels, std::size_t classes,
                     const worker_stage &workers);

  private:
    run_directory(std::filesystem::path path, directory_lock lock, const nlohmann::json &config,
                  network_spec spec, std::size_t checkpoint_seconds, run_observer observer);

    struct known_starts;

    std::filesystem::path numbered_path(const char *folder, std::size_t worker, const char *extension) const;
    std::filesystem::path training_path(std::string_view name) const;
    /// Of the weights that a worker begins with, read once; empty where they are not there.
    std::string start_fingerprint(std::size_t worker) const;
    bool shard_is_whole(std::size_t worker) const;
    void require_costs() const;
    void tell(std::string_view stage, const std::string &outcome) const;
    void read_metrics();
    void write_metrics() const;

    std::filesystem::path path_;
    directory_lock lock_;
    network_spec spec_;
    std::string fingerprint_; ///< of the settings and data in config.json
    sample_numbers samples_;
    std::size_t training_samples_, workers_a_round_, all_workers_;
    std::chrono::steady_clock::duration checkpoint_interval_;
    std::chrono::steady_clock::time_point last_checkpoint_;
    run_observer observer_;
    std::map<std::string, stage_cost, std::less<>> costs_;
    std::map<std::string, std::vector<epoch_record>, std::less<>> histories_;
    std::shared_ptr<known_starts> starts_;
};

} // namespace lipt::adapters
