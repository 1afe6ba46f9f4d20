// What a method will cost before it runs: its formula, as its header states it, in numbers.
#pragma once

#include <lipt/select/selection.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace lipt::arrays {

/// One pool as a method will see it.
struct pool_shape {
    std::size_t samples = 0, quota = 0, classes = 0, width = 0;
    std::size_t validation = 0; ///< samples of the validation set in this pool
};

/// Whether a method keeps the similarities that it uses, computes them whenever it needs them, or keeps those
/// to each sample's nearest alone.
enum class similarities : std::uint8_t { none, kept, recomputed, sparse };

/// Work of one method on one pool, beyond reading it. Products of two matrices run at the processor's peak;
/// a sweep uses each number once, so that memory sets its pace.
struct method_cost {
    double product_flops = 0;
    double sweep_bytes = 0;
    double scalar_flops = 0; ///< in double, on one thread
    double bytes = 0;        ///< at the peak, beyond the pool's gradients
    similarities kept = similarities::none;

    method_cost &operator+=(const method_cost &other);
};

/// Whether a method can keep each sample's nearest similarities alone.
bool keeps_nearest(std::string_view method) noexcept;

/// The cost of a method by its name; nothing where it is not known here.
std::optional<method_cost> cost_of(std::string_view method, const pool_shape &pool,
                                   const select_options &options);

} // namespace lipt::arrays
