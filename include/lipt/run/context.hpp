// What every stage sees: the network, the data, the settings, and the split that follows from them, checked
// before anything is paid for.
#pragma once

#include <lipt/data.hpp>
#include <lipt/network/network.hpp>
#include <lipt/run/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt {

/// Has the given workers do their work, side by side or one after another; returns what went wrong with each,
/// empty where nothing did. `work(worker)` does it in this process and throws where it fails; a launcher may
/// have it done elsewhere instead, from the store. adapters/launch has several.
using launcher = std::function<std::vector<std::string>(std::span<const std::size_t> workers,
                                                        const std::function<void(std::size_t)> &work)>;

/// The plainest launcher: one after another in this thread; a failure is not caught.
inline std::vector<std::string> launch_in_order(std::span<const std::size_t> workers,
                                                const std::function<void(std::size_t)> &work) {
    for (const auto worker : workers) work(worker);
    return std::vector<std::string>(workers.size());
}

/// What every stage sees: the network, the data, the settings, and the split that follows from them.
/// held_out: never trained on before the selection; pool: the rest
struct pipeline_context {
    network_spec spec{};
    image_set train{};
    image_set test{};
    pipeline_settings settings{};
    std::vector<std::int64_t> held_out{}, pool{};
    launcher launch = launch_in_order;
    std::size_t min_workers = 1; ///< that must have delivered before there is a soup
};

/// How many shards all rounds need.
inline shard_options shards_of(const pipeline_settings &settings) {
    auto options = settings.shards;
    options.workers = all_workers(settings);
    return options;
}

/// Checks data, network and settings, and draws the held-out split.
/// errors: D-ids of check(image_set), U-ids of check(settings), U11 a fraction that keeps nothing, Q-ids of
/// plan_shards, P01 densities, D05 images of another shape or classes than the network, D06 a class without a
/// held-out sample, D25 at least one of each class cannot be kept
inline pipeline_context make_context(network_spec spec, const image_set &train, const image_set &test,
                                     const pipeline_settings &settings, launcher launch = launch_in_order) {
    check(train);
    check(test);
    check(settings);
    require(train.shape == spec.image && test.shape == spec.image && train.classes == spec.classes &&
                test.classes == spec.classes,
            "D05", "data: images or classes of the training or test set differ from those of the network ",
            spec.name);
    auto split = split_stratified(train.labels, train.classes, settings.hold_out,
                                  {.seed = settings.seed, .stage = stream::hold_out});
    require(split.part.size() >= train.classes, "D06", "data: ", split.part.size(), " held-out samples for ",
            train.classes, " classes: raise --hold-out or --train-samples");
    const std::vector<std::size_t> ranked{settings.rank_held_out ? train.size() : split.rest.size()};
    require(largest_remainder_quotas(ranked, settings.fraction).front() > 0, "U11", "settings: fraction ",
            settings.fraction, " of ", ranked.front(), " samples keeps none: raise it (--fraction)");
    if (settings.at_least_one && settings.balanced) {
        std::vector<std::size_t> counts(train.classes);
        for (const auto label : train.labels) ++counts[static_cast<std::size_t>(label)];
        if (!settings.rank_held_out)
            for (const auto i : split.part)
                --counts[static_cast<std::size_t>(train.labels[static_cast<std::size_t>(i)])];
        largest_remainder_quotas(counts, settings.fraction, {.at_least_one = true}); // for its check alone
    }
    if (settings.pretrain == pretrain_kind::lipt) {
        // Made for its checks alone: what cannot be planned or pruned must not cost an initialization first.
        plan_shards(split.rest, train.labels, train.classes, shards_of(settings), settings.seed);
        if (settings.local.pruning != prune_time::never) draw_density(settings.local.prune, settings.seed, 0);
    }
    return {std::move(spec),  train, test, settings, std::move(split.part), std::move(split.rest),
            std::move(launch)};
}

} // namespace lipt
