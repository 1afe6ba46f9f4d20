// Words that somebody else wrote, for a message of ours.
#pragma once

#include <string>
#include <string_view>

namespace lipt::adapters {

/// At most 300 bytes of them, in plain characters: neither a terminal's commands nor bytes that no text has.
std::string sentence_of(std::string_view words);

} // namespace lipt::adapters
