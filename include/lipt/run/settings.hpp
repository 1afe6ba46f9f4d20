// Every setting of the pipeline, with the method's defaults.
#pragma once

#include <lipt/pretrain/local.hpp>
#include <lipt/pretrain/shard.hpp>
#include <lipt/pretrain/soup.hpp>
#include <lipt/select/options.hpp>
#include <lipt/train/loop.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace lipt {

/// lipt: workers and a soup. full: conventional training on the whole set. none: random weights.
enum class pretrain_kind : std::uint8_t { lipt, full, none };

/// Where the main training begins: random weights, the common start of the workers, or the pre-trained model.
enum class start_kind : std::uint8_t { fresh, theta_star, pretrained };

/// How a mixture gets its batch-norm statistics: from clean training images for just these weights, or
/// averaged like the weights (cheaper, and far worse as a rule).
enum class statistics_kind : std::uint8_t { reestimated, averaged };

/// Whose gradients choose the subset: the soup's, or the scores of all workers' models averaged.
enum class features_kind : std::uint8_t { soup, ensemble };

/// Choosing a method by short trainings. source: [Jamieson2016] successive halving
struct trial_options {
    std::string candidates{}; ///< methods with commas between; a scorer may name its sampler: "el2n/ccs";
                              ///< empty: some that were seen to be good at such a fraction
    double budget = 1.0;      ///< images that all trials may train on, in units of the main training
    double hold_out = 0.08; ///< stratified share of the samples that no trial trains on and each is scored on
    double margin = 2.0;    ///< standard errors by which a method must lead a random subset
};

/// Settings of the whole pipeline; the defaults are the paper's protocol on small images.
/// source: [Ro2023] Sections 3 and 4, Appendix A
struct pipeline_settings {
    std::uint64_t seed = 0;
    std::size_t threads = 2;
    std::string device = "cpu"; ///< what the backend knows; several with commas between share the workers
    precision arithmetic = precision::float32;

    double hold_out = 0.02;    ///< stratified share of the training set for the soup's score and Glister
    bool rank_held_out = true; ///< held-out samples may be selected
    pretrain_kind pretrain = pretrain_kind::lipt;

    train_options initialize{.epochs = 1, .decay = schedule::constant};
    shard_options shards{};
    std::size_t rounds = 1; ///< of workers and soup; each round has shards of its own and begins with the
                            ///< soup before it
    local_options local{};
    soup_options soup{};
    statistics_kind statistics = statistics_kind::reestimated;
    std::size_t observe_images = 1024; ///< clean images for the statistics of each mixture
    features_kind features = features_kind::soup;

    train_options full{.epochs = 1}; ///< conventional pre-training
    std::size_t full_runs = 1;       ///< independent runs whose scores are averaged

    std::string selector = "random";
    double fraction = 0.1;
    bool balanced = true;      ///< quotas a class
    bool at_least_one = false; ///< keep one sample of every class, whatever its quota
    select_options method{};
    trial_options trials{}; ///< for the selector "auto"

    start_kind start = start_kind::fresh;
    train_options main{};
    bool equal_steps = false;       ///< epochs count the whole set's steps, whatever the fraction
    bool use_weights = true;        ///< the selector's weights enter the loss
    std::size_t reselect_every = 0; ///< epochs; 0: never
    std::size_t evaluate_every = 1; ///< epochs between scores on the test set; the last is always scored
};

/// The workers of all rounds: those of round r (from 0) have the numbers r n to r n + n - 1, and so shards
/// and random streams of their own.
inline std::size_t all_workers(const pipeline_settings &settings) {
    return settings.shards.workers * settings.rounds;
}

/// What a backend of these settings is made with. Workers take the devices in turn, everything else the
/// first.
inline backend_options backend_of(const pipeline_settings &settings, std::size_t threads,
                                  std::size_t worker = 0) {
    std::vector<std::string> devices(1);
    for (const char letter : settings.device) {
        if (letter == ',')
            devices.emplace_back();
        else
            devices.back() += letter;
    }
    return {
        .threads = threads, .device = devices[worker % devices.size()], .arithmetic = settings.arithmetic};
}

