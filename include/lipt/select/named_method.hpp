// A method with its options under one name, as settings, candidates and reports have it.
#pragma once

#include <lipt/select/methods.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace lipt {

/// "facility-location", or a scorer and the sampler that picks by its scores: "el2n/ccs". After a colon a
/// sampler may have a value of its first setting: "el2n/ccs:0.6" (cutoff), "el2n/d2:10" (neighbours),
/// "el2n/beta:8" (concentration).
struct named_method {
    std::string name{};
    method_info info{};
    select_options options{};
};

/// The parts of a method's name; views of it. "el2n/ccs:0.6": el2n, ccs and 0.6.
struct method_name {
    std::string_view method{}, sampler{}, setting{}; ///< the latter two empty where the name has none
    bool has_sampler = false, has_setting = false;
};

/// Takes a name apart, whether there is such a method or not: the only reader of that form.
constexpr method_name parts_of(std::string_view name) noexcept {
    const auto slash = std::min(name.find('/'), name.size());
    method_name parts{.method = name.substr(0, slash), .has_sampler = slash < name.size()};
    if (!parts.has_sampler) return parts;
    const auto rest = name.substr(slash + 1);
    const auto colon = std::min(rest.find(':'), rest.size());
    parts.sampler = rest.substr(0, colon);
    parts.has_setting = colon < rest.size();
    if (parts.has_setting) parts.setting = rest.substr(colon + 1);
    return parts;
}

/// The word of a sampler.
constexpr std::string_view word_of(sampler_kind kind) noexcept {
    for (const auto &[word, value] : sampler_words) {
        if (value == kind) return word;
    }
    return "";
}

/// The option of a sampler that a method's name may give after a colon; empty where it has none.
constexpr std::string_view first_option(std::string_view sampler) noexcept {
    return sampler == "ccs"    ? "ccs-cutoff"
           : sampler == "d2"   ? "d2-neighbours"
           : sampler == "beta" ? "beta-concentration"
                               : "";
}

namespace detail {

/// Sets a sampler's first setting. errors: C40 not a number, or a sampler that has none; C17
inline void set_sampler(sampler_options &sampler, const std::string &name, const std::string &value) {
    double number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = code == std::errc{} && end == value.data() + value.size() && std::isfinite(number);
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

/// The name by which settings leave the choice of a method to trials.
inline constexpr std::string_view automatic = "auto";

/// The method of that name; a sampler in the name replaces that of the options, and so does its setting.
/// errors: C01 unknown method, C40 unknown sampler, or one for a method that does not score; C17 its setting;
/// C50 auto
inline named_method method_of(const std::string &name, const select_options &options) {
    require(
        name != automatic, "C50",
        "select: 'auto' tries methods by short trainings, which needs a trainer: choose a method, or run the "
        "whole pipeline");
    const auto parts = parts_of(name);
    named_method found{.name = name, .info = find_method(parts.method), .options = options};
    if (!parts.has_sampler) return found;
    const auto *known = std::find_if(std::begin(sampler_words), std::end(sampler_words),
                                     [&](const auto &one) { return one.first == parts.sampler; });
    require(known != std::end(sampler_words) && found.info.scorer, "C40", "select: there is no '", name,
            "': after a slash stands top-k, ccs, d2 or beta, for a method that scores");
    found.options.sampler.kind = known->second;
    if (parts.has_setting) detail::set_sampler(found.options.sampler, name, std::string(parts.setting));
    return found;
}

/// Whether another seed may give another choice.
inline bool draws_by_chance(const named_method &method) {
    const auto sampler = method.options.sampler.kind;
    return method.info.chance || method.options.submodular.greedy == greedy_kind::stochastic ||
           (method.info.scorer && (sampler == sampler_kind::ccs || sampler == sampler_kind::beta));
}

/// Selects with the method of that name: "craig", "el2n/ccs:0.6".
/// errors: as method_of; C02 to C08 what the problem lacks, D04 fraction outside (0,1], and the method's own
template <tensor_backend Tensor>
selection select(const Tensor &tensor, std::string_view name, const selection_problem<Tensor> &problem,
                 const select_options &options = {}) {
    const auto method = method_of(std::string(name), options);
    return all_methods::select(tensor, method.info.name, problem, method.options);
}

} // namespace lipt
