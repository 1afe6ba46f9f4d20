// A method with its options under one name, as settings, candidates and reports have it.
#pragma once

#include <lipt/select/methods.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace lipt {

/// "facility-location", or a scorer and the sampler that picks by its scores: "el2n/ccs".
struct named_method {
    std::string name;
    method_info info;
    select_options options;
};

/// The method of that name; a sampler in the name replaces that of the options.
/// errors: C01 unknown method, C40 unknown sampler, or one for a method that does not score
inline named_method method_of(const std::string &name, const select_options &options) {
    const std::size_t slash = name.find('/');
    named_method found{.name = name, .info = find_method(name.substr(0, slash)), .options = options};
    if (slash == std::string::npos) return found;
    constexpr std::pair<std::string_view, sampler_kind> samplers[] = {{"top-k", sampler_kind::top_k},
                                                                      {"ccs", sampler_kind::ccs},
                                                                      {"d2", sampler_kind::d2},
                                                                      {"beta", sampler_kind::beta}};
    const auto *known = std::find_if(std::begin(samplers), std::end(samplers), [&](const auto &one) {
        return one.first == std::string_view(name).substr(slash + 1);
    });
    require(known != std::end(samplers) && found.info.scorer, "C40", "select: there is no '", name,
            "': after a slash stands top-k, ccs, d2 or beta, for a method that scores");
    found.options.sampler.kind = known->second;
    return found;
}

/// Whether another seed may give another choice.
inline bool draws_by_chance(const named_method &method) {
    const auto sampler = method.options.sampler.kind;
    return method.info.chance || method.options.submodular.greedy == greedy_kind::stochastic ||
           (method.info.scorer && (sampler == sampler_kind::ccs || sampler == sampler_kind::beta));
}

} // namespace lipt
