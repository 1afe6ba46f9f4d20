// What the samplers may be told: how the ratings of a scorer become a subset.
#pragma once

#include <lipt/describe.hpp>
#include <lipt/error.hpp>

#include <cstddef>
#include <cstdint>

namespace lipt {

/// How a scorer's ratings become a subset.
enum class sampler_kind : std::uint8_t { top_k, ccs, d2, beta };

/// Coverage-centric strata. source: [Zheng2023] Algorithm 1
struct ccs_options {
    double cutoff = 0.3;     ///< share of the pool with the highest scores that is left out
    std::size_t strata = 50; ///< of equal width between the lowest and the highest score left
};

/// Messages over a nearest-neighbour graph. source: [Maharana2024] Section 3
struct d2_options {
    std::size_t neighbours = 5;
    float forward = 1.0f; ///< gamma_f: decay with squared distance of what neighbours add to a score
    float reverse = 0.5f; ///< gamma_r: decay of what a pick takes from its neighbours
    float unit = 0.0f;    ///< the distance that counts as 1; 0 takes the root mean square of the graph's own
};

/// A Beta density over difficulty that grows harder with the budget. source: [Acharya2024], [Cho2025]
struct beta_options {
    double concentration = 16.0; ///< alpha + beta, at least 2
    double exponent = 4.0;       ///< c of 1 - r^c, where r is the share left out
};

/// How scorers pick; read by every method whose method_info::scorer is set.
struct sampler_options {
    sampler_kind kind = sampler_kind::top_k;
    ccs_options ccs{};
    d2_options d2{};
    beta_options beta{};
};

/// The words of the samplers, as methods' names have them as well: "el2n/ccs".
inline constexpr option_word<sampler_kind> sampler_words[] = {{"top-k", sampler_kind::top_k},
                                                              {"ccs", sampler_kind::ccs},
                                                              {"d2", sampler_kind::d2},
                                                              {"beta", sampler_kind::beta}};

/// The options of the samplers, one after the other: see option_about.
template <class Visit>
void describe(sampler_options &o, Visit &&visit) {
    visit({"sampler", "", "",
           "how methods that score pick: the highest, strata of scores, over a graph, by a Beta density"},
          o.kind, sampler_words);
    visit({"ccs-cutoff", "from 0 to below 1", "ccs", "share with the highest scores that CCS leaves out"},
          o.ccs.cutoff);
    visit({"ccs-strata", "1 to 1,000,000", "ccs", "strata of CCS"}, o.ccs.strata);
    visit({"d2-neighbours", "1 to 1,000,000", "d2", "neighbours in the graph of D2"}, o.d2.neighbours);
    visit({"d2-forward", "at least 0", "d2", "decay with the squared distance of what D2's neighbours add"},
          o.d2.forward);
    visit({"d2-reverse", "at least 0", "d2", "decay with the squared distance of what D2's picks take away"},
          o.d2.reverse);
    visit({"d2-unit", "at least 0", "d2",
           "distance that counts as 1 for D2; 0: the root mean square of the graph's own"},
          o.d2.unit);
    visit({"beta-concentration", "at least 2", "beta", "alpha + beta of the Beta density"},
          o.beta.concentration);
    visit({"beta-exponent", "above 0", "beta", "how fast the Beta density grows easier with less kept"},
          o.beta.exponent);
}

/// errors: C17
inline void check(const ccs_options &options) {
    require(options.cutoff >= 0 && options.cutoff < 1 && options.strata > 0 && options.strata <= 1'000'000,
            "C17", "ccs: a cutoff of ", options.cutoff, " and ", options.strata,
            " strata, expected from 0 to below 1 and 1 to 1,000,000");
}

/// errors: C17
inline void check(const d2_options &options) {
    require(options.neighbours > 0 && options.forward >= 0 && options.reverse >= 0 && options.unit >= 0,
            "C17", "d2: ", options.neighbours, " neighbours, decays of ", options.forward, " and ",
            options.reverse, " and a unit of ", options.unit, ", expected at least one and none below 0");
}

/// errors: C17
inline void check(const beta_options &options) {
    require(options.concentration >= 2 && options.exponent > 0, "C17", "beta: a concentration of ",
            options.concentration, " and an exponent of ", options.exponent,
            ", expected at least 2 and above 0");
}

} // namespace lipt
