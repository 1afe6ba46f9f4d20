// How far the results of a backend may be from exact ones. Each backend's table is in its own backend.hpp.
#pragma once

namespace lipt_test {

/// All relative: a loss to itself, vectors by the norm of the difference over the norm of what is expected.
struct tolerances {
    bool sums_in_double; ///< products, moments and gradients are rounded to float32 once, at the end
    double loss;       ///< a loss against the same loss computed in double from a forward pass, or elsewhere
    double output;     ///< logits and embeddings
    double statistics; ///< batch-norm statistics against those computed in double, or elsewhere
    double gradient;   ///< a gradient against another backend's; a ReLU at the edge may fall to either side
    double slope;      ///< finite difference along the gradient, against its norm
    double coordinate_slope; ///< finite difference along one coordinate, against the gradient there
    double step;             ///< weights and momentum after steps, against the optimiser's formula in double
};

} // namespace lipt_test
