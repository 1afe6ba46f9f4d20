// A method with its options under one name, as settings, candidates and reports have it.
#pragma once

#include <lipt/select/methods.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace lipt {

/// "facility-location", or a scorer and the sampler that picks by its scores: "el2n/ccs". After a colon a
/// sampler may have a value of its first setting: "el2n/ccs:0.6" (cutoff), "el2n/d2:10" (neighbours),
/// "el2n/beta:8" (concentration).
struct named_method {
    std::string name{};
    method_info info{};
    select_options options{};
};

namespace detail {

/// Sets a sampler's first setting. errors: C40 not a number, or a sampler that has none; C17
inline void set_sampler(sampler_options &sampler, const std::string &name, const std::string &value) {
    char *end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    const bool is_number = !value.empty() && *end == '\0' && std::isfinite(number);
    require(is_number && sampler.kind != sampler_kind::top_k, "C40", "select: '", value, "' in '", name,
            "': after a colon stands the cutoff of ccs, the neighbours of d2 or the concentration of beta");
    if (sampler.kind == sampler_kind::ccs) sampler.ccs.cutoff = number;
    if (sampler.kind == sampler_kind::beta) sampler.beta.concentration = number;
    if (sampler.kind == sampler_kind::d2) {
        require(number >= 1 && number <= 1e6 && number == std::floor(number), "C17", "d2: ", number,
                " neighbours, expected a whole number of 1 to 1,000,000");
        sampler.d2.neighbours = static_cast<std::size_t>(number);
    }
    check(sampler.ccs);
    check(sampler.beta);
}

} // namespace detail

/// The method of that name; a sampler in the name replaces that of the options, and so does its setting.
/// errors: C01 unknown method, C40 unknown sampler, or one for a method that does not score; C17 its setting
inline named_method method_of(const std::string &name, const select_options &options) {
    const std::size_t slash = name.find('/');
    named_method found{.name = name, .info = find_method(name.substr(0, slash)), .options = options};
    if (slash == std::string::npos) return found;
    constexpr std::pair<std::string_view, sampler_kind> samplers[] = {{"top-k", sampler_kind::top_k},
                                                                      {"ccs", sampler_kind::ccs},
                                                                      {"d2", sampler_kind::d2},
                                                                      {"beta", sampler_kind::beta}};
    const std::size_t colon = std::min(name.find(':', slash), name.size());
    const auto wanted = std::string_view(name).substr(slash + 1, colon - slash - 1);
    const auto *known = std::find_if(std::begin(samplers), std::end(samplers),
                                     [&](const auto &one) { return one.first == wanted; });
    require(known != std::end(samplers) && found.info.scorer, "C40", "select: there is no '", name,
            "': after a slash stands top-k, ccs, d2 or beta, for a method that scores");
    found.options.sampler.kind = known->second;
    if (colon < name.size()) detail::set_sampler(found.options.sampler, name, name.substr(colon + 1));
    return found;
}

/// Whether another seed may give another choice.
inline bool draws_by_chance(const named_method &method) {
    const auto sampler = method.options.sampler.kind;
    return method.info.chance || method.options.submodular.greedy == greedy_kind::stochastic ||
           (method.info.scorer && (sampler == sampler_kind::ccs || sampler == sampler_kind::beta));
}

} // namespace lipt
