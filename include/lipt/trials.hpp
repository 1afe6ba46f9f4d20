// Which method to select with, by trial: short trainings on each candidate's subset, scored on samples that
// no trial may train on, the better half of them longer. A method must beat a stratified random subset by
// more than chance, or that is what is taken.
#pragma once

#include <lipt/choose.hpp>
#include <lipt/train.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lipt {

/// The candidates of the trials, stratified random first. Without names: a random subset drawn anew each
/// epoch, coverage, samples of middling difficulty and strata of it, and the hardest as well where a quarter
/// or more is kept. errors: C01, C40 an unknown name
inline std::vector<named_method> trial_candidates(const pipeline_settings &settings) {
    std::string names = settings.trials.candidates;
    if (names.empty()) {
        names = settings.fraction < 0.25 ? "rs2,facility-location,moderate,el2n/ccs"
                                         : "rs2,facility-location,moderate,el2n/ccs,el2n";
    }
    std::vector<named_method> all{method_of("stratified", settings.method)};
    for (std::size_t first = 0; first <= names.size();) {
        const std::size_t end = std::min(names.find(',', first), names.size());
        const auto name = names.substr(first, end - first);
        if (name != "stratified") all.push_back(method_of(name, settings.method));
        first = end + 1;
    }
    return all;
}

/// The method of the settings, or what trials have decided. errors: S06 they have not run
template <pipeline_store Store>
named_method resolved_method(const pipeline_context &context, Store &store) {
    const auto &settings = context.settings;
    if (settings.selector != automatic) return method_of(settings.selector, settings.method);
    const auto trials = store.load_trials();
    require(trials.has_value(), "S06", "select: no trials have chosen a method yet: run the selection first");
    return method_of(trials->chosen, settings.method);
}

namespace detail {

/// A candidate on trial: its subset, and which of the scored samples its last training got right.
struct contestant {
    named_method method;
    selection chosen;
    epoch_samples samples; ///< of the training set, without those that are scored
    std::vector<bool> right;

    std::size_t count() const {
        return static_cast<std::size_t>(std::count(right.begin(), right.end(), true));
    }
};

/// How much better one is than another on the same samples, as shares, and the standard error of that.
inline std::pair<double, double> lead(const std::vector<bool> &one, const std::vector<bool> &other) {
    double won = 0, lost = 0;
    const auto count = static_cast<double>(one.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        won += one[i] && !other[i];
        lost += other[i] && !one[i];
    }
    const double ahead = (won - lost) / count;
    return {ahead, std::sqrt(std::max(0.0, won + lost - count * ahead * ahead)) / count};
}

/// Whether one leads another by more than `margin` standard errors.
inline bool leads(const std::vector<bool> &one, const std::vector<bool> &other, double margin) {
    const auto [ahead, error] = lead(one, other);
    return ahead > margin * error;
}

/// How many are left in each rung: halved, with stratified random always among them, until it has one rival.
inline std::vector<std::size_t> rung_sizes(std::size_t candidates) {
    std::vector<std::size_t> sizes{candidates};
    while (sizes.back() > 2) sizes.push_back(std::max<std::size_t>(2, (sizes.back() + 1) / 2));
    return sizes;
}

/// The samples that each trial of the first rung trains on, so that all rungs, each of twice the length, fit
/// the budget.
inline double first_rung_samples(std::span<const std::size_t> sizes, double budget) {
    double parts = 0, length = 1;
    for (const auto size : sizes) parts += static_cast<double>(size) * std::exchange(length, 2 * length);
    return budget / parts;
}

/// What candidates keep, and the part of it that a trial may train on.
template <tensor_backend Tensor>
class trial_subsets {
  public:
    /// scored: samples of the training set that no trial trains on
    trial_subsets(const pipeline_context &context, const Tensor &tensor,
                  const candidate_features<Tensor> &features, std::span<const std::int64_t> scored)
        : context_(context), tensor_(tensor), features_(features), left_out_(context.train.size()) {
        for (const auto index : scored) left_out_[static_cast<std::size_t>(index)] = true;
    }

    /// A method's choice in an epoch, in the training set's numbers.
    selection choose(const named_method &method, std::uint32_t epoch = 0) const {
        auto chosen = choose_from(context_, tensor_, features_, method, epoch);
        to_set_indices(chosen, features_.ranked, context_.train.size());
        return chosen;
    }
    epoch_samples without_scored(const selection &chosen) const {
        const auto whole = samples_of(chosen, context_.settings.use_weights);
        epoch_samples rest;
        for (std::size_t i = 0; i < whole.indices.size(); ++i) {
            if (left_out_[static_cast<std::size_t>(whole.indices[i])]) continue;
            rest.indices.push_back(whole.indices[i]);
            if (!whole.weights.empty()) rest.weights.push_back(whole.weights[i]);
        }
        return rest;
    }
    /// All candidates, stratified random first. errors: U11 a subset that leaves a trial no sample
    std::vector<contestant> contestants() const {
        std::vector<contestant> all;
        for (auto &method : trial_candidates(context_.settings)) {
            contestant one{.chosen = choose(method)};
            one.samples = without_scored(one.chosen);
            require(!one.samples.indices.empty(), "U11", "select: --fraction ", context_.settings.fraction,
                    " leaves the trial of ", method.name, " no sample: raise it, or name a --selector");
            one.method = std::move(method);
            all.push_back(std::move(one));
        }
        return all;
    }

