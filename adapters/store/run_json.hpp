// The pipeline's values as JSON, and back.
#pragma once

#include <lipt/run/store.hpp>
#include <lipt/run/traffic.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// A JSON file. errors: F01 cannot be read, R03 not JSON
nlohmann::json read_json(const std::filesystem::path &path);
/// Calls `read`, which takes fields out of JSON of this file. errors: R03 a field that is missing or of
/// another type
template <class Read>
decltype(auto) read_fields(const std::filesystem::path &path, Read &&read) {
    try {
        return read();
    } catch (const nlohmann::json::exception &wrong) {
        // Its own words begin with an id in brackets.
        const std::string_view words = wrong.what();
        fail("R03", "run: ", path.string(), " lacks a field or has one of another type (",
             words.substr(std::min(words.size(), words.find("] ") + 2)),
             "): the file is damaged; delete it and start that stage again");
    }
}
/// Writes indented JSON atomically. errors: F02
void write_json(const std::filesystem::path &path, const nlohmann::json &content);

nlohmann::json to_json(const stage_cost &cost);
stage_cost cost_from_json(const nlohmann::json &json);
nlohmann::json to_json(const merge_report &report);
/// The traffic of a worker stage, beside that of two other ways.
nlohmann::json to_json(const worker_stage &stage);
nlohmann::json to_json(const trial_report &report);
/// One line of metrics.jsonl.
nlohmann::json to_json(const std::string &stage, const epoch_record &record);
epoch_record epoch_from_json(const nlohmann::json &json);

} // namespace lipt::adapters
