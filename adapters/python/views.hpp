// What Python hands over of an array: adapters/python/lipt/_arrays.py makes it, and keeps the array alive
// meanwhile.
#pragma once

#include <lipt/adapters/arrays/array_view.hpp>

#include <nanobind/nanobind.h>

namespace lipt::python {

/// None, a path (str), or (address, type, shape, strides): int, "float32", and tuples of int, strides in
/// bytes.
arrays::array_input input_of(nanobind::handle given);

} // namespace lipt::python
