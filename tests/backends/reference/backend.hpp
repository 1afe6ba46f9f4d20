// What the suites over every backend are instantiated with: the reference backend.
#pragma once

#include <lipt/backends/reference/tensor.hpp>
#include <lipt/backends/reference/training.hpp>

#include <backends/tolerances.hpp>

namespace lipt_test {

struct backend {
    using training = lipt::reference::training;
    using tensor = lipt::reference::tensor;
    static constexpr tolerances tolerance{.sums_in_double = true,
                                          .loss = 1e-6,
                                          .output = 1e-6,
                                          .statistics = 1e-6,
                                          .gradient = 1e-5,
                                          .slope = 1e-2,
                                          .coordinate_slope = 5e-2,
                                          .step = 1e-4};
};

} // namespace lipt_test
