// What a selection from stored arrays will take, before it is paid for.
#pragma once

#include <lipt/adapters/arrays/cost.hpp>
#include <lipt/adapters/arrays/sample_outputs.hpp>
#include <lipt/chosen.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lipt::arrays {

/// The sum over all pools.
struct selection_estimate {
    bool known = false; ///< whether the method's cost is
    double bytes = 0;   ///< resident at the peak; without the method's own where not known
    std::size_t kept = 0, recomputed = 0, sparse = 0; ///< pools whose similarities are
    std::size_t rows = 0;                             ///< to read from disk
    std::size_t largest = 0;                          ///< samples of the largest pool
    method_cost work{};
};

/// From shapes alone. cost: O(pools)
selection_estimate estimate_selection(std::string_view method, std::span<const pool_shape> pools,
                                      const sample_outputs &outputs, const select_options &options);

using chosen_tensor = std::remove_const_t<decltype(chosen::make_tensor({}))>;

/// What this machine does in a second, on the threads or the device of a tensor backend.
struct machine_rates {
    double rows = 0;          ///< read, converted and made gradients of
    double product_flops = 0; ///< matrix times matrix
    double sweep_bytes = 0;   ///< matrix times vector
    double scalar_flops = 0;  ///< dot products in double
};

/// Measured on rows of the largest pool, of so many samples, for some seconds in all. errors: as
/// npy_rows::read
machine_rates measure_rates(const chosen_tensor &tensor, const sample_outputs &outputs, std::size_t largest);

/// Seconds that the estimate takes at these rates.
double seconds_of(const selection_estimate &estimate, const machine_rates &rates);

} // namespace lipt::arrays
