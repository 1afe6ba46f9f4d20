// What moves between machines in the worker stage, and what two other ways to do the same training would
// move.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/run/costs.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

namespace lipt {

/// units: bytes, and messages of whatever length
struct traffic {
    std::uint64_t bytes = 0, messages = 0;
};

/// The worker stage of a run, as it was counted.
struct worker_stage {
    std::size_t workers = 0;                        ///< n: of the round in which most did their work
    std::size_t uploads = 0;                        ///< in all rounds
    std::size_t steps = 0;                          ///< of one worker, in all rounds
    std::uint64_t to_workers = 0, from_workers = 0; ///< bytes of all together
    std::uint64_t state = 0;                        ///< bytes of a model: parameters and statistics
    std::uint64_t gradient = 0;                     ///< bytes of a gradient: a value a parameter
    std::uint64_t data = 0;                         ///< bytes of the whole training set, pixels and labels
};

/// A worker stage out of its cost. shapes: batch_size B, data the training set (N), worked: the workers of
/// each round that did their work
inline worker_stage worker_stage_of(const network_spec &spec, const image_set &data, std::size_t batch_size,
                                    std::span<const std::size_t> worked, const stage_cost &local) {
    const std::size_t workers = worked.empty() ? 0 : *std::max_element(worked.begin(), worked.end());
    const std::size_t a_step = workers * batch_size;
    return {.workers = workers,
            .uploads = std::accumulate(worked.begin(), worked.end(), std::size_t{0}),
            .steps = a_step == 0 ? 0 : static_cast<std::size_t>((local.backward + a_step - 1) / a_step),
            .to_workers = local.bytes_to_workers,
            .from_workers = local.bytes_from_workers,
            .state = spec.state_size() * sizeof(float),
            .gradient = spec.parameter_count() * sizeof(float),
            .data = data.size() * (data.shape.size() + sizeof(std::int32_t))};
}

/// LiPT: the common start and a shard to each worker of each round, a masked model back; nothing between
/// workers.
inline traffic lipt_traffic(const worker_stage &stage) {
    return {.bytes = stage.to_workers + stage.from_workers, .messages = 3 * stage.uploads};
}

/// The same with the whole data set sent once to each worker in place of its shards.
inline traffic full_data_traffic(const worker_stage &stage) {
    return {.bytes = stage.uploads * stage.state + stage.workers * stage.data + stage.from_workers,
            .messages = 2 * stage.uploads + stage.workers};
}

/// Synchronous data-parallel training on the same shards for as many steps: start and shards as with LiPT,
/// one model back, and at each step a ring all-reduce of the gradients, which no other way undercuts: each
/// worker sends 2(n-1) messages of an n-th of a gradient. source: [Patarasuk2009] Section 3
inline traffic synchronous_traffic(const worker_stage &stage) {
    if (stage.workers == 0) return {};
    const std::uint64_t sends = 2 * (stage.workers - 1) * stage.steps;         // of one worker
    const std::uint64_t again = (stage.uploads - stage.workers) * stage.state; // starts of later rounds
    return {.bytes =
                stage.to_workers - std::min(stage.to_workers, again) + stage.state + sends * stage.gradient,
            .messages = 2 * stage.workers + 1 + sends * stage.workers};
}

} // namespace lipt
