#include <lipt/adapters/arrays/notices.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace lipt::arrays {
namespace {

/// The first few of a list, and how many more there are.
template <class Value>
std::string some_of(std::span<const Value> values) {
    constexpr std::size_t most = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, values.size()); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", values[i]);
    return values.size() > most ? fmt::format("{} and {} more", text, values.size() - most) : text;
}

} // namespace

std::string lost_classes_notice(std::span<const std::size_t> lost) {
    if (lost.empty()) return "";
    return fmt::format(
        "no sample is kept of {} {} ({}): at-least-one keeps one of each, or raise the fraction", lost.size(),
        lost.size() == 1 ? "class" : "classes", some_of(lost));
}

std::string zero_weights_notice(std::span<const float> weights) {
    const auto zeros = std::count(weights.begin(), weights.end(), 0.0f);
    if (zeros == 0) return "";
    if (static_cast<std::size_t>(zeros) == weights.size())
        return "all weights are 0, since every gradient is: a weighted loss would learn nothing";
    return fmt::format("{} of {} kept samples weigh 0: a weighted loss passes over them", zeros,
                       weights.size());
}

std::string emptied_notice(std::size_t worker, std::span<const std::string> tensors) {
    if (tensors.empty()) return "";
    return fmt::format(
        "worker {}: nothing is kept of {}, so that nothing passes through: raise the lowest density", worker,
        some_of(tensors));
}

} // namespace lipt::arrays
