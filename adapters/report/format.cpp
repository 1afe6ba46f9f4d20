#include <lipt/adapters/report/format.hpp>

#include <fmt/format.h>

#include <cmath>

namespace lipt::adapters::report {

std::string percent(double share, int digits) { return fmt::format("{:.{}f}%", 100 * share, digits); }

std::string points(double share) {
    const std::string shown = fmt::format("{:.1f}", 100 * std::abs(share));
    return shown + (shown == "1.0" ? " point" : " points");
}

std::string duration(double seconds) {
    if (seconds < 0.05) return "0 s";
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<long>(std::lround(seconds));
    if (whole < 120) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string count(double number) {
    if (number >= 1e7) return fmt::format("{:.1f} M", number / 1e6);
    const std::string digits = fmt::format("{:.0f}", number);
    std::string grouped;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const bool boundary = i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0;
        if (boundary) grouped += ',';
        grouped += digits[i];
    }
    return grouped;
}

std::string data_size(double bytes) {
    if (bytes < 1) return "0";
    if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
    if (bytes < 1024.0 * 1024) return fmt::format("{:.1f} KiB", bytes / 1024);
    if (bytes < 1024.0 * 1024 * 1024) return fmt::format("{:.1f} MiB", bytes / 1024 / 1024);
    return fmt::format("{:.2f} GiB", bytes / 1024 / 1024 / 1024);
}

std::string plain(const nlohmann::json &value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
    if (!value.is_array()) return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string line;
    for (const auto &item : value) line += (line.empty() ? "" : ", ") + plain(item);
    return line;
}

std::string counted(double number, const std::string &singular) {
    if (number == 1) return "one " + singular;
    const bool whole = number == std::floor(number);
    return (whole ? count(number) : fmt::format("{:.4g}", number)) + " " + singular + "s";
}

const nlohmann::json *find_at(const nlohmann::json &model, const char *pointer) {
    const nlohmann::json::json_pointer at(pointer);
    return model.contains(at) ? &model.at(at) : nullptr;
}

std::optional<double> number_at(const nlohmann::json &model, const char *pointer) {
    const auto *value = find_at(model, pointer);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const auto number = value->get<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::string text_at(const nlohmann::json &model, const char *pointer) {
    const auto *value = find_at(model, pointer);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

bool flag_at(const nlohmann::json &model, const char *pointer) {
    const auto *value = find_at(model, pointer);
    return value != nullptr && *value == true;
}

const nlohmann::json &list_at(const nlohmann::json &model, const char *pointer) {
    static const nlohmann::json empty = nlohmann::json::array();
    const auto *value = find_at(model, pointer);
    return value != nullptr && value->is_array() ? *value : empty;
}

} // namespace lipt::adapters::report
