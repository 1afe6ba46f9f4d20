#include <lipt/adapters/store/fingerprint.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

std::string of(const std::vector<std::byte> &content) { return lipt::adapters::sampled_fingerprint(content); }

} // namespace

BOOST_AUTO_TEST_SUITE(fingerprint)

BOOST_AUTO_TEST_CASE(of_small_files_every_byte_counts) {
    std::vector<std::byte> content(1000);
    const auto before = of(content);
    BOOST_TEST(before.size() == 16u);
    BOOST_TEST(of(content) == before);
    for (const std::size_t place : {0u, 500u, 999u}) {
        auto changed = content;
        changed[place] = std::byte{1};
        BOOST_TEST(of(changed) != before);
    }
    content.emplace_back(); // one more zero
    BOOST_TEST(of(content) != before);
}

BOOST_AUTO_TEST_CASE(of_large_files_the_length_and_parts_from_the_first_byte_to_the_last_count) {
    std::vector<std::byte> content(std::size_t{33} << 20); // twice what is read, and a little
    const auto before = of(content);
    const auto changed_at = [&](std::size_t place) {
        content[place] = std::byte{1};
        const auto after = of(content);
        content[place] = std::byte{};
        return after != before;
    };
    const std::size_t step = (content.size() - 65536) / 255;
    BOOST_TEST(changed_at(0));
    BOOST_TEST(changed_at(content.size() - 1));
    BOOST_TEST(changed_at(100 * step + 100));
    BOOST_TEST(!changed_at(65536 + 10)); // between the first part and the second: documented
    content.pop_back();
    BOOST_TEST(of(content) != before);
}

BOOST_AUTO_TEST_SUITE_END()
