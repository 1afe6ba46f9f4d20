#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/sentence.hpp>
#include <lipt/adapters/store/worker_file.hpp>
#include <lipt/pretrain/prune.hpp>
#include <lipt/version.hpp>

namespace lipt::adapters {

using nlohmann::json;

namespace {

/// What a worker's file says about itself beside the weights: nothing that differs when it runs again.
json facts_of(const worker_upload &upload) {
    const auto &result = upload.result;
    stage_cost counted = upload.cost;
    counted.wall_s = counted.cpu_s = counted.begun_s = counted.peak_mib = 0;
    return {{"size", result.weights.size()}, {"masked", !result.keep_mask.empty()},
            {"density", result.density},     {"loss", result.loss},
            {"samples", result.samples},     {"cost", to_json(counted)}};
}

/// errors: R05, R08, R11
void check_identity(const sealed_view &view, const upload_identity &identity) {
    require(view.text_of("worker") == std::to_string(identity.worker), "R08", "worker: ", view.name(),
            " says it is worker '", sentence_of(view.text_of("worker")), "', expected ", identity.worker,
            ": it was renamed or is of another program");
    require(view.text_of("config") == identity.config, "R05", "worker: ", view.name(),
            " was made with other settings than config.json: run `lipt worker` again");
    require(view.text_of("theta_star") == identity.theta_star, "R11", "worker: ", view.name(),
            " began with other weights than its round does: run `lipt worker` again");
}

/// Counts as train_worker makes them: they are summed and shown. errors: R03
void check_facts(const sealed_view &view, const worker_upload &upload) {
    constexpr std::uint64_t most = std::uint64_t{1} << 40;
    const auto &cost = upload.cost;
    const auto samples = upload.result.samples;
    const bool counted = samples < most && cost.forward == samples && cost.backward == samples &&
                         cost.bytes_to_workers < most && cost.bytes_from_workers < most;
    require(counted && upload.result.density >= 0 && upload.result.density <= 1, "R03",
            "worker: ", view.name(), " says that it read ", samples, " samples and kept ",
            upload.result.density, " of the weights, which does not fit the rest: run `lipt worker` again");
}

/// The facts and what they say of the cost. errors: R03
json read_facts(const sealed_view &view, worker_upload &upload) {
    try {
        json facts = json::parse(view.text_of("facts"));
        upload.cost = cost_from_json(facts.at("cost"));
        upload.result.density = facts.at("density").get<double>();
        upload.result.loss = facts.at("loss").get<double>();
        upload.result.samples = facts.at("samples").get<std::size_t>();
        facts.at("size").get<std::size_t>(), facts.at("masked").get<bool>();
        check_facts(view, upload);
        return facts;
    } catch (const json::exception &) {
        fail("R03", "worker: ", view.name(), " has damaged metadata: run `lipt worker` again");
    }
}

} // namespace

std::string fingerprint_of(std::span<const float> weights) { return checksum_of(std::as_bytes(weights)); }

std::string pack_worker(const worker_upload &upload, const network_spec &spec,
                        const upload_identity &identity) {
    const auto &result = upload.result;
    check_state(spec, result.weights);
    std::vector<named_tensor> tensors;
    packed_weights packed;
    if (result.keep_mask.empty()) {
        tensors.push_back(named_tensor::of<float>("values", {result.weights.size()}, result.weights));
    } else {
        packed = pack_mask(result.weights, result.keep_mask);
        tensors.push_back(named_tensor::of<float>("values", {packed.kept.size()}, packed.kept));
        tensors.push_back(named_tensor::of<std::uint8_t>("keep_mask", {packed.bits.size()}, packed.bits));
    }
    return pack_sealed(tensors,
                       {{"config", identity.config},
                        {"theta_star", identity.theta_star},
                        {"lipt", LIPT_VERSION},
                        {"network", spec.name},
                        {"worker", std::to_string(identity.worker)},
                        {"facts", facts_of(upload).dump()}},
                       text("worker ", identity.worker));
}

worker_upload parse_worker(std::span<const std::byte> file, std::string_view name, const network_spec &spec,
                           const upload_identity &identity) {
    const sealed_view view(file, name);
    check_identity(view, identity);
    worker_upload upload;
    const json facts = read_facts(view, upload);
    const auto size = facts.at("size").get<std::size_t>();
    require(size == spec.state_size(), "R07", "worker: ", name, " holds ", size, " weights, expected ",
            spec.state_size(), " for ", spec.name, ": it was trained with another network");
    if (facts.at("masked").get<bool>()) {
        packed_weights packed{.size = size};
        packed.bits = view.values<std::uint8_t>("keep_mask", (size + 7) / 8);
        packed.kept = view.values<float>("values", view.count<float>("values"));
        auto unpacked = unpack_mask(packed);
        upload.result.weights = std::move(unpacked.weights);
        upload.result.keep_mask = std::move(unpacked.keep);
    } else {
        upload.result.weights = view.values<float>("values", size);
    }
    check_state(spec, upload.result.weights);
    return upload;
}

} // namespace lipt::adapters
