// A selection whose arrays are open and held against each other, before anything is computed.
#pragma once

#include <lipt/adapters/arrays/estimate.hpp>
#include <lipt/adapters/arrays/report.hpp>
#include <lipt/adapters/arrays/sample_outputs.hpp>
#include <lipt/adapters/arrays/select.hpp>
#include <lipt/select/named_method.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::arrays {

/// Whether a method makes use of scores besides what it looks at, so that they replace none of its own.
bool takes_scores(std::string_view method);

/// The method asked for, with its options; with scores given a scorer whose rating they replace. Without
/// logits the similarities of a set function are those of the embeddings. errors: as lipt::method_of
named_method method_asked(const select_request &request);

/// That something reads every option that was changed. errors: U49
void check_options(const select_request &request, const named_method &method);

/// That the arrays are there which the method looks at. errors: U23, U26
void check_arrays(const select_request &request, const named_method &method);

/// A selection whose arrays are open: how it is cut into pools.
struct opened_selection {
    const select_request &request;
    const named_method &method;
    sample_outputs outputs{};
    std::optional<sample_outputs> validation{};
    std::optional<array_rows> last_layer{};
    std::optional<given_scores> scores{};
    std::vector<std::size_t> counts{}, validation_counts{}; ///< a class
    double fraction = 0;
    bool per_class = false;   ///< how the method picks
    bool rates_first = false; ///< its ratings are made class by class, then ranked at once
    std::vector<std::size_t> quotas{};
};

/// errors: U26, U30, C30, C31, C32, C44 and as array_rows
opened_selection open_selection(const select_request &request, const named_method &method);

/// What was given, by name, for a report.
named_arrays arrays_of(const opened_selection &opened);

/// What it will take, from shapes alone.
selection_estimate estimate_of(const opened_selection &opened);

/// Bytes of memory that this machine has.
double machine_bytes();

/// errors: U33 more than there is
void require_memory(const selection_estimate &estimate, const opened_selection &opened);

/// errors: C43 nearest similarities of a pool do not fit
void check_sparse_pools(const opened_selection &opened);

/// What a person should hear before it is computed.
std::vector<std::string> notices_before(const opened_selection &opened);

} // namespace lipt::arrays
