#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/run_json.hpp>

namespace lipt::adapters {

using nlohmann::json;

json read_json(const std::filesystem::path &path) {
    const mapped_file file(path);
    const auto *first = reinterpret_cast<const char *>(file.bytes().data());
    json parsed = json::parse(first, first + file.bytes().size(), nullptr, false);
    require(!parsed.is_discarded(), "R03", "run: ", path.string(),
            " is not JSON: the file is damaged; delete it to have it made again, or if it is config.json, "
            "start the "
            "run in another directory");
    return parsed;
}

void write_json(const std::filesystem::path &path, const json &content) {
    // What others have printed may be in any encoding.
    write_file(path, content.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

json to_json(const stage_cost &cost) {
    json all{{"name", cost.name},
             {"wall_s", cost.wall_s},
             {"cpu_s", cost.cpu_s},
             {"samples_read", cost.samples_read},
             {"forward", cost.forward},
             {"backward", cost.backward},
             {"bytes_to_workers", cost.bytes_to_workers},
             {"bytes_from_workers", cost.bytes_from_workers},
             {"peak_mib", cost.peak_mib}};
    if (cost.begun_s > 0) all["begun_s"] = cost.begun_s;
    return all;
}

stage_cost cost_from_json(const json &j) {
    return {.name = j.value("name", ""),
            .wall_s = j.value("wall_s", 0.0),
            .cpu_s = j.value("cpu_s", 0.0),
            .begun_s = j.value("begun_s", 0.0),
            .samples_read = j.value("samples_read", std::uint64_t{0}),
            .forward = j.value("forward", std::uint64_t{0}),
            .backward = j.value("backward", std::uint64_t{0}),
            .bytes_to_workers = j.value("bytes_to_workers", std::uint64_t{0}),
            .bytes_from_workers = j.value("bytes_from_workers", std::uint64_t{0}),
            .peak_mib = j.value("peak_mib", 0.0)};
}

json to_json(const merge_report &report) {
    json ingredients = json::array(), refused = json::array();
    for (std::size_t i = 0; i < report.ingredients.size(); ++i) {
        const auto &one = report.ingredients[i];
        ingredients.push_back({{"order", i + 1},
                               {"worker", one.worker},
                               {"density", report.densities[i]},
                               {"accuracy", one.score_alone},
                               {"alpha", one.alpha},
                               {"before", one.before},
                               {"after", one.after},
                               {"kept", one.kept},
                               {"reason", one.reason}});
    }
    for (const auto &one : report.refused)
        refused.push_back({{"worker", one.worker}, {"reason", one.reason}});
    return {{"version", 1},
            {"method", report.options.method == soup_method::greedy ? "greedy" : "uniform"},
            {"round", report.round},
            {"rounds", report.rounds},
            {"theta_star_accuracy", report.theta_star_accuracy},
            {"accuracy", report.accuracy},
            {"scored_images", report.scored_images},
            {"evaluations", report.evaluations},
            {"ingredients", std::move(ingredients)},
            {"refused", std::move(refused)}};
}

json to_json(const worker_stage &stage) {
    const auto of = [](const traffic &moved) {
        return json{{"bytes", moved.bytes}, {"messages", moved.messages}};
    };
    return {{"workers", stage.workers},
            {"uploads", stage.uploads},
            {"steps_a_worker", stage.steps},
            {"bytes_to_workers", stage.to_workers},
            {"bytes_from_workers", stage.from_workers},
            {"lipt", of(lipt_traffic(stage))},
            {"full_data", of(full_data_traffic(stage))},
            {"synchronous_sgd", of(synchronous_traffic(stage))}};
}

json to_json(const trial_report &report) {
    json trials = json::array();
    for (const auto &one : report.records) {
        trials.push_back({{"candidate", one.candidate},
                          {"rung", one.rung},
                          {"samples", one.samples},
                          {"accuracy", one.accuracy},
                          {"ahead", one.ahead},
                          {"error", one.error}});
    }
    return {{"version", 1},
            {"chosen", report.chosen},
            {"baseline", report.baseline},
            {"rival", report.rival},
            {"ahead", report.ahead},
            {"error", report.error},
            {"scored_images", report.scored},
            {"trials", std::move(trials)}};
}

json to_json(const std::string &stage, const epoch_record &record) {
    json line = {{"event", "epoch"},
                 {"stage", stage},
                 {"epoch", record.report.epoch},
                 {"loss", record.report.loss},
                 {"learning_rate", record.report.learning_rate},
                 {"samples", record.report.samples},
                 {"wall_s", record.wall_s}};
    if (record.accuracy) line["accuracy"] = *record.accuracy;
    return line;
}

epoch_record epoch_from_json(const json &j) {
    epoch_record record{.report = {.epoch = j.value("epoch", std::size_t{0}),
                                   .loss = j.value("loss", 0.0),
                                   .learning_rate = j.value("learning_rate", 0.0f),
                                   .samples = j.value("samples", std::size_t{0})},
                        .wall_s = j.value("wall_s", 0.0)};
    if (j.contains("accuracy")) record.accuracy = j.value("accuracy", 0.0);
    return record;
}

} // namespace lipt::adapters
