// Which method or sampler reads which option: one that was given and that nothing reads was meant for
// another.
#pragma once

#include <lipt/select/named_method.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace lipt {

namespace detail {

/// Whether a list with spaces between has the name.
inline bool is_among(std::string_view names, std::string_view name) {
    while (!names.empty()) {
        const auto end = std::min(names.find(' '), names.size());
        if (names.substr(0, end) == name) return true;
        names.remove_prefix(std::min(names.size(), end + 1));
    }
    return false;
}

/// Finds who reads the option of that name.
struct reader_finder {
    std::string_view wanted, readers{};
    bool found = false;

    template <class... Member>
    void operator()(const option_about &about, const Member &...) {
        if (about.name != wanted) return;
        readers = about.read_by;
        found = true;
    }
};

} // namespace detail

/// Who reads an option, by name with spaces between; empty where that depends on no method, or it is none of
/// theirs.
inline std::string_view readers_of(std::string_view option) {
    static select_options any;
    detail::reader_finder finder{option};
    describe(any, finder);
    return finder.readers;
}

/// Whether a method, or the sampler that picks by its scores, is among those readers.
inline bool is_reader(std::string_view readers, std::string_view method, bool scorer,
                      std::string_view sampler) {
    return readers.empty() || detail::is_among(readers, method) ||
           (scorer && detail::is_among(readers, sampler));
}

} // namespace lipt
