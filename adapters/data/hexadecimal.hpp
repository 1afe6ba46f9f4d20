// Fingerprints as text.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace lipt::adapters {

/// 16 hexadecimal digits.
inline std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    const std::string number(digits.data(), end);
    return std::string(digits.size() - number.size(), '0') + number;
}

} // namespace lipt::adapters
