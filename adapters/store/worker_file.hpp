// What a worker sends back, as one file: made again anywhere and at any time, it has the same bytes.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/run/store.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lipt::adapters {

/// Fingerprint of weights, 16 hexadecimal digits: XXH3 of their values.
std::string fingerprint_of(std::span<const float> weights);

/// What an upload says it belongs to; one that says anything else is not merged.
struct upload_identity {
    std::size_t worker = 0;
    std::string config;     ///< fingerprint of the run's settings and data
    std::string theta_star; ///< fingerprint of the weights that the worker began with
};

/// An upload as a sealed safetensors file in memory: "keep_mask" (one bit a weight, U8) and "values" (the
/// kept ones, F32), or all values where there is no mask. Metadata: config, theta_star, worker, network, and
/// facts: size, density, loss, samples seen and cost, without times and memory. errors: T01, T02 as
/// check_state
std::string pack_worker(const worker_upload &upload, const network_spec &spec,
                        const upload_identity &identity);

/// An upload out of its file; every size is checked before memory is taken for it. `name` is what errors call
/// it. errors: F20 to F23, F27 as sealed_view; R03 facts that are not those of an upload, R05 of another
/// config, R11 from another theta_star, R07 of another network, R08 of another worker, P06 a mask that does
/// not fit its values, T02 NaN or infinity
worker_upload parse_worker(std::span<const std::byte> file, std::string_view name, const network_spec &spec,
                           const upload_identity &identity);

} // namespace lipt::adapters
