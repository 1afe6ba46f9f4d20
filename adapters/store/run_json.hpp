// The pipeline's values as JSON, and back.
#pragma once

#include <lipt/store.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <vector>

namespace lipt::adapters {

/// A JSON file. errors: F01 cannot be read, R03 not JSON
nlohmann::json read_json(const std::filesystem::path &path);
/// Writes indented JSON atomically. errors: F02
void write_json(const std::filesystem::path &path, const nlohmann::json &content);

nlohmann::json to_json(const stage_cost &cost);
stage_cost cost_from_json(const nlohmann::json &json);
nlohmann::json to_json(const merge_report &report);
nlohmann::json to_json(const trial_report &report);
/// One line of metrics.jsonl.
nlohmann::json to_json(const std::string &stage, const epoch_record &record);
epoch_record epoch_from_json(const nlohmann::json &json);

} // namespace lipt::adapters
