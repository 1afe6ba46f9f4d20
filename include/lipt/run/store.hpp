// What the pipeline keeps between its stages, as values and a concept: in memory here, in a run directory in
// adapters/store. Nothing here knows a file.
#pragma once

#include <lipt/error.hpp>
#include <lipt/pretrain/local.hpp>
#include <lipt/pretrain/shard.hpp>
#include <lipt/pretrain/soup.hpp>
#include <lipt/run/costs.hpp>
#include <lipt/select/selection.hpp>
#include <lipt/train/loop.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt {

/// A worker's images by themselves, as they travel to it. bytes: that they take on the way, compressed or not
struct worker_shard {
    image_batch images{};
    std::uint64_t bytes = 0;
};

/// A worker's upload as the merge finds it: whole, or the reason why it is not used.
struct worker_upload {
    local_result result{};
    stage_cost cost{};
    std::string refused{}; ///< empty: whole
};

/// One epoch of a training as it is kept. accuracy: on the test set, where that epoch was evaluated
struct epoch_record {
    epoch_report report{};
    std::optional<double> accuracy{};
    double wall_s = 0;
};

/// A training that can go on: the state after `epochs` epochs, what they cost and what they reached.
struct checkpoint {
    std::size_t epochs = 0;
    training_state state{};
    stage_cost cost{};
    std::vector<epoch_record> history{};
};

/// A worker that is not in the soup, and why.
struct refused_worker {
    std::size_t worker = 0;
    std::string reason{};
};

/// How the soup came about. Ingredients name workers, not positions.
struct merge_report {
    soup_options options{};
    double theta_star_accuracy = 0, accuracy = 0;
    std::size_t scored_images = 0, evaluations = 0;
    std::vector<ingredient_report> ingredients{};
    std::vector<double> densities{}; ///< an ingredient
    std::vector<refused_worker> refused{};
    std::size_t round = 1, rounds = 1; ///< whose soup it is, from 1, and how many there are
};

/// One short training of one candidate. ahead: of the baseline in the same rung, with its standard error
struct trial_record {
    std::string candidate{};
    std::size_t rung = 1, samples = 0; ///< trained on
    double accuracy = 0, ahead = 0, error = 0;
};

/// How a method was chosen by trials. ahead: of the baseline, over all trainings of the last rung, with
/// the standard error by which the choice was made
struct trial_report {
    std::string chosen{};
    std::string baseline{}; ///< the random subset that is taken unless another leads it
    std::string rival{};    ///< the best of the others; empty where there is none
    std::size_t scored = 0; ///< samples that every trial was scored on
    double ahead = 0, error = 0;
    std::vector<trial_record> records{};
};

/// The subset and how it was drawn; epoch 0 is the first selection, others are re-selections.
struct kept_selection {
    selection chosen{};
    std::size_t epoch = 0;
};

/// What the store calls the weights that a round begins with: "theta_star", then "theta_star-2" and so on.
inline std::string start_name(std::size_t round) {
    return round == 0 ? "theta_star" : text("theta_star-", round + 1);
}

/// Where the pipeline keeps what it made. `load_*` yields nothing where it is not there or not whole;
/// `save_*` keeps a value so that it is either there entirely or not at all. Costs are recorded before the
/// output of their stage, so that an output never stands without its cost.
template <class Store>
concept pipeline_store = requires(Store store, std::string_view name, std::span<const float> weights,
                                  std::size_t index, const shard_plan &plan, const worker_upload &upload,
                                  const merge_report &merged, const kept_selection &chosen,
                                  const trial_report &trials, const checkpoint &progress,
                                  const stage_cost &cost, const epoch_record &epoch,
                                  const image_batch &images) {
    { store.load_state(name) } -> std::same_as<std::optional<std::vector<float>>>;
    { store.save_state(name, weights) } -> std::same_as<void>;
    { store.load_plan() } -> std::same_as<std::optional<shard_plan>>;
    { store.save_plan(plan) } -> std::same_as<void>;
    { store.load_shard(index) } -> std::same_as<std::optional<worker_shard>>;
    { store.save_shard(index, images) } -> std::same_as<void>;
    { store.load_worker(index) } -> std::same_as<worker_upload>;
    { store.save_worker(index, upload) } -> std::same_as<void>;
    { store.load_refused() } -> std::same_as<std::vector<refused_worker>>; // of the last round's soup
    { store.save_merge(merged) } -> std::same_as<void>;
    { store.forget_soup() } -> std::same_as<void>; // and all that was made from it
    { store.load_selection(index) } -> std::same_as<std::optional<kept_selection>>; // newest, epoch <= index
    { store.save_selection(chosen) } -> std::same_as<void>;
    { store.load_trials() } -> std::same_as<std::optional<trial_report>>;
    { store.save_trials(trials) } -> std::same_as<void>;
    { store.load_checkpoint(name) } -> std::same_as<std::optional<checkpoint>>;
    { store.save_checkpoint(name, progress) } -> std::same_as<void>;
    { store.checkpoint_due(name) } -> std::same_as<bool>;
    { store.record(cost) } -> std::same_as<void>;
    { store.cost_of(name) } -> std::same_as<std::optional<stage_cost>>; // as it was recorded
    { store.progress(name, index, index) } -> std::same_as<void>;       // stage, done, of
    { store.epoch_done(name, epoch, index) } -> std::same_as<void>;     // stage, its epoch, of
    { store.peak_mib() } -> std::same_as<double>;
};

