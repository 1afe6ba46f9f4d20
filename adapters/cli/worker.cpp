// `lipt worker`: one worker of a planned run, from its shard to its upload.
#include <lipt/adapters/arrays/notices.hpp>
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/run_network.hpp>
#include <lipt/adapters/cli/worker_terms.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/chosen.hpp>
#include <lipt/lipt.hpp>

#include <fmt/format.h>

#include <cstdio>

namespace lipt::adapters {

using nlohmann::json;
namespace fs = std::filesystem;

worker_terms worker_terms_of(const json &config, const fs::path &path) {
    return read_fields(path, [&] {
        require(config.value("backend", "") == chosen::backend_name, "R01", "worker: ", path.string(),
                " was made with the backend ", config.value("backend", "?"), ", this program has ",
                chosen::backend_name, ": run workers with the same build");
        const json &data = config.at("data");
        const auto shape = data.at("shape").get<std::vector<std::size_t>>();
        require(shape.size() == 3, "R03", "worker: ", path.string(), " has a shape of ", shape.size(),
                " numbers, expected channels, height and width");
        worker_terms terms{.settings = settings_from_json(config.at("settings"))};
        const json module = module_description(terms.settings);
        require(module == config.value("module", json()), "R01", "worker: ", path.string(),
                " was made with another file ", terms.settings.network,
                ": put back the one that the run was planned with");
        terms.network =
            describe(terms.settings, {.image = {shape[0], shape[1], shape[2]},
                                      .classes = data.at("classes").get<std::size_t>(),
                                      .mean = data.at("mean").get<std::vector<float>>(),
                                      .deviation = data.at("deviation").get<std::vector<float>>()});
        return terms;
    });
}

void worker_command(const fs::path &run, std::size_t worker) {
    const json config = run_directory::read_config(run);
    auto [settings, network] = worker_terms_of(config, run / "config.json");
    check(settings.pipeline);
    const auto tensor = chosen::make_tensor(backend_of(settings.pipeline, 1, worker));
    auto store =
        run_directory::create(run, config, network, settings.checkpoint_seconds, {}, run_access::shared);
    const auto &pipeline = settings.pipeline;
    require(worker < all_workers(pipeline), "Q03", "worker: number ", worker, ", expected 0 to ",
            all_workers(pipeline) - 1);
    const auto round = worker / pipeline.shards.workers;
    const auto theta_star = store.load_state(start_name(round));
    require(theta_star.has_value(), "S06", "worker: ", run.string(), " has no ", start_name(round),
            ".safetensors yet: run ", round == 0 ? "`lipt plan`" : "`lipt merge` for the round before",
            " first");
    work<chosen::training>(network, settings.pipeline, tensor, *theta_star, worker, store);
    const auto upload = store.load_worker(worker);
    fmt::print(stderr, "worker {}: {} samples, loss {:.4f}, {:.1f} % of the weights kept, {} bytes to send\n",
               worker, upload.result.samples, upload.result.loss, 100 * upload.result.density,
               upload.cost.bytes_from_workers);
    const auto notice =
        arrays::emptied_notice(worker, emptied_tensors(network.weights, upload.result.weights));
    if (!notice.empty()) fmt::print(stderr, "{}\n", notice);
}

} // namespace lipt::adapters
