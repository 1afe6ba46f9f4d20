// How often the C library was asked for memory.
#pragma once

#include <cstddef>

namespace lipt_test {

/// Calls of malloc, calloc, realloc and aligned_alloc in this program and its libraries since it began.
std::size_t count_of_mallocs();

} // namespace lipt_test
