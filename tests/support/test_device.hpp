// Where the suites over every backend compute: on the processor, or where LIPT_TEST_DEVICE says (cuda,
// cuda:1).
#pragma once

#include <lipt/training.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <type_traits>

namespace lipt_test {

inline std::string test_device() {
    const char *const given = std::getenv("LIPT_TEST_DEVICE");
    return given == nullptr ? "cpu" : given;
}

/// What a training backend is made with.
inline lipt::backend_options on_device(std::size_t threads = 1) {
    return {.threads = threads, .device = test_device()};
}

/// A tensor backend there, of that many threads where it has any. errors: T08 one that knows the processor
/// alone
template <class Tensor>
Tensor tensor_on_device(std::size_t threads = 1) {
    const auto options = on_device(threads);
    if constexpr (requires { Tensor({.threads = threads, .device = options.device}); }) {
        return Tensor({.threads = threads, .device = options.device});
    } else {
        lipt::check_processor(options, "the one that is tested");
        if constexpr (std::is_constructible_v<Tensor, std::size_t>) {
            return Tensor(threads);
        } else {
            return Tensor();
        }
    }
}

} // namespace lipt_test
