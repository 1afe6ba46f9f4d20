// Every setting under the name that flags, TOML keys and config.json share, in one list.
#pragma once

#include <lipt/adapters/data/image_folder.hpp>
#include <lipt/run/settings.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt::adapters {

namespace detail {

/// The words of a choice, beside their values.
template <class Value>
using choices = std::vector<std::pair<std::string_view, Value>>;

/// What the core says of its options, in the form of the settings here.
template <class Visitor>
struct described {
    Visitor &visit;

    template <class Value>
    void operator()(const option_about &about, Value &value) {
        visit(std::string(about.name), value, std::string(about.help));
    }
    template <class Value, std::size_t Count>
    void operator()(const option_about &about, Value &value, const option_word<Value> (&words)[Count]) {
        visit(std::string(about.name), value, choices<Value>(std::begin(words), std::end(words)),
              std::string(about.help));
    }
};

} // namespace detail

/// Calls `visit(name, member, [choices,] help)` for every option of a selection method, for a run and for
/// stored arrays alike.
template <class Visitor>
void visit_method(select_options &options, Visitor &visit) {
    describe(options, detail::described{visit});
}

/// What `lipt run` needs to know: the data, the network, and the pipeline's settings.
struct run_settings {
    std::string preset = "recommended"; ///< recommended or paper: where defaults come from
    std::string name;                   ///< label of the run in reports
    std::string dataset = "fashion-mnist";
    std::string data; ///< directory of the data set; empty: where Debian's package puts it
    std::string network = "resnet8";
    std::string head; ///< of a network from a file: its last linear layer; empty: the one declared last
    std::string init_weights;      ///< file to use as the common start; empty: train one
    std::size_t train_samples = 0; ///< a stratified part of the training set; 0: all
    std::size_t image_size = 0;    ///< of image-folder, height and width; 0: 224 there, nothing elsewhere
    corrupt_images corrupt = corrupt_images::refuse;
    image_check check = image_check::large_ends;
    std::size_t checkpoint_seconds = 10;
    pipeline_settings pipeline{};
    /// Names of the settings that a flag or a file gave another value than their default; none where all come
    /// from a config.json.
    std::vector<std::string> given{};
};

