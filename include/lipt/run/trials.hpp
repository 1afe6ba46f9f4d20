// Which method to select with, by trial: short trainings on each candidate's subset, scored on samples that
// no trial may train on, the better half of them longer. A method must beat a random subset by more than
// chance, or that is what is taken.
#pragma once

#include <lipt/run/choose.hpp>
#include <lipt/run/lead.hpp>
#include <lipt/train/main_training.hpp>

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

/// The candidates of the trials. First the baseline, which is taken unless another leads it: a random subset
/// drawn anew each epoch where that is among the names, since it was nowhere measured to be behind a fixed
/// one and far ahead where little is kept; otherwise a stratified random subset. Without names: the former,
/// strata of difficulty without the hardest three tenths, and coverage, or where a quarter or more is kept
/// the hardest. (Short trainings without six tenths look better than they end.) errors: C01, C40 unknown name
inline std::vector<named_method> trial_candidates(const pipeline_settings &settings) {
    std::string names = settings.trials.candidates;
    if (names.empty()) {
        names = settings.fraction < 0.25 ? "rs2,el2n/ccs,facility-location" : "rs2,el2n/ccs,el2n";
    }
    std::vector<named_method> all;
    for (std::size_t first = 0; first <= names.size();) {
        const std::size_t end = std::min(names.find(',', first), names.size());
        all.push_back(method_of(names.substr(first, end - first), settings.method));
        first = end + 1;
    }
    const auto found = [&](std::string_view name) {
        return std::find_if(all.begin(), all.end(), [&](const auto &one) { return one.name == name; });
    };
    if (found("rs2") == all.end() && found("stratified") == all.end())
        all.push_back(method_of("stratified", settings.method));
    const auto baseline = found("rs2") != all.end() ? found("rs2") : found("stratified");
    std::rotate(all.begin(), baseline, baseline + 1);
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

/// A candidate on trial: its subset, and which of the scored samples each training of its last rung got
/// right.
struct contestant {
    named_method method{};
    selection chosen{};
    std::vector<std::vector<bool>> right{};

    std::size_t count() const {
        std::size_t sum = 0;
        for (const auto &of : right) sum += static_cast<std::size_t>(std::count(of.begin(), of.end(), true));
        return sum;
    }
};

/// How many are left in each rung: halved, with the baseline always among them, until it has one rival.
inline std::vector<std::size_t> rung_sizes(std::size_t candidates) {
    std::vector<std::size_t> sizes{candidates};
    while (sizes.back() > 2) sizes.push_back(std::max<std::size_t>(2, (sizes.back() + 1) / 2));
    return sizes;
}

/// How often each of the last two is trained, from other draws each time: seeds move a short training by
/// points, and from two of them nothing can be said of how much.
inline constexpr std::size_t play_offs = 3;

/// How often each candidate of a rung is trained.
inline std::size_t trainings_of(std::span<const std::size_t> sizes, std::size_t rung) {
    return rung + 1 == sizes.size() ? play_offs : 1;
}

/// The samples that each trial of the first rung trains on, so that all rungs, each of twice the length, fit
/// the budget.
inline double first_rung_samples(std::span<const std::size_t> sizes, double budget) {
    double parts = 0, length = 1;
    for (std::size_t rung = 0; rung < sizes.size(); ++rung, length *= 2)
        parts += static_cast<double>(sizes[rung] * trainings_of(sizes, rung)) * length;
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

    /// A method's choice, in the training set's numbers.
    selection choose(const named_method &method, const selection_draw &draw) const {
        auto chosen = choose_from(context_, tensor_, features_, method, draw);
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
    /// All candidates, the baseline first. errors: U11 a subset that leaves a trial no sample
    std::vector<contestant> contestants() const {
        std::vector<contestant> all;
        for (auto &method : trial_candidates(context_.settings)) {
            contestant one{.chosen = choose(method, {.seed = context_.settings.seed})};
            require(!without_scored(one.chosen).indices.empty(), "U11", "select: --fraction ",
                    context_.settings.fraction, " leaves the trial of ", method.name,
                    " no sample: raise it, or name a --selector");
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

    /// Trains every candidate of a rung `times` times, on `samples` samples each, and brings those behind the
    /// first into the order of what they got right.
    void climb(std::span<contestant> all, std::size_t rung, std::size_t times, double samples,
               trial_report &report) {
        for (auto &one : all) {
            one.right.clear();
            for (std::uint32_t draw = 0; draw < times; ++draw) {
                one.right.push_back(right_after(one, static_cast<std::uint32_t>(rung) + draw, samples));
                report.records.push_back(record_of(one, all[0].right[draw], rung, samples));
            }
        }
        std::stable_sort(all.begin() + 1, all.end(),
                         [](const auto &a, const auto &b) { return a.count() > b.count(); });
    }

  private:
    /// Trains from the start on the candidate's samples, `samples` of them in all, and scores it. A method
    /// that draws by chance, or anew each epoch, does so here as well: of another chance in each `draw`.
    std::vector<bool> right_after(const contestant &one, std::uint32_t draw, double samples) {
        const auto &settings = context_.settings;
        const auto draw_for = [&](std::uint32_t epoch) {
            if (epoch == 0 && (draw == 0 || !draws_by_chance(one.method)))
                return subsets_.without_scored(one.chosen);
            const auto drawn = subsets_.without_scored(subsets_.choose(
                one.method, {.seed = settings.seed + (std::uint64_t{draw} << 32), .epoch = epoch}));
            // Of few samples all may be among those that are scored.
            return drawn.indices.empty() ? subsets_.without_scored(one.chosen) : drawn;
        };
        const auto first = draw_for(0);
        const auto of_epoch = [&](std::size_t epoch) {
            const bool anew = one.method.info.resampled && epoch > 0;
            return anew ? draw_for(static_cast<std::uint32_t>(epoch)) : first;
        };
        train_options options = settings.main;
        options.epochs = samples / static_cast<double>(first.indices.size());
        backend_.load(start_, {});
        lipt::train(
            backend_, context_.train, options,
            {.seed = settings.seed, .order = stream::trial, .augment = stream::train_augment, .worker = draw},
            of_epoch, [&](const epoch_report &report) { cost_.add_training(report.samples); });
        observe(first.indices);
        const auto scored = scored_.view();
        cost_.add_forward(scored.size());
        return right_in(outputs_on(backend_, scored).logits, scored.labels);
    }

    /// After a few steps the running statistics still hold what the training started from, or only the last
    /// batches: they are made anew, as for a mixture, but from samples of the training's own, as those of the
    /// main training will be.
    void observe(std::vector<std::int64_t> samples) {
        const auto &settings = context_.settings;
        if (settings.statistics == statistics_kind::averaged) return;
        rng({.seed = settings.seed, .stage = stream::trial_observe}).shuffle(std::span(samples));
        samples.resize(std::min(samples.size(), settings.observe_images));
        const image_part part(context_.train, std::move(samples));
        reestimate_statistics(backend_, part.view(), part.view().size(), settings.main.batch_size);
        cost_.add_forward(part.view().size());
    }

    static std::vector<bool> right_in(const host_matrix &logits, std::span<const std::int32_t> labels) {
        std::vector<bool> right(labels.size());
        const std::size_t classes = logits.shape(1);
        for (std::size_t i = 0; i < labels.size(); ++i) {
            right[i] =
                predicted_class(logits.data() + i * classes, classes) == static_cast<std::size_t>(labels[i]);
        }
        return right;
    }

    /// The candidate's last training.
    trial_record record_of(const contestant &one, const std::vector<bool> &baseline, std::size_t rung,
                           double samples) const {
        const auto &right = one.right.back();
        const auto [ahead, error] = lead(std::span(&right, 1), std::span(&baseline, 1));
        const auto count = static_cast<double>(std::count(right.begin(), right.end(), true));
        return {.candidate = one.method.name,
                .rung = rung + 1,
                .samples = static_cast<std::size_t>(samples),
                .accuracy = count / static_cast<double>(right.size()),
                .ahead = ahead,
                .error = error};
    }

    const pipeline_context &context_;
    Training &backend_;
    const trial_subsets<Tensor> &subsets_;
    std::span<const float> start_;
    stage_cost &cost_;
    image_part scored_;
};

/// The samples of the training set that trials are scored on. errors: U19 none
inline std::vector<std::int64_t> trial_samples(const pipeline_context &context,
                                               std::span<const std::int64_t> ranked,
                                               std::span<const std::int32_t> labels) {
    const auto &settings = context.settings;
    const auto split = split_stratified(labels, context.train.classes, settings.trials.hold_out,
                                        {.seed = settings.seed, .stage = stream::trial_hold_out});
    require(!split.part.empty(), "U19", "settings: --trial-hold-out ", settings.trials.hold_out, " of ",
            ranked.size(), " samples leaves none to score trials on: raise it");
    std::vector<std::int64_t> scored;
    for (const auto position : split.part) scored.push_back(ranked[static_cast<std::size_t>(position)]);
    return scored;
}

} // namespace detail

/// Chooses the method and the subset by trials from the weights that the main training will start from. In a
/// rung every trial has the same chance (order and augmentation) and the same number of steps; samples that
/// are scored are in no trial's training, but may be in the subset. The best rival of the baseline meets
/// it in three trainings each, of chances not seen before, and must lead by trials.margin standard errors,
/// which count the samples scored and the differences between the three. shapes: start (S). errors: as
/// select; U11 nothing is kept, U19 nothing to score on. cost: trials.budget times the main training and at
/// most a batch more a trial, a pass forward over the scored samples and at most settings.observe_images more
/// a trial, and every candidate's selection. source: [Jamieson2016] successive halving
template <training_backend Training, tensor_backend Tensor>
std::pair<selection, trial_report>
choose_by_trials(const pipeline_context &context, Training &backend, const Tensor &tensor,
                 const candidate_features<Tensor> &features, std::span<const float> start, stage_cost &cost) {
    const auto &settings = context.settings;
    const auto scored = detail::trial_samples(context, features.ranked, features.labels);
    const detail::trial_subsets<Tensor> subsets(context, tensor, features, scored);
    auto contestants = subsets.contestants(); // the baseline first
    trial_report report{.chosen = contestants[0].method.name,
                        .baseline = contestants[0].method.name,
                        .scored = scored.size()};
    if (contestants.size() == 1) return {std::move(contestants[0].chosen), std::move(report)};
    const auto sizes = detail::rung_sizes(contestants.size());
    const std::size_t kept = contestants[0].chosen.indices.size();
    const double whole =
        settings.main.epochs * static_cast<double>(settings.equal_steps ? context.train.size() : kept);
    double length = detail::first_rung_samples(sizes, settings.trials.budget * whole);
    detail::trial_ladder<Training, Tensor> ladder(context, backend, subsets, start, scored, cost);
    for (std::size_t rung = 0; rung < sizes.size(); ++rung, length *= 2) {
        contestants.resize(sizes[rung]);
        ladder.climb(contestants, rung, detail::trainings_of(sizes, rung), length, report);
    }
    const auto verdict = detail::lead(contestants[1].right, contestants[0].right);
    auto &winner = contestants[verdict.ahead > settings.trials.margin * verdict.error ? 1 : 0];
    report.chosen = winner.method.name;
    report.rival = contestants[1].method.name;
    report.ahead = verdict.ahead;
    report.error = verdict.error;
    return {std::move(winner.chosen), std::move(report)};
}

} // namespace lipt
