#include <lipt/adapters/cli/network_words.hpp>
#include <lipt/error.hpp>

#include <algorithm>

namespace lipt::adapters {
namespace {

/// 11173962 -> "11,173,962"
std::string grouped(std::size_t number) {
    auto digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

bool has(const network_spec &spec, layer_kind kind) {
    return std::any_of(spec.layers.begin(), spec.layers.end(),
                       [&](const layer &one) { return one.kind == kind; });
}

/// "3x3 stem" or "7x7 stem with stride 2 and max-pool"
std::string stem_of(const network_spec &spec) {
    const auto first = std::find_if(spec.layers.begin(), spec.layers.end(),
                                    [](const layer &one) { return one.kind == layer_kind::convolution; });
    if (first == spec.layers.end()) return "no stem";
    auto words = text(first->kernel, "x", first->kernel, " stem");
    if (first->stride > 1) words += text(" with stride ", first->stride);
    return has(spec, layer_kind::max_pool) ? words + " and max-pool" : words;
}

} // namespace

std::size_t depth_of(const network_spec &spec) {
    // A Wide-ResNet's name counts the projections of its three groups and no last layer. Of width 1 the first
    // group needs no projection, and the name counts it all the same.
    const bool adds_first = has(spec, layer_kind::add);
    const auto counts = [&](const layer &one) {
        if (one.kind == layer_kind::linear) return !adds_first;
        if (one.kind != layer_kind::convolution) return false;
        const auto &name = spec.weights[one.weights].name;
        const bool shortcut =
            name.find("shortcut") != std::string::npos || name.find("downsample") != std::string::npos;
        return !shortcut;
    };
    const auto counted = std::count_if(spec.layers.begin(), spec.layers.end(), counts);
    return static_cast<std::size_t>(counted) + (adds_first ? 3 : 0);
}

std::string network_words(const network_spec &spec) {
    const auto parameters = grouped(spec.parameter_count()) + " parameters";
    if (!spec.module.empty()) return spec.name + " (TorchScript, " + parameters + ")";
    const char *others =
        spec.name == "resnet18" ? "; the form for 32x32 images, that for 224x224 is resnet18-224" : "";
    return text(spec.name, " (", stem_of(spec), ", depth ", depth_of(spec), ", ", parameters, others, ")");
}

} // namespace lipt::adapters
