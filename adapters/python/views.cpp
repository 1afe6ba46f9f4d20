#include "views.hpp"

#include <lipt/error.hpp>

#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>
#include <utility>

namespace lipt::python {
namespace {

namespace nb = nanobind;

arrays::scalar scalar_of(const std::string &name) {
    constexpr auto last = static_cast<int>(arrays::scalar::u64);
    for (int i = 0; i <= last; ++i) {
        if (arrays::name_of(static_cast<arrays::scalar>(i)) == name) return static_cast<arrays::scalar>(i);
    }
    fail("Y02", "arrays: an element type is '", name, "', expected float16 to uint64");
}

} // namespace

arrays::array_input input_of(nb::handle given) {
    if (given.is_none()) return {};
    if (nb::isinstance<nb::str>(given)) return std::filesystem::path(nb::cast<std::string>(given));
    const auto parts = nb::cast<nb::tuple>(given);
    arrays::array_view view{.data = reinterpret_cast<const std::byte *>(nb::cast<std::uintptr_t>(parts[0])),
                            .type = scalar_of(nb::cast<std::string>(parts[1]))};
    for (const nb::handle extent : nb::cast<nb::tuple>(parts[2])) view.shape.push_back(nb::cast<std::size_t>(extent));
    for (const nb::handle step : nb::cast<nb::tuple>(parts[3]))
        view.strides.push_back(nb::cast<std::ptrdiff_t>(step));
    return view;
}

} // namespace lipt::python