namespace detail {

/// What the help adds where a preset's default depends on other settings.
struct train_notes {
    std::string epochs{}, rate{};
};

template <class Visitor>
void visit_train(train_options &train, const std::string &prefix, const std::string &stage, Visitor &visit,
                 const train_notes &notes = {}) {
    visit(prefix + "epochs", train.epochs, "epochs of " + stage + ", fractions allowed" + notes.epochs);
    visit(prefix + "learning-rate", train.learning_rate, "learning rate of " + stage + notes.rate);
    visit(prefix + "schedule", train.decay,
          choices<schedule>{{"constant", schedule::constant}, {"cosine", schedule::cosine}},
          "learning rate over the steps of " + stage);
}

template <class Visitor>
void visit_workers(pipeline_settings &p, Visitor &visit) {
    visit("workers", p.shards.workers, "workers, each on a shard of its own");
    visit("minibatches", p.shards.minibatches,
          "minibatches a worker; with --dataset cifar100 5 by default, with --preset paper and image-folder "
          "10");
    visit("batch-size", p.shards.batch_size, "samples a minibatch of the workers");
    visit("rounds", p.rounds,
          "rounds of workers and soup, each on new shards and from the soup of the round before");
    visit("stratified-shards", p.shards.stratified, "give every shard the class shares of the whole set");
    visit("passes", p.local.training.epochs, "passes of a worker over its shard");
    visit("local-steps", p.local.steps, "steps of a worker, in place of passes; 0: passes count");
    visit("local-learning-rate", p.local.training.learning_rate, "learning rate of the workers, constant");
    visit("rand-augment", p.local.training.augment.rand_augment, "RandAugment in the local training");
    visit("rand-augment-operations", p.local.training.augment.rand.operations,
          "RandAugment operations a sample");
    visit("rand-augment-magnitude", p.local.training.augment.rand.magnitude,
          "RandAugment magnitude, bin 0 to 30");
    visit("local-crop-flip", p.local.training.augment.crop_flip, "crop and flip in the local training");
    visit("prune", p.local.pruning,
          choices<prune_time>{
              {"after", prune_time::after}, {"before", prune_time::before}, {"off", prune_time::never}},
          "when a worker prunes: once after its training, or before with the mask held");
    visit("prune-method", p.local.prune.method,
          choices<prune_method>{{"magnitude", prune_method::magnitude},
                                {"random", prune_method::random},
                                {"snip", prune_method::snip}},
          "which weights go to zero");
    visit("prune-scope", p.local.prune.scope,
          choices<prune_scope>{{"global", prune_scope::global}, {"per-layer", prune_scope::per_layer}},
          "rank weights over the whole network or in each layer");
    visit("density-min", p.local.prune.density_min, "smallest share of weights a worker keeps");
    visit("density-max", p.local.prune.density_max, "largest share of weights a worker keeps");
    visit("upload", p.local.upload,
          choices<upload_format>{{"masked", upload_format::masked}, {"dense", upload_format::dense}},
          "a worker sends a bit mask and the kept weights, or all weights");
}

template <class Visitor>
void visit_soup(pipeline_settings &p, Visitor &visit) {
    visit("soup", p.soup.method,
          choices<soup_method>{{"greedy", soup_method::greedy}, {"uniform", soup_method::uniform}},
          "how the workers' weights are merged");
    visit("soup-search", p.soup.search,
          choices<alpha_search>{
              {"equal", alpha_search::equal}, {"grid", alpha_search::grid}, {"golden", alpha_search::golden}},
          "how the share of a joining worker is found");
    visit("soup-points", p.soup.points, "shares tried a worker by grid and golden");
    visit("statistics", p.statistics,
          choices<statistics_kind>{{"reestimated", statistics_kind::reestimated},
                                   {"averaged", statistics_kind::averaged}},
          "batch-norm statistics of a mixture");
    visit("observe-images", p.observe_images, "clean images that statistics are re-estimated on");
    visit("features", p.features,
          choices<features_kind>{{"soup", features_kind::soup}, {"ensemble", features_kind::ensemble}},
          "whose outputs choose the subset");
}

template <class Visitor>
void visit_selection(pipeline_settings &p, Visitor &visit) {
    visit("selector", p.selector,
          "method that chooses the subset; `lipt select --list` names them; auto tries some out");
    visit("fraction", p.fraction, "share of the training set that is kept, above 0; 1 keeps all");
    visit("balanced", p.balanced, "choose class by class, each its share");
    visit("at-least-one", p.at_least_one,
          "keep one sample of every class at least, at the cost of large ones");
    visit_method(p.method, visit);
    visit("trial-candidates", p.trials.candidates,
          "methods that auto tries, with commas between, a scorer's sampler after a slash; empty: by the "
          "fraction");
    visit("trial-budget", p.trials.budget, "images that all trials train on, in units of the main training");
    visit("trial-hold-out", p.trials.hold_out, "share of the samples that trials are scored on");
    visit("trial-margin", p.trials.margin,
          "standard errors by which a method must lead the baseline to be chosen: rs2 where that is a "
          "candidate, "
          "stratified random otherwise");
    visit("reselect-every", p.reselect_every, "epochs between selections by the main model itself; 0: never");
}

template <class Visitor>
void visit_main(pipeline_settings &p, Visitor &visit) {
    visit("start", p.start,
          choices<start_kind>{{"fresh", start_kind::fresh},
                              {"theta-star", start_kind::theta_star},
                              {"pretrained", start_kind::pretrained}},
          "weights that the main training starts from; fresh by default with --pretrain none, and in the "
          "preset "
          "paper but for GradMatch's warm start");
    visit_train(p.main, "", "the main training", visit,
                {.epochs =
                     "; in the preset paper 200, of which GradMatch's warm start (--pretrain full) takes "
                     "half",
                 .rate = "; 0.1 by default from fresh weights and in the preset paper"});
    visit("final-learning-rate", p.main.final_learning_rate, "learning rate at the end of the cosine");
    visit("train-batch-size", p.main.batch_size, "samples a step of the main training");
    visit("equal-steps", p.equal_steps, "count epochs in steps of the whole set, whatever the fraction");
    visit("use-weights", p.use_weights, "the selector's weights enter the loss");
    visit("evaluate-every", p.evaluate_every, "epochs between scores on the test set");
}

} // namespace detail

