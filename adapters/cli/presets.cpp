// The two faces of the pipeline: the paper's protocol, and what was measured to give the most for the least.
#include <lipt/adapters/cli/settings.hpp>

#include <lipt/error.hpp>

#include <thread>

namespace lipt::adapters {

namespace {

/// The protocol of [Ro2023] to the letter: METHOD's defaults, which are those of the structs.
run_settings paper(const run_settings &asked) {
    run_settings settings;
    settings.pipeline.selector = "glister";
    settings.pipeline.shards.minibatches = asked.dataset == "cifar100" ? 5 : 1;
    return settings;
}

/// What was measured on two cores: see the table in README.md.
run_settings recommended(const run_settings &asked) {
    run_settings settings = paper(asked);
    auto &p = settings.pipeline;
    p.selector = "facility-location";
    p.start = start_kind::pretrained;
    p.main.epochs = 30;
    p.main.batch_size = 128;
    p.evaluate_every = 5;
    return settings;
}

} // namespace

run_settings make_preset(const run_settings &asked) {
    require(asked.preset == "recommended" || asked.preset == "paper", "U01", "settings: preset '", asked.preset,
            "' is unknown, expected recommended or paper");
    auto settings = asked.preset == "paper" ? paper(asked) : recommended(asked);
    settings.preset = asked.preset;
    settings.pipeline.threads = std::max(1u, std::thread::hardware_concurrency());
    return settings;
}

} // namespace lipt::adapters
