// Any call of the library as one that reports: a value, or the id and the sentence of what was wrong, with
// exceptions and without; and one that takes all of its memory from a resource of the caller's. For firmware
// and for teaching.
#pragma once

#include <lipt/error.hpp>

#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#if !defined(__cpp_exceptions)
#include <csetjmp>
#endif

namespace lipt {

/// What became of a call: its value, or why there is none. The texts are part of it and need no memory.
template <class Value>
struct outcome {
    std::optional<Value> value{};
    char id[16] = "";        ///< "LIPT-P02"; empty where there is a value
    char sentence[240] = ""; ///< what was given, what was expected, how to mend it; cut where it is longer

    explicit operator bool() const noexcept { return value.has_value(); }
};

/// The resource that operator new takes from in this thread, where the program includes
/// lipt/embedded/operator_new.hpp once; null: malloc.
inline std::pmr::memory_resource *&memory_in_use() noexcept {
    thread_local std::pmr::memory_resource *resource = nullptr;
    return resource;
}

namespace detail {

/// Has the thread take its memory from a resource while it lives.
class memory_scope {
  public:
    explicit memory_scope(std::pmr::memory_resource &resource)
        : before_(std::exchange(memory_in_use(), &resource)) {}
    ~memory_scope() { memory_in_use() = before_; }
    memory_scope(const memory_scope &) = delete;
    memory_scope &operator=(const memory_scope &) = delete;

  private:
    std::pmr::memory_resource *before_;
};

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) noexcept {
    const std::size_t length = text.size() < Size - 1 ? text.size() : Size - 1;
    std::memcpy(to, text.data(), length);
    to[length] = 0;
}

#if !defined(__cpp_exceptions)
/// Where a failing call of this thread goes on, and what it says there.
struct return_point {
    std::jmp_buf place;
    char id[16];
    char sentence[240];
};

inline return_point *&return_point_in_use() noexcept {
    thread_local return_point *point = nullptr;
    return point;
}

[[noreturn]] inline void go_back(const char *id, const char *what) {
    auto *point = return_point_in_use();
    if (point == nullptr) std::abort();
    copy_text(point->id, id);
    copy_text(point->sentence, what);
    std::longjmp(point->place, 1);
}
#endif

/// The call, its failures in `result`.
template <class Value, class Call>
void attempt_into(outcome<Value> &result, Call &call) {
#if defined(__cpp_exceptions)
    try {
        result.value.emplace(call());
    } catch (const error &failure) {
        copy_text(result.id, failure.id());
        copy_text(result.sentence, failure.what());
    } catch (const std::bad_alloc &) {
        copy_text(result.id, "LIPT-M01");
        copy_text(result.sentence, "[LIPT-M01] memory: the caller's block is full: give a larger one");
    }
#else
    // Without exceptions a failure leaves the call by a jump: the frames between are given up with what they
    // hold, all of which lies in the caller's memory. Nothing of this frame is read after the jump but what
    // it points to.
    return_point point;
    return_point *const outer = std::exchange(return_point_in_use(), &point);
    const failure_handler handler = std::exchange(on_failure(), &go_back);
    if (setjmp(point.place) == 0) {
        result.value.emplace(call());
    } else {
        copy_text(result.id, point.id);
        copy_text(result.sentence, point.sentence);
    }
    on_failure() = handler;
    return_point_in_use() = outer;
#endif
}

} // namespace detail

/// Calls `call()` and reports: `attempt(memory, [&] { return plan_shards(pool, labels, classes, options,
/// seed); })`. With lipt/embedded/operator_new.hpp in the program, everything that the call allocates, its
/// result included, is taken from `memory`, and nothing else; it is freed there, whenever that is. After a
/// failure the memory holds what the call left: empty it before the next. One thread calls at a time where
/// there are no exceptions. errors: none leaves it; outcome::id M01 the memory is full, else the call's own
template <class Call>
auto attempt(std::pmr::memory_resource &memory, Call &&call) -> outcome<std::invoke_result_t<Call &>> {
    outcome<std::invoke_result_t<Call &>> result;
    const detail::memory_scope scope(memory);
    detail::attempt_into(result, call);
    return result;
}

} // namespace lipt
