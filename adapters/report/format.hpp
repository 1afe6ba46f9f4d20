// Numbers as people read them, and values out of JSON that may not hold them.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace lipt::adapters::report {

/// 0.8716 -> "87.2%"
std::string percent(double share, int digits = 1);
/// 0.021 -> "2.1 points"
std::string points(double share);
/// 0 -> "0 s", 3.14 -> "3.1 s", 75 -> "75 s", 320 -> "5 min 20 s", 4000 -> "1 h 07 min"
std::string duration(double seconds);
/// 60000 -> "60,000", from ten millions on "12.3 M"
std::string count(double number);
/// 1536 -> "1.5 KiB", 0 -> "0"
std::string data_size(double bytes);
/// A JSON value in one line; strings without quotes, lists with commas.
std::string plain(const nlohmann::json &value);
/// "one value" or "3 values"
std::string counted(double number, const std::string &singular);

/// The value at a JSON pointer, or null where there is none.
const nlohmann::json *find_at(const nlohmann::json &model, const char *pointer);
/// The finite number there, if there is one.
std::optional<double> number_at(const nlohmann::json &model, const char *pointer);
/// The text there, or "".
std::string text_at(const nlohmann::json &model, const char *pointer);
/// Whether true stands there.
bool flag_at(const nlohmann::json &model, const char *pointer);
/// The list there, or an empty one.
const nlohmann::json &list_at(const nlohmann::json &model, const char *pointer);

} // namespace lipt::adapters::report
