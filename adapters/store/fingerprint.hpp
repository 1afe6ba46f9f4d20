// What tells one stored array from another without reading gigabytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace lipt::adapters {

/// XXH3 of a file's length and content, 16 hexadecimal digits. Up to 16 MiB the whole content counts; beyond
/// that 256 parts of 64 KiB at even distances, the first and the last bytes among them. So another array,
/// type, shape or order of the samples is told apart, and a change to a few values of a large array only
/// where it meets one of the parts; who must see those too compares the time of the last change as well.
/// cost: reads at most 16 MiB
std::string sampled_fingerprint(std::span<const std::byte> content);

} // namespace lipt::adapters