namespace detail {

/// One number of the settings, with its flag and the range that it must be in.
struct ranged_setting {
    const char *flag;
    double value, least, most;
    bool above = false; ///< the least itself is not allowed
};

/// errors: `id` the first that is out of its range, or not a number
inline void require_ranges(std::string_view id, std::initializer_list<ranged_setting> settings) {
    for (const auto &one : settings) {
        const bool fits =
            (one.above ? one.value > one.least : one.value >= one.least) && one.value <= one.most;
        const auto single = static_cast<float>(one.value); // what is one is shown as one
        require(fits, id, "settings: --", one.flag, " is ",
                static_cast<double>(single) == one.value ? text(single) : text(one.value), ", expected ",
                one.above ? "above " : "at least ", one.least, " and at most ", one.most);
    }
}

inline void check_trainings(const pipeline_settings &settings) {
    constexpr double epochs = 1e9, batch = 1 << 30, rate = std::numeric_limits<float>::max();
    const auto batch_of = [](const train_options &options) {
        return static_cast<double>(options.batch_size);
    };
    const auto &[init, full, local, last] =
        std::tie(settings.initialize, settings.full, settings.local.training, settings.main);
    require_ranges("U14", {{"epochs", last.epochs, 0, epochs, true},
                           {"train-batch-size", batch_of(last), 1, batch},
                           {"learning-rate", last.learning_rate, 0, rate, true},
                           {"final-learning-rate", last.final_learning_rate, 0, rate},
                           {"init-epochs", init.epochs, 0, epochs},
                           {"init-batch-size", batch_of(init), 1, batch},
                           {"init-learning-rate", init.learning_rate, 0, rate, true},
                           {"pretrain-epochs", full.epochs, 0, epochs, true},
                           {"pretrain-batch-size", batch_of(full), 1, batch},
                           {"pretrain-learning-rate", full.learning_rate, 0, rate, true},
                           {"passes", local.epochs, 0, epochs},
                           {"batch-size", batch_of(local), 1, batch},
                           {"local-learning-rate", local.learning_rate, 0, rate, true}});
    constexpr double below_one = 1 - 1e-9;
    require_ranges("U29", {{"momentum", last.momentum, 0, below_one},
                           {"weight-decay", last.weight_decay, 0, below_one}});
}

} // namespace detail

/// Checks what no single stage can: ranges of the settings that join stages.
/// errors: U10 hold_out, U11 fraction, U12 runs, threads or epochs between events, U13 a start that this
/// pre-training does not make, U14 a training of nothing, U15 a search of nothing, U16 RandAugment, U17
/// ensemble of nobody, U19 trials of nothing, U29 momentum or weight decay, U46 rounds, C-ids of the methods'
/// settings
inline void check(const pipeline_settings &settings) {
    const auto count = [](std::size_t value) { return static_cast<double>(value); };
    constexpr double many = 1e9;
    require(settings.hold_out > 0 && settings.hold_out < 1, "U10", "settings: hold-out is ",
            settings.hold_out, ", expected above 0 and below 1 (--hold-out)");
    require(settings.fraction > 0 && settings.fraction <= 1, "U11", "settings: fraction is ",
            settings.fraction, ", expected above 0 and at most 1 (--fraction)");
    detail::require_ranges("U12", {{"pretrain-runs", count(settings.full_runs), 1, many},
                                   {"evaluate-every", count(settings.evaluate_every), 1, many},
                                   {"threads", count(settings.threads), 1, many}});
    detail::check_trainings(settings);
    if (settings.soup.search != alpha_search::equal)
        detail::require_ranges("U15", {{"soup-points", count(settings.soup.points), 1, many}});
    if (settings.statistics != statistics_kind::averaged)
        detail::require_ranges("U15", {{"observe-images", count(settings.observe_images), 1, many}});
    const auto &rand = settings.local.training.augment.rand;
    detail::require_ranges("U16", {{"rand-augment-magnitude", count(rand.magnitude), 0, count(rand.bins - 1)},
                                   {"rand-augment-operations", count(rand.operations), 0, 100}});
    require(settings.features == features_kind::soup || settings.pretrain == pretrain_kind::lipt, "U17",
            "settings: --features ensemble needs workers: use --pretrain lipt");
    check(settings.method);
    const auto &trials = settings.trials;
    require(trials.hold_out > 0 && trials.hold_out < 1, "U19", "settings: --trial-hold-out is ",
            trials.hold_out, ", expected above 0 and below 1");
    detail::require_ranges(
        "U19", {{"trial-budget", trials.budget, 0, many, true}, {"trial-margin", trials.margin, 0, many}});
    constexpr std::size_t most_rounds = 1000;
    detail::require_ranges("U46", {{"rounds", count(settings.rounds), 1, most_rounds},
                                   {"workers", count(settings.shards.workers), 0, 1e15}});
    const bool made = settings.start == start_kind::fresh || settings.pretrain == pretrain_kind::lipt ||
                      (settings.start == start_kind::pretrained && settings.pretrain == pretrain_kind::full);
    require(
        made, "U13",
        "settings: this --pretrain makes no weights for this --start: use --start fresh, or --pretrain lipt");
}

} // namespace lipt
