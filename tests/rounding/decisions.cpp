// Everything that is decided by numbers: hold-outs, plans, densities, quotas, turns and picks, a line each,
// to be compared between builds that round differently.
#include <lipt/pretrain/prune.hpp>
#include <lipt/pretrain/shard.hpp>
#include <lipt/run/lead.hpp>
#include <lipt/select/named_method.hpp>
#include <lipt/select/named_method.hpp>

#include <support/selection_problem.hpp>
#include <support/toy_images.hpp>
#include <support/toy_run.hpp>

#include <cstdio>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace {

template <class Values>
void say(const std::string &what, const Values &values) {
    std::string line = what + ":";
    for (const auto &value : values) {
        line += ' ';
        line += std::to_string(value);
    }
    std::printf("%s\n", line.c_str());
}

/// Whether a * b + c is rounded once: the product of these two is 1 less 2^-104, which is 1 by itself.
bool contracts() {
    volatile double near_one = 1 + 0x1p-52, nearly_one = 1 - 0x1p-52;
    const double a = near_one, b = nearly_one;
    return a * b - 1.0 != 0;
}

std::vector<std::int32_t> labels_of(const std::vector<std::size_t> &counts) {
    std::vector<std::int32_t> labels;
    for (std::size_t c = 0; c < counts.size(); ++c)
        labels.insert(labels.end(), counts[c], static_cast<std::int32_t>(c));
    return labels;
}

void say_quotas() {
    const std::vector<std::size_t> four{1300, 1290, 1280, 1270};
    say("four classes at 0.15", lipt::largest_remainder_quotas(four, 0.15));
    for (int percent = 1; percent < 100; ++percent) {
        std::vector<std::size_t> counts;
        for (std::size_t c = 0; c < 12; ++c) counts.push_back(1000 + (c * 271 + 37) % 400 / 10 * 10);
        const double fraction = percent / 100.0;
        say("quotas at " + std::to_string(percent), lipt::largest_remainder_quotas(counts, fraction));
    }
}

void say_plans() {
    const std::vector<std::size_t> counts{130, 129, 128, 127};
    const auto labels = labels_of(counts);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        for (const double fraction : {0.02, 0.15, 0.35}) {
            const auto split =
                lipt::split_stratified(labels, 4, fraction, {.seed = seed, .stage = lipt::stream::hold_out});
            say("hold-out", split.part);
            for (const bool stratified : {false, true}) {
                const auto plan = lipt::plan_shards(
                    split.rest, labels, 4, {.workers = 3, .batch_size = 20, .stratified = stratified}, seed);
                for (const auto &shard : plan.shards) say("shard", shard);
            }
        }
    }
}

/// What one build plans and another merges by: the samples that are held out of a run, and those of each
/// worker. Alike, so that no merge scores on what a worker has trained on.
void say_runs() {
    const lipt_test::toy_images test(30, 2);
    for (std::size_t samples = 241; samples < 300; samples += 7) {
        const lipt_test::toy_images train(samples, 1);
        auto settings = lipt_test::toy_settings();
        for (const double hold_out : {0.05, 0.15, 0.35}) {
            settings.hold_out = hold_out;
            const auto context = lipt_test::toy_context(train.view(), test.view(), settings);
            say("held out of a run", context.held_out);
            const auto plan = lipt::plan_shards(context.pool, context.train.labels, context.train.classes,
                                                lipt::shards_of(settings), settings.seed);
            for (const auto &shard : plan.shards) say("a worker's samples", shard);
        }
    }
}

void say_masks() {
    const lipt::reference::tensor tensor;
    std::vector<std::size_t> kept;
    for (std::uint32_t worker = 0; worker < 200; ++worker) {
        const std::vector<lipt::weight_entry> layout{
            {.name = "w", .kind = lipt::weight_kind::linear, .size = 997 + worker}};
        const std::vector<float> weights(997 + worker, 1.0f);
        const auto mask = lipt::make_prune_mask(tensor, layout, weights, {}, {}, 1, worker);
        kept.push_back(static_cast<std::size_t>(std::accumulate(mask.keep.begin(), mask.keep.end(), 0.0)));
        std::printf("density %a\n", lipt::draw_density({}, 1, worker));
    }
    say("kept weights", kept);
}

/// Picks on problems without ties: of two gains that are equal in real numbers either may be the larger one
/// in floats.
void say_picks() {
    std::vector<std::string> names;
    for (const auto &info : lipt::all_methods::infos) names.emplace_back(info.name);
    for (const char *name : {"el2n/ccs", "el2n/ccs:0.29", "margin/beta", "grand/d2", "entropy/d2:3"})
        names.emplace_back(name);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const lipt_test::random_problem problem({.samples = 130, .classes = 4, .width = 7, .seed = seed});
        for (const auto &name : names) {
            const auto method = lipt::method_of(name, {});
            for (const bool balanced : {true, false}) {
                auto options = method.options;
                options.seed = seed;
                options.epoch = static_cast<std::uint32_t>(seed);
                const auto chosen =
                    lipt::select(problem.tensor, method.info.name, problem.view(0.15, balanced), options);
                say(name + (balanced ? " by class" : " of all"), chosen.indices);
            }
        }
    }
}

void say_leads() {
    lipt::rng draw({.seed = 4});
    for (int trial = 0; trial < 20; ++trial) {
        std::vector<std::vector<bool>> one(3), other(3);
        for (std::size_t p = 0; p < 3; ++p) {
            for (int i = 0; i < 37; ++i) {
                one[p].push_back(draw.below(3) > 0);
                other[p].push_back(draw.below(2) > 0);
            }
        }
        const auto [ahead, error] = lipt::detail::lead(one, other);
        std::printf("lead %a error %a\n", ahead, error);
    }
}

} // namespace

int main(int count, char **words) {
    if (count > 1 && std::string_view(words[1]) == "probe") {
        std::printf("%s\n", contracts() ? "contracts" : "rounds twice");
        return 0;
    }
    say_quotas();
    say_plans();
    say_runs();
    say_masks();
    say_picks();
    say_leads();
    return 0;
}
