// What goes back to Python: vectors as NumPy arrays that own them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>
#include <utility>
#include <vector>

namespace lipt::python {

/// The vector as a one-dimensional array, not copied.
template <class Value>
nanobind::object array_of(std::vector<Value> values) {
    auto *kept = new std::vector<Value>(std::move(values));
    const nanobind::capsule owner(kept, [](void *held) noexcept { delete static_cast<std::vector<Value> *>(held); });
    return nanobind::cast(nanobind::ndarray<nanobind::numpy, Value, nanobind::ndim<1>>(kept->data(), {kept->size()}, owner));
}

} // namespace lipt::python
