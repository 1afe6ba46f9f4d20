// How an option says all about itself, once, beside its member: flags, keys of files, keyword arguments,
// tables of settings and the check that something reads it are made from that.
#pragma once

#include <string_view>
#include <utility>

namespace lipt {

/// What there is to know of an option besides its member. A visitor of a describe() gets it with the member,
/// and with the words where the member is a choice: visit(about, member), visit(about, member, words).
struct option_about {
    std::string_view name{};    ///< words with hyphens between
    std::string_view range{};   ///< of its values, for people: "above 0"
    std::string_view read_by{}; ///< methods and samplers that look at it, with spaces between; empty: all
    std::string_view help{};    ///< what it does
};

/// A word, as flags and files have it, and its value.
template <class Value>
using option_word = std::pair<std::string_view, Value>;

} // namespace lipt
