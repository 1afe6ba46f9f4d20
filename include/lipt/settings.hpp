// Every setting of the pipeline, with the method's defaults.
#pragma once

#include <lipt/local.hpp>
#include <lipt/select/selection.hpp>
#include <lipt/shard.hpp>
#include <lipt/soup.hpp>
#include <lipt/training_loop.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
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
    std::string candidates; ///< methods with commas between; a scorer may name its sampler: "el2n/ccs";
                            ///< empty: some that were seen to be good at such a fraction
    double budget = 1.0;    ///< images that all trials may train on, in units of the main training
    double hold_out = 0.08; ///< stratified share of the samples that no trial trains on and each is scored on
    double margin = 1.0;    ///< standard errors by which a method must lead stratified random
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
    local_options local{};
    soup_options soup{};
    statistics_kind statistics = statistics_kind::reestimated;
    std::size_t observe_images = 1024; ///< clean images for the statistics of each mixture
    features_kind features = features_kind::soup;

    train_options full{.epochs = 1}; ///< conventional pre-training
    std::size_t full_runs = 1;       ///< independent runs whose scores are averaged

    std::string selector = "random";
    double fraction = 0.1;
    bool balanced = true; ///< quotas a class
    select_options method{};
    trial_options trials{}; ///< for the selector "auto"

    start_kind start = start_kind::fresh;
    train_options main{};
    bool equal_steps = false;       ///< epochs count the whole set's steps, whatever the fraction
    bool use_weights = true;        ///< the selector's weights enter the loss
    std::size_t reselect_every = 0; ///< epochs; 0: never
    std::size_t evaluate_every = 1; ///< epochs between scores on the test set; the last is always scored
};

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

/// Checks what no single stage can: ranges of the settings that join stages.
/// errors: U10 hold_out, U11 fraction, U12 runs or epochs between events, U13 a start that this pre-training
/// does not make, U14 a training of nothing, U15 a search of nothing, U16 RandAugment, U17 ensemble of
/// nobody, U19 trials of nothing, U29 momentum or
/// weight decay, C-ids of the methods' settings
inline void check(const pipeline_settings &settings) {
    require(settings.hold_out > 0 && settings.hold_out < 1, "U10", "settings: hold-out is ",
            settings.hold_out, ", expected above 0 and below 1 (--hold-out)");
    require(settings.fraction > 0 && settings.fraction <= 1, "U11", "settings: fraction is ",
            settings.fraction, ", expected above 0 and at most 1 (--fraction)");
    require(settings.full_runs > 0 && settings.evaluate_every > 0 && settings.threads > 0, "U12",
            "settings: --pretrain-runs, --evaluate-every and --threads must be at least 1");
    const bool made = settings.start == start_kind::fresh || settings.pretrain == pretrain_kind::lipt ||
                      (settings.start == start_kind::pretrained && settings.pretrain == pretrain_kind::full);
    const auto trains = [](const train_options &options, double least) {
        return options.batch_size > 0 && options.batch_size <= 1u << 30 && options.epochs >= least &&
               options.epochs <= 1e9 && options.learning_rate > 0 && options.final_learning_rate >= 0;
    };
    require(trains(settings.main, 1e-6) && trains(settings.initialize, 0) && trains(settings.full, 1e-6) &&
                trains(settings.local.training, 0),
            "U14",
            "settings: epochs, passes, batch sizes and learning rates must be above 0 (--init-epochs and "
            "--passes may be 0), epochs and passes at most 1e9, batch sizes at most 2^30");
    require(settings.main.momentum >= 0 && settings.main.momentum < 1 && settings.main.weight_decay >= 0 &&
                settings.main.weight_decay < 1,
            "U29", "settings: --momentum is ", settings.main.momentum, " and --weight-decay ",
            settings.main.weight_decay, ", expected both from 0 to below 1");
    require((settings.soup.points > 0 || settings.soup.search == alpha_search::equal) &&
                (settings.observe_images > 0 || settings.statistics == statistics_kind::averaged),
            "U15", "settings: --soup-points and --observe-images must be at least 1");
    const auto &rand = settings.local.training.augment.rand;
    require(rand.magnitude < rand.bins && rand.operations <= 100, "U16",
            "settings: --rand-augment-magnitude is ", rand.magnitude, " and --rand-augment-operations ",
            rand.operations, ", expected 0 to ", rand.bins - 1, " and at most 100");
    require(settings.features == features_kind::soup || settings.pretrain == pretrain_kind::lipt, "U17",
            "settings: --features ensemble needs workers: use --pretrain lipt");
    check(settings.method);
    require(
        settings.trials.budget > 0 && settings.trials.hold_out > 0 && settings.trials.hold_out < 1 &&
            settings.trials.margin >= 0,
        "U19",
        "settings: --trial-budget must be above 0, --trial-hold-out above 0 and below 1, --trial-margin 0 "
        "or more");
    require(
        made, "U13",
        "settings: this --pretrain makes no weights for this --start: use --start fresh, or --pretrain lipt");
}

} // namespace lipt
