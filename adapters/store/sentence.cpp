#include <lipt/adapters/store/sentence.hpp>

#include <algorithm>

namespace lipt::adapters {

std::string sentence_of(std::string_view words) {
    constexpr std::size_t most = 300;
    std::string sentence(words.substr(0, most));
    if (words.size() > most) sentence += "...";
    std::replace_if(
        sentence.begin(), sentence.end(),
        [](char byte) {
            return static_cast<unsigned char>(byte) < 0x20 || static_cast<unsigned char>(byte) >= 0x7F;
        },
        '?');
    return sentence;
}

} // namespace lipt::adapters
