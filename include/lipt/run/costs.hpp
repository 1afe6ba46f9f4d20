// What a stage of a run cost, in the units that a table of methods compares.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace lipt {

/// What one stage cost. `forward` and `backward` count images through the network; `samples_read` images
/// read.
struct stage_cost {
    std::string name{}; ///< initialize, local, merge, features, select, train, or pretrain
    double wall_s = 0, cpu_s = 0;
    double begun_s = 0; ///< of a worker: seconds since 1970, so that those side by side count once
    std::uint64_t samples_read = 0, forward = 0, backward = 0;
    std::uint64_t bytes_to_workers = 0, bytes_from_workers = 0;
    double peak_mib = 0;

    /// Adds a pass of training (forward and backward) over this many images.
    void add_training(std::uint64_t samples) {
        samples_read += samples, forward += samples, backward += samples;
    }
    /// Adds a pass forward.
    void add_forward(std::uint64_t samples) { samples_read += samples, forward += samples; }
    /// Adds what came after or beside it; memory is the larger.
    void add(const stage_cost &other) {
        wall_s += other.wall_s, cpu_s += other.cpu_s;
        samples_read += other.samples_read, forward += other.forward, backward += other.backward;
        bytes_to_workers += other.bytes_to_workers, bytes_from_workers += other.bytes_from_workers;
        peak_mib = std::max(peak_mib, other.peak_mib);
    }
};

} // namespace lipt