/// Calls `visit(name, member, [choices,] help)` for every setting that shapes a run's result, in the order of
/// --help.
template <class Visitor>
void visit_settings(run_settings &s, Visitor &&visit) {
    auto &p = s.pipeline;
    visit("name", s.name, "label of the run in reports");
    visit("dataset", s.dataset, "fashion-mnist, cifar10, cifar100 or image-folder");
    visit(
        "data", s.data,
        "directory of the data set; empty: where Debian's package puts it; image-folder: the one with train/ "
        "and val/");
    visit("train-samples", s.train_samples, "use a stratified part of the training set, in samples; 0: all");
    visit("image-size", s.image_size,
          "height and width in pixels that images of image-folder are cut and resized to; 0: 224");
    visit("corrupt-images", s.corrupt,
          detail::choices<corrupt_images>{{"refuse", corrupt_images::refuse}, {"skip", corrupt_images::skip}},
          "images of image-folder that cannot be read: an error, or left out and named");
    visit(
        "check-images", s.check,
        detail::choices<image_check>{{"large-ends", image_check::large_ends}, {"whole", image_check::whole}},
        "how images of image-folder are checked at the start: decoded, but of those over 64 KiB the header "
        "and "
        "the end alone; or all of them decoded");
    visit(
        "network", s.network,
        "resnet8, resnet20, resnet18, wrn-16-1, wrn-28-10, ...; resnet18-224 and wrn-50-2 for large images; "
        "with the torch backend also a TorchScript file, <name>.pt");
    visit("head", s.head,
          "of a TorchScript file: the name of its last linear layer; empty: the last one that is declared");
    visit("seed", p.seed, "seed of everything random");
    visit(
        "device", p.device,
        "where it computes: cpu; with the torch backend also cuda or cuda:1; workers take turns on several, "
        "with commas between");
    visit(
        "precision", p.arithmetic,
        detail::choices<precision>{{"float32", precision::float32},
                                   {"tf32", precision::tf32},
                                   {"bfloat16", precision::bfloat16},
                                   {"float16", precision::float16}},
        "of activations and convolutions; the other three with the torch backend only, tf32 and float16 on a "
        "GPU only; there float32 alone repeats to the bit");
    visit("pretrain", p.pretrain,
          detail::choices<pretrain_kind>{
              {"lipt", pretrain_kind::lipt}, {"full", pretrain_kind::full}, {"none", pretrain_kind::none}},
          "pre-training before the selection");
    visit("hold-out", p.hold_out, "share of the training set held out for scores");
    visit("rank-held-out", p.rank_held_out, "held-out samples may be selected");
    visit(
        "init-weights", s.init_weights,
        "file to use as the common start: safetensors with torchvision's names, or with the torch backend a "
        "TorchScript file; empty: train one");
    detail::visit_train(p.initialize, "init-", "the common start", visit);
    visit("init-batch-size", p.initialize.batch_size, "samples a step of the common start");
    detail::visit_workers(p, visit);
    detail::visit_soup(p, visit);
    detail::visit_train(p.full, "pretrain-", "the conventional pre-training", visit,
                        {.epochs = "; in the preset paper 10, for grand and el2n 1, for gradmatch half of "
                                   "--epochs in steps of the subset"});
    visit("pretrain-batch-size", p.full.batch_size, "samples a step of the conventional pre-training");
    visit(
        "pretrain-runs", p.full_runs,
        "independent conventional runs whose scores are averaged; in the preset paper 10 for grand and el2n");
    detail::visit_selection(p, visit);
    detail::visit_main(p, visit);
    visit("momentum", p.main.momentum, "momentum of every training");
    visit("weight-decay", p.main.weight_decay, "weight decay of every training");
    visit("nesterov", p.main.nesterov, "Nesterov momentum in every training");
}

/// The settings of a preset for this data set and network; errors: U01 unknown preset
run_settings make_preset(const run_settings &asked);

/// The preset's learning rate for the main training, which depends on where that starts.
float preset_learning_rate(const run_settings &settings);

/// The part of the epochs asked for that the main training gets: half of them where the preset gives the
/// other half's steps to GradMatch's warm start. source: [Killamsetty2021a]
double main_share(const run_settings &settings);

/// Copies what all trainings share (momentum, weight decay, the shards' batch size) to where each reads it,
/// names a run that has no name after its pre-training and selector, and sets the size of a folder's images.
void unify(run_settings &settings);

/// The settings as a flat object of config.json.
nlohmann::json to_json(run_settings settings);

/// Reads the settings of a run directory. errors: U02 a key that no setting has, or a value of the wrong type
run_settings settings_from_json(const nlohmann::json &settings);

} // namespace lipt::adapters
