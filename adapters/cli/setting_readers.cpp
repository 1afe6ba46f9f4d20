#include <lipt/adapters/cli/setting_readers.hpp>
#include <lipt/run/trials.hpp>
#include <lipt/select/option_readers.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace lipt::adapters {
namespace {

using lipt::detail::is_among;

/// Settings of a run's stages, and when they are read. `wanted` says what would have them read.
struct stage_readers {
    std::string_view settings, wanted;
    bool (*read)(const run_settings &);
};

bool has_workers(const run_settings &s) { return s.pipeline.pretrain == pretrain_kind::lipt; }
bool is_automatic(const run_settings &s) { return s.pipeline.selector == automatic; }
bool trains_a_start(const run_settings &s) { return has_workers(s) && s.init_weights.empty(); }

/// Whether any method that may be chosen is such.
bool any_method(const run_settings &s, bool (*is)(const method_info &)) {
    if (!is_automatic(s)) return is(method_of(s.pipeline.selector, s.pipeline.method).info);
    const auto candidates = trial_candidates(s.pipeline);
    return std::any_of(candidates.begin(), candidates.end(), [&](const auto &one) { return is(one.info); });
}

bool has_cosine(const run_settings &s) {
    const auto &p = s.pipeline;
    return p.main.decay == schedule::cosine ||
           (trains_a_start(s) && p.initialize.decay == schedule::cosine) ||
           (p.pretrain == pretrain_kind::full && p.full.decay == schedule::cosine);
}

constexpr std::string_view of_workers =
    "workers minibatches batch-size rounds stratified-shards passes local-steps local-learning-rate "
    "rand-augment "
    "rand-augment-operations rand-augment-magnitude local-crop-flip prune prune-method prune-scope "
    "density-min "
    "density-max upload soup soup-search soup-points statistics features init-epochs init-learning-rate "
    "init-schedule init-batch-size";

const std::vector<stage_readers> &readers_of_stages() {
    static const std::vector<stage_readers> all{
        {of_workers, "--pretrain lipt", has_workers},
        {"init-epochs init-learning-rate init-schedule init-batch-size",
         "a common start that is trained, without --init-weights", trains_a_start},
        {"init-learning-rate init-schedule init-batch-size", "--init-epochs above 0",
         [](const run_settings &s) { return s.pipeline.initialize.epochs > 0; }},
        {"passes", "--local-steps 0", [](const run_settings &s) { return s.pipeline.local.steps == 0; }},
        {"rand-augment-operations rand-augment-magnitude", "--rand-augment true",
         [](const run_settings &s) { return s.pipeline.local.training.augment.rand_augment; }},
        {"prune-method prune-scope density-min density-max", "--prune after or before",
         [](const run_settings &s) { return s.pipeline.local.pruning != prune_time::never; }},
        {"soup-search soup-points", "--soup greedy",
         [](const run_settings &s) { return s.pipeline.soup.method == soup_method::greedy; }},
        {"soup-points", "--soup-search grid or golden",
         [](const run_settings &s) { return s.pipeline.soup.search != alpha_search::equal; }},
        {"observe-images", "--pretrain lipt with --statistics reestimated, or --selector auto",
         [](const run_settings &s) {
             return is_automatic(s) ||
                    (has_workers(s) && s.pipeline.statistics == statistics_kind::reestimated);
         }},
        {"pretrain-epochs pretrain-learning-rate pretrain-schedule pretrain-batch-size pretrain-runs",
         "--pretrain full", [](const run_settings &s) { return s.pipeline.pretrain == pretrain_kind::full; }},
        {"trial-candidates trial-budget trial-hold-out trial-margin", "--selector auto", is_automatic},
        {"hold-out", "a pre-training, glister, or --rank-held-out false",
         [](const run_settings &s) {
             return s.pipeline.pretrain != pretrain_kind::none || !s.pipeline.rank_held_out ||
                    any_method(s, [](const method_info &info) { return info.validation; });
         }},
        {"balanced", "methods that may pick either way",
         [](const run_settings &s) {
             return any_method(s, [](const method_info &info) { return info.pools == pool_rule::as_asked; });
         }},
        {"at-least-one", "methods that keep one subset and pick it class by class",
         [](const run_settings &s) {
             constexpr auto always = [](const method_info &info) {
                 return !info.resampled && is_per_class(info, false);
             };
             constexpr auto when_balanced = [](const method_info &info) {
                 return !info.resampled && is_per_class(info, true);
             };
             return s.pipeline.balanced ? any_method(s, when_balanced) : any_method(s, always);
         }},
        {"use-weights", "methods that give weights",
         [](const run_settings &s) {
             return any_method(s, [](const method_info &info) { return info.weights; });
         }},
        {"reselect-every", "methods that keep one subset for all epochs",
         [](const run_settings &s) {
             return any_method(s, [](const method_info &info) { return !info.resampled; });
         }},
        {"final-learning-rate", "a schedule cosine", has_cosine},
    };
    return all;
}

/// Whether the run's method, or one that its trials may choose, reads it.
bool is_read_by_method(const run_settings &settings, std::string_view name) {
    const auto sampler = word_of(settings.pipeline.method.sampler.kind);
    const auto reads = [&](std::string_view method) {
        const auto asked = take_apart(method, sampler);
        return name == "sampler" ? asked.scorer && !asked.sampler_named
                                 : asked.named_setting != name && is_read_by(asked, name);
    };
    if (!is_automatic(settings)) return reads(settings.pipeline.selector);
    const auto candidates = trial_candidates(settings.pipeline);
    return std::any_of(candidates.begin(), candidates.end(),
                       [&](const auto &one) { return reads(one.name); });
}

} // namespace

asked_method take_apart(std::string_view name, std::string_view sampler, bool scores) {
    const auto parts = parts_of(name);
    asked_method asked{.name = name, .method = parts.method, .sampler = sampler};
    asked.scorer = scores || find_method(asked.method).scorer;
    if (!parts.has_sampler) return asked;
    asked.sampler_named = true;
    asked.sampler = parts.sampler;
    if (parts.has_setting) asked.named_setting = first_option(parts.sampler);
    return asked;
}

std::string_view method_readers(std::string_view setting) {
    return setting == "last-layer" ? "deepfool" : readers_of(setting); // an array, no option
}

bool is_read_by(const asked_method &asked, std::string_view setting) {
    return is_reader(method_readers(setting), asked.method, asked.scorer, asked.sampler);
}

void check_readers(const run_settings &settings) {
    const auto &selector = settings.pipeline.selector;
    for (const auto &name : settings.given) {
        for (const auto &stage : readers_of_stages()) {
            require(!is_among(stage.settings, name) || stage.read(settings), "U49", "settings: --", name,
                    " is for ", stage.wanted, ", and nothing in this run reads it: leave it out");
        }
        const bool sampler = name == "sampler";
        if (!sampler && method_readers(name).empty()) continue;
        require(is_read_by_method(settings, name), "U49", "settings: --", name, " is for ",
                sampler ? "methods that rate samples and name no sampler" : method_readers(name),
                ", but --selector is ", selector, ": leave one of them out");
    }
}

} // namespace lipt::adapters
