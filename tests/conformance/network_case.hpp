// A network of the suites, by name and image shape.
#pragma once

#include <lipt/data.hpp>

namespace lipt_test {

struct network_case {
    const char *name;
    lipt::image_shape image;
};

} // namespace lipt_test
