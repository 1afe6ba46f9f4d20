// How every command reads a value that was given as text: a whole number has no sign, and nothing follows it.
#pragma once

#include <lipt/error.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <type_traits>

namespace lipt::adapters {

/// The value of the flag --`name`. errors: U03 not a value of its kind
template <class Value>
Value parse_value(const std::string &name, const std::string &given) {
    if constexpr (std::is_same_v<Value, std::string>) {
        return given;
    } else if constexpr (std::is_same_v<Value, bool>) {
        if (given == "true" || given == "1" || given == "on" || given == "yes") return true;
        if (given == "false" || given == "0" || given == "off" || given == "no") return false;
        fail("U03", "settings: --", name, " is '", given, "', expected true or false");
    } else {
        Value value{};
        const auto [end, code] = std::from_chars(given.data(), given.data() + given.size(), value);
        bool fits = code == std::errc{} && end == given.data() + given.size();
        if constexpr (std::is_floating_point_v<Value>) fits = fits && std::isfinite(value);
        require(fits, "U03", "settings: --", name, " is '", given, "', expected a ",
                std::is_floating_point_v<Value> ? "number" : "whole number of 0 or more");
        return value;
    }
}

/// Adds the option --`name` for a whole number, which must outlive the command. errors, while it is parsed:
/// U03
template <class Count>
CLI::Option *add_count(CLI::App &command, const std::string &name, Count &count, const std::string &help) {
    static_assert(std::is_unsigned_v<Count>);
    return command
        .add_option_function<std::string>(
            "--" + name,
            [name, &count](const std::string &given) { count = parse_value<Count>(name, given); }, help)
        ->default_str(std::to_string(count))
        ->type_name("COUNT");
}

} // namespace lipt::adapters
