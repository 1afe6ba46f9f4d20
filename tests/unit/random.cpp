#include <lipt/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

BOOST_AUTO_TEST_SUITE(random_)

// Known answers of Random123's kat_vectors for philox4x32 with 10 rounds.
BOOST_AUTO_TEST_CASE(philox_gives_the_published_answers) {
    using counter = std::array<std::uint32_t, 4>;
    BOOST_TEST(
        (lipt::philox({0, 0, 0, 0}, {0, 0}) == counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    BOOST_TEST((lipt::philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
                counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    BOOST_TEST((lipt::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

BOOST_AUTO_TEST_CASE(every_coordinate_of_the_key_changes_the_stream) {
    const lipt::stream_key base{.seed = 7, .stage = lipt::stream::plan, .worker = 1, .pass = 2, .sample = 3};
    std::array<lipt::stream_key, 6> keys{base, base, base, base, base, base};
    keys[1].seed = std::uint64_t{7} << 32;
    keys[2].stage = lipt::stream::prune;
    keys[3].worker = 2;
    keys[4].pass = 3;
    keys[5].sample = 4;
    std::array<std::uint32_t, 6> first{};
    for (std::size_t i = 0; i < keys.size(); ++i) first[i] = lipt::rng(keys[i])();
    std::sort(first.begin(), first.end());
    BOOST_TEST((std::adjacent_find(first.begin(), first.end()) == first.end()));
}

BOOST_AUTO_TEST_CASE(a_users_streams_are_none_of_the_librarys) {
    BOOST_TEST((lipt::stream_key{}.stage == lipt::stream::user));
    std::set<std::uint32_t> first;
    for (int stage = 0; stage < 256; ++stage) // the library's, and those of user_stream
        first.insert(lipt::rng({.seed = 1, .stage = static_cast<lipt::stream>(stage)})());
    BOOST_TEST(first.size() == 256u);
    for (std::uint8_t number = 0; number < 128; ++number)
        BOOST_TEST(static_cast<int>(lipt::user_stream(number)) == 128 + number);
    // The last of the library's own; more of them come after it, and end before the user's.
    BOOST_TEST(static_cast<int>(lipt::stream::split) < static_cast<int>(lipt::stream::user));
    BOOST_TEST(static_cast<int>(lipt::stream::test) == 14); // numbers stay, or old draws change
}

BOOST_AUTO_TEST_CASE(below_is_in_range_and_even) {
    lipt::rng draw({.seed = 1});
    std::array<int, 7> count{};
    for (int i = 0; i < 70000; ++i) ++count.at(draw.below(7));
    for (const int c : count) BOOST_TEST(std::abs(c - 10000) < 400); // four standard deviations are 370
}

BOOST_AUTO_TEST_CASE(uniform_and_normal_have_their_moments) {
    lipt::rng draw({.seed = 2});
    double sum = 0, normal_sum = 0, normal_squares = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const float u = draw.uniform();
        BOOST_REQUIRE(u >= 0.0f);
        BOOST_REQUIRE(u < 1.0f);
        const double g = draw.normal();
        sum += u;
        normal_sum += g;
        normal_squares += g * g;
    }
    BOOST_TEST(std::abs(sum / n - 0.5) < 0.004);
    BOOST_TEST(std::abs(normal_sum / n) < 0.013);
    BOOST_TEST(std::abs(normal_squares / n - 1.0) < 0.018);
}

BOOST_AUTO_TEST_CASE(shuffle_is_a_permutation_and_repeats_itself) {
    std::array<int, 100> a{}, b{};
    std::iota(a.begin(), a.end(), 0);
    b = a;
    const auto sorted = a;
    lipt::rng({.seed = 3}).shuffle(std::span<int>(a));
    lipt::rng({.seed = 3}).shuffle(std::span<int>(b));
    BOOST_TEST((a == b));
    BOOST_TEST((a != sorted));
    std::sort(a.begin(), a.end());
    BOOST_TEST((a == sorted));
}

BOOST_AUTO_TEST_SUITE_END()
