#include <lipt/error.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(error_)

BOOST_AUTO_TEST_CASE(a_sentence_is_made_of_strings_and_numbers) {
    const std::string owned = "owned";
    const char *const plain = "plain";
    BOOST_TEST(lipt::text("a ", owned, ' ', std::string_view("view"), ", ", plain) == "a owned view, plain");
    BOOST_TEST(lipt::text(1, ' ', std::size_t{2}, ' ', std::int32_t{-3}, ' ', std::uint8_t{4}) == "1 2 -3 4");
    BOOST_TEST(lipt::text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    BOOST_TEST(lipt::text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    BOOST_TEST(lipt::text(0.25f, ' ', -1.5, ' ', true) == "0.25 -1.5 1");
    BOOST_TEST(lipt::text() == "");
}

BOOST_AUTO_TEST_CASE(a_condition_that_does_not_hold_fails_under_its_id) {
    BOOST_TEST(lipt_test::error_id([] { lipt::require(true, "Z01", "never"); }) == "");
    BOOST_TEST(lipt_test::error_id([] { lipt::require(false, "Z01", "once"); }) == "LIPT-Z01");
    BOOST_TEST(lipt_test::error_id([] { lipt::fail("Z02", "always"); }) == "LIPT-Z02");
}

#if defined(__cpp_exceptions)
BOOST_AUTO_TEST_CASE(what_is_said_begins_with_the_id) {
    try {
        lipt::fail("Z03", "soup: ", 3, " weights");
        BOOST_TEST(false);
    } catch (const std::runtime_error &failure) {
        BOOST_TEST(failure.what() == std::string("[LIPT-Z03] soup: 3 weights"));
    }
}
#endif

BOOST_AUTO_TEST_SUITE_END()
