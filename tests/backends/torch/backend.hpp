// What the suites over every backend are instantiated with: the LibTorch backend on a processor.
#pragma once

#include <lipt/backends/torch/tensor.hpp>
#include <lipt/backends/torch/training.hpp>

#include <backends/tolerances.hpp>

namespace lipt_test {

struct backend {
    using training = lipt::torch::training;
    using tensor = lipt::torch::tensor;
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
