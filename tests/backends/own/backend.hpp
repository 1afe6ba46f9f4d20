// What the suites over every backend are instantiated with: the example's backend of one's own, which runs
// linear networks and nothing else.
#pragma once

#include <lipt/backends/reference/tensor.hpp>

#include <backends/tolerances.hpp>
#include <conformance/network_case.hpp>
#include <own_backend.hpp>

namespace lipt_test {

struct backend {
    using training = own::training;
    using tensor = lipt::reference::tensor;
    static constexpr network_case networks[] = {{"linear", {1, 28, 28}}, {"linear", {3, 32, 32}}};
    static lipt::network_spec make_network(const char *, const lipt::network_options &options) {
        return own::linear_network(options);
    }
    static constexpr tolerances tolerance{.sums_in_double = false,
                                          .loss = 2e-6,
                                          .output = 2e-6,
                                          .statistics = 0,
                                          .gradient = 1e-5,
                                          .slope = 1e-2,
                                          .coordinate_slope = 5e-2,
                                          .step = 1e-4};
};

} // namespace lipt_test
