// One error type for the whole library: a stable id and one sentence that says what was given, what was
// expected and how to mend it. Where exceptions are switched off, a handler is called and the program ends.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace lipt {

/// What every failure of the library throws. `what()` reads "[LIPT-S02] soup: ingredient 3 has 120 weights,
/// ...".
class error : public std::runtime_error {
  public:
    error(std::string_view id, const std::string &sentence)
        : std::runtime_error("[LIPT-" + std::string(id) + "] " + sentence), id_("LIPT-" + std::string(id)) {}

    /// The stable id, e.g. "LIPT-S02": match on this, never on the sentence.
    const std::string &id() const noexcept { return id_; }

  private:
    std::string id_;
};

/// Called with the id and the full sentence when exceptions are off; must not return. Default: std::abort.
using failure_handler = void (*)(const char *id, const char *what);

/// The process-wide handler used under -fno-exceptions; assign to it once, at start.
inline failure_handler &on_failure() noexcept {
    static failure_handler handler = [](const char *, const char *) { std::abort(); };
    return handler;
}

namespace detail {
inline void append(std::string &out, std::string_view piece) { out += piece; }
inline void append(std::string &out, char piece) { out += piece; }
template <class Number>
requires std::is_arithmetic_v<Number>
void append(std::string &out, Number piece) { out += std::to_string(piece); }
} // namespace detail

/// Joins strings and numbers into one sentence, without iostream.
template <class... Pieces>
std::string text(const Pieces &...pieces) {
    std::string out;
    (detail::append(out, pieces), ...);
    return out;
}

/// Raises `lipt::error` with the id "LIPT-<id>"; under -fno-exceptions calls `on_failure()` and ends.
template <class... Pieces>
[[noreturn]] void fail(std::string_view id, const Pieces &...pieces) {
    const error failure(id, text(pieces...));
#if defined(__cpp_exceptions)
    throw failure;
#else
    on_failure()(failure.id().c_str(), failure.what());
    std::abort();
#endif
}

/// Fails with the sentence unless the condition holds; the sentence is only built on failure.
template <class... Pieces>
void require(bool condition, std::string_view id, const Pieces &...pieces) {
    if (!condition) fail(id, pieces...);
}

} // namespace lipt