  private:
    const pipeline_context &context_;
    const Tensor &tensor_;
    const candidate_features<Tensor> &features_;
    std::vector<bool> left_out_;
};

/// The trials of one selection.
template <training_backend Training, tensor_backend Tensor>
class trial_ladder {
  public:
    trial_ladder(const pipeline_context &context, Training &backend, const trial_subsets<Tensor> &subsets,
                 std::span<const float> start, std::span<const std::int64_t> scored, stage_cost &cost)
        : context_(context), backend_(backend), subsets_(subsets), start_(start), cost_(cost),
          scored_(context.train, {scored.begin(), scored.end()}) {}

    /// Trains from the start on the candidate's samples, `samples` of them in all, and scores it. A method
    /// that draws anew each epoch does so here as well.
    void train(contestant &one, double samples) {
        train_options options = context_.settings.main;
        options.epochs = samples / static_cast<double>(one.samples.indices.size());
        backend_.load(start_, {});
        lipt::train(
            backend_, context_.train, options,
            {.seed = context_.settings.seed, .order = stream::trial, .augment = stream::train_augment},
            [&](std::size_t epoch) {
                if (!one.method.info.resampled || epoch == 0) return one.samples;
                return subsets_.without_scored(
                    subsets_.choose(one.method, static_cast<std::uint32_t>(epoch)));
            },
            [&](const epoch_report &report) { cost_.add_training(report.samples); });
        const auto scored = scored_.view();
        score(one, outputs_on(backend_, scored).logits, scored.labels);
        cost_.add_forward(scored.size());
    }

  private:
    void score(contestant &one, const host_matrix &logits, std::span<const std::int32_t> labels) const {
        one.right.resize(labels.size());
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const float *row = logits.data() + i * context_.train.classes;
            const auto best = std::max_element(row, row + context_.train.classes) - row;
            one.right[i] = best == labels[i];
        }
    }

    const pipeline_context &context_;
    Training &backend_;
    const trial_subsets<Tensor> &subsets_;
    std::span<const float> start_;
    stage_cost &cost_;
    image_part scored_;
};

} // namespace detail

/// Chooses the method and the subset by trials from the weights that the main training will start from. Every
/// trial has the same chance (order and augmentation) and the same number of steps in its rung; samples that
/// are scored are in no trial's training, but may be in the subset. shapes: start (S). errors: as select; U11
/// nothing is kept, U19 nothing to score on. cost: trials.budget times the main training and at most a batch
/// more a trial, a pass forward over the scored samples a trial, and every
/// candidate's selection. source: [Jamieson2016] successive halving
template <training_backend Training, tensor_backend Tensor>
std::pair<selection, trial_report>
choose_by_trials(const pipeline_context &context, Training &backend, const Tensor &tensor,
                 const candidate_features<Tensor> &features, std::span<const float> start, stage_cost &cost) {
    const auto &settings = context.settings;
    const auto split = split_stratified(features.labels, context.train.classes, settings.trials.hold_out,
                                        {.seed = settings.seed, .stage = stream::trial});
    std::vector<std::int64_t> scored;
    for (const auto position : split.part)
        scored.push_back(features.ranked[static_cast<std::size_t>(position)]);
    require(!scored.empty(), "U19", "settings: --trial-hold-out ", settings.trials.hold_out, " of ",
            features.ranked.size(), " samples leaves none to score trials on: raise it");
    const detail::trial_subsets<Tensor> subsets(context, tensor, features, scored);
    auto contestants = subsets.contestants();
    const auto sizes = detail::rung_sizes(contestants.size());
    const std::size_t kept = contestants[0].chosen.indices.size();
    const double whole =
        settings.main.epochs * static_cast<double>(settings.equal_steps ? context.train.size() : kept);
    double length = detail::first_rung_samples(sizes, settings.trials.budget * whole);
    detail::trial_ladder<Training, Tensor> ladder(context, backend, subsets, start, scored, cost);
    trial_report report{.chosen = contestants[0].method.name, .scored = scored.size()};
    for (std::size_t rung = 0; rung < sizes.size(); ++rung, length *= 2) {
        // The first is stratified random; the best of the others go on beside it.
        contestants.resize(sizes[rung]);
        for (auto &one : contestants) {
            ladder.train(one, length);
            const auto [ahead, error] = detail::lead(one.right, contestants[0].right);
            report.records.push_back(
                {.candidate = one.method.name,
                 .rung = rung + 1,
                 .samples = static_cast<std::size_t>(length),
                 .accuracy = static_cast<double>(one.count()) / static_cast<double>(scored.size()),
                 .ahead = ahead,
                 .error = error});
        }
        std::stable_sort(contestants.begin() + 1, contestants.end(),
                         [](const auto &a, const auto &b) { return a.count() > b.count(); });
    }
    auto *winner = &contestants[0];
    if (contestants.size() > 1 &&
        detail::leads(contestants[1].right, contestants[0].right, settings.trials.margin))
        winner = &contestants[1];
    report.chosen = winner->method.name;
    return {std::move(winner->chosen), std::move(report)};
}

} // namespace lipt
