// What a training loop in Python calls between its steps.
#pragma once

#include <nanobind/nanobind.h>

namespace lipt::python {

/// info_batch, and the accumulators ForgettingEvents, AreaUnderMargin and ErrorNorms.
void bind_loop(nanobind::module_ &module);

} // namespace lipt::python