/// See memory_store. A template, so that its maps are compiled by those alone who make one.
template <class = void>
class basic_memory_store {
  public:
    std::optional<std::vector<float>> load_state(std::string_view name) const { return find(states, name); }
    void save_state(std::string_view name, std::span<const float> weights) {
        states[std::string(name)].assign(weights.begin(), weights.end());
    }
    std::optional<shard_plan> load_plan() const { return plan; }
    void save_plan(const shard_plan &made) { plan = made; }
    std::optional<worker_shard> load_shard(std::size_t index) const {
        const auto found = shards.find(index);
        if (found == shards.end()) return std::nullopt;
        const auto &images = found->second;
        return worker_shard{images, images.pixels.size() + images.labels.size() * sizeof(std::int32_t)};
    }
    void save_shard(std::size_t index, const image_batch &images) { shards[index] = images; }
    worker_upload load_worker(std::size_t index) const {
        const auto found = workers.find(index);
        return found == workers.end() ? worker_upload{.refused = "missing"} : found->second;
    }
    void save_worker(std::size_t index, const worker_upload &upload) { workers[index] = upload; }
    std::vector<refused_worker> load_refused() const {
        return merged && merged->round == merged->rounds ? merged->refused : std::vector<refused_worker>();
    }
    void save_merge(const merge_report &made) { merged = made; }
    void forget_soup() {
        for (const char *name : {"soup", "final"}) states.erase(name);
        for (const char *name : {"merge", "features", "select", "train"}) costs.erase(name);
        merged.reset(), trials.reset();
        selections.clear();
        checkpoints.erase("train");
    }
    std::optional<kept_selection> load_selection(std::size_t epoch) const {
        const auto after = selections.upper_bound(epoch);
        if (after == selections.begin()) return std::nullopt;
        return std::prev(after)->second;
    }
    void save_selection(const kept_selection &chosen) { selections[chosen.epoch] = chosen; }
    std::optional<trial_report> load_trials() const { return trials; }
    void save_trials(const trial_report &made) { trials = made; }
    std::optional<checkpoint> load_checkpoint(std::string_view name) const { return find(checkpoints, name); }
    void save_checkpoint(std::string_view name, const checkpoint &made) {
        checkpoints[std::string(name)] = made;
    }
    bool checkpoint_due(std::string_view) const { return false; }
    void record(const stage_cost &cost) { costs[cost.name] = cost; }
    std::optional<stage_cost> cost_of(std::string_view name) const { return find(costs, name); }
    void progress(std::string_view, std::size_t, std::size_t) const {}
    void epoch_done(std::string_view, const epoch_record &, std::size_t) const {}
    double peak_mib() const { return 0; }

    std::map<std::string, std::vector<float>, std::less<>> states;
    std::optional<shard_plan> plan;
    std::map<std::size_t, image_batch> shards;
    std::map<std::size_t, worker_upload> workers;
    std::optional<merge_report> merged; ///< the newest
    std::map<std::size_t, kept_selection> selections;
    std::optional<trial_report> trials;
    std::map<std::string, checkpoint, std::less<>> checkpoints;
    std::map<std::string, stage_cost, std::less<>> costs;

  private:
    template <class Map>
    static auto find(const Map &map, std::string_view name) -> std::optional<typename Map::mapped_type> {
        const auto found = map.find(name);
        if (found == map.end()) return std::nullopt;
        return found->second;
    }
};

/// A store in memory: for trainers that include the pipeline, and for tests.
using memory_store = basic_memory_store<>;

} // namespace lipt
