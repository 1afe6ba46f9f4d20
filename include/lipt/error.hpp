// One error type for the whole library: a stable id and one sentence that says what was given, what was
// expected and how to mend it. Where exceptions are switched off, a handler is called and the program ends.
#pragma once

#include <lipt/configuration.hpp>

#include <charconv>
#include <concepts>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

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

/// One piece of a sentence: a string, which must live as long as the piece, or a number.
class text_piece {
  public:
    text_piece(std::string_view text) : kind_(kind::text), text_(text) {}
    text_piece(const char *text) : text_piece(std::string_view(text)) {}
    text_piece(const std::string &text) : text_piece(std::string_view(text)) {}
    text_piece(char letter) : kind_(kind::letter), letter_(letter) {}
    template <std::signed_integral Number>
    text_piece(Number number) : kind_(kind::whole), whole_(number) {}
    template <std::unsigned_integral Number>
    text_piece(Number number) : kind_(kind::natural), natural_(number) {}
    text_piece(float number) : kind_(kind::single), single_(number) {}
    text_piece(double number) : kind_(kind::real), real_(number) {}

    void append_to(std::string &out) const {
        switch (kind_) {
        case kind::text:
            out += text_;
            break;
        case kind::letter:
            out += letter_;
            break;
        case kind::whole:
            out += std::to_string(whole_);
            break;
        case kind::natural:
            out += std::to_string(natural_);
            break;
        case kind::single:
            append_shortest(out, single_);
            break;
        case kind::real:
            append_shortest(out, real_);
            break;
        }
    }

  private:
    /// As many digits as tell the number from its neighbours, no more.
    template <class Number>
    static void append_shortest(std::string &out, Number number) {
        char digits[32];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    }

    enum class kind : unsigned char { text, letter, whole, natural, single, real } kind_;
    union {
        std::string_view text_;
        char letter_;
        long long whole_;
        unsigned long long natural_;
        float single_;
        double real_;
    };
};

/// Not a template, so that a sentence costs its caller no more code than the list of its pieces.
inline std::string join(std::initializer_list<text_piece> pieces) {
    std::string out;
    for (const auto &piece : pieces) piece.append_to(out);
    return out;
}

/// See lipt::fail.
[[noreturn]] inline void fail_with(std::string_view id, std::initializer_list<text_piece> pieces) {
    const error failure(id, join(pieces));
#if defined(__cpp_exceptions)
    throw failure;
#else
    on_failure()(failure.id().c_str(), failure.what());
    std::abort();
#endif
}

} // namespace detail

/// Joins strings and numbers into one sentence, without iostream.
template <class... Pieces>
std::string text(const Pieces &...pieces) {
    return detail::join({detail::text_piece(pieces)...});
}

/// Raises `lipt::error` with the id "LIPT-<id>"; under -fno-exceptions calls `on_failure()` and ends.
template <class... Pieces>
[[noreturn]] void fail(std::string_view id, const Pieces &...pieces) {
    detail::fail_with(id, {detail::text_piece(pieces)...});
}

/// Fails with the sentence unless the condition holds; the sentence is only built on failure.
template <class... Pieces>
void require(bool condition, std::string_view id, const Pieces &...pieces) {
    if (!condition) detail::fail_with(id, {detail::text_piece(pieces)...});
}

} // namespace lipt
