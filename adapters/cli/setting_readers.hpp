// Which settings something reads: one that was given and that nothing reads was meant for something else.
#pragma once

#include <lipt/adapters/cli/settings.hpp>

#include <string>
#include <string_view>

namespace lipt::adapters {

/// A selection method as it was asked for. Views are of the text it was made from.
struct asked_method {
    std::string_view name;    ///< "el2n/ccs:0.6"
    std::string_view method;  ///< "el2n"
    std::string_view sampler; ///< "ccs", of the name or of --sampler
    bool scorer = false;      ///< a sampler picks by its scores
    bool sampler_named = false;
    std::string_view named_setting{}; ///< of the sampler, that the name gives: "ccs-cutoff"
};

/// Takes a method's name apart; `sampler` is that of --sampler. scores: given from elsewhere, under any name.
/// errors: C01 unknown method
asked_method take_apart(std::string_view name, std::string_view sampler, bool scores = false);

/// Who reads the setting of a selection method, by name and with spaces between; empty where that depends on
/// no method.
std::string_view method_readers(std::string_view setting);

/// Whether this method reads it, itself or by its sampler.
bool is_read_by(const asked_method &asked, std::string_view setting);

/// That everything reads what was given to a run (run_settings::given).
/// errors: U49 the first setting that nothing reads, and what would; C-ids of unknown methods
void check_readers(const run_settings &settings);

} // namespace lipt::adapters
