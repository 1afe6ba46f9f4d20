// How many threads a backend starts.
#pragma once

#include <tbb/global_control.h>

#include <algorithm>
#include <cstddef>

namespace lipt::onednn::detail {

/// At most as many as there are processors: more would wait for each other, and TBB starts no more than that
/// and warns about the rest. A tbb::global_control of max_allowed_parallelism moves the limit.
inline std::size_t usable_threads(std::size_t asked) {
    return std::min(asked, tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

} // namespace lipt::onednn::detail
