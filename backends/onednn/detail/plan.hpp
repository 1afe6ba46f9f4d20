// How a program runs on a batch of one size: pieces, lanes and where every tensor lies. Depends on the
// program and the batch size only, never on the threads, so that results do not either.
#pragma once

#include "program.hpp"

#include <cstddef>
#include <vector>

namespace lipt::onednn::detail {

/// Tasks are lanes, runs of consecutive images; a lane goes through its images piece by piece and adds up
/// weight gradients as it goes.
struct phase_plan {
    std::size_t piece = 1; ///< images
    std::size_t lane = 1;  ///< images, a multiple of the piece
    std::size_t lanes = 1;
    std::size_t pieces = 1;
    std::vector<std::size_t> gradient_offset; ///< of each of the phase's convolutions, in a lane's part
    std::size_t lane_floats = 0;              ///< of weight gradients
};

struct plan {
    std::size_t batch = 0;
    std::vector<phase_plan> phases;
    std::vector<std::size_t> offset; ///< of each tensor, in the batch's memory or in a thread's
    std::size_t batch_floats = 0;    ///< memory that all share
    std::size_t thread_floats = 0;   ///< memory of one thread
    std::size_t gradient_floats = 0; ///< weight gradients of all lanes
    std::size_t largest_weights = 0; ///< floats of the largest convolution
    std::size_t partial_sums = 0;    ///< doubles, batch-norm sums of all pieces of a phase
};

/// piece: images a piece in every phase, or 0 to choose by the cache.
plan make_plan(const network_spec &spec, const program &made, std::size_t batch, std::size_t piece = 0);

/// Images that evaluation takes through the network at once: of 2 to 64, 16 was the fastest for narrow
/// networks and within a tenth of it for wide ones.
inline constexpr std::size_t evaluation_piece = 16;

} // namespace lipt::onednn::detail
