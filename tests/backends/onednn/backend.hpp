// What the suites over every backend are instantiated with: the oneDNN backend.
#pragma once

#include <lipt/backends/onednn/tensor.hpp>
#include <lipt/backends/onednn/training.hpp>

#include <backends/tolerances.hpp>
#include <tbb/global_control.h>

namespace lipt_test {

/// Four threads are four in the tests, however few processors there are.
inline const tbb::global_control four_threads(tbb::global_control::max_allowed_parallelism, 4);

struct backend {
    using training = lipt::onednn::training;
    using tensor = lipt::onednn::tensor;
    static constexpr tolerances tolerance{.sums_in_double = false,
                                          .loss = 2e-6,
                                          .output = 2e-6,
                                          .statistics = 1e-6,
                                          .gradient = 1e-3,
                                          .slope = 1e-2,
                                          .coordinate_slope = 5e-2,
                                          .step = 1e-4};
};

} // namespace lipt_test
