#include <lipt/adapters/report/format.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace lipt::adapters::report;

BOOST_AUTO_TEST_SUITE(report_format)

BOOST_AUTO_TEST_CASE(numbers_read_as_people_write_them) {
    BOOST_TEST(percent(0.8716) == "87.2%");
    BOOST_TEST(points(-0.021) == "2.1 points");
    BOOST_TEST(points(0.01) == "1.0 point");
    BOOST_TEST(count(0) == "0");
    BOOST_TEST(count(999) == "999");
    BOOST_TEST(count(60000) == "60,000");
    BOOST_TEST(count(-1234567) == "-1,234,567");
    BOOST_TEST(count(12345678) == "12.3 M");
    BOOST_TEST(counted(1, "epoch") == "one epoch");
    BOOST_TEST(counted(20, "epoch") == "20 epochs");
    BOOST_TEST(counted(1.256, "epoch") == "1.256 epochs");
}

BOOST_AUTO_TEST_CASE(durations_and_sizes_choose_their_unit) {
    BOOST_TEST(duration(0.01) == "0 s");
    BOOST_TEST(duration(3.14) == "3.1 s");
    BOOST_TEST(duration(9.96) == "10 s");
    BOOST_TEST(duration(119.4) == "119 s");
    BOOST_TEST(duration(125) == "2 min 05 s");
    BOOST_TEST(duration(4020) == "1 h 07 min");
    BOOST_TEST(data_size(0) == "0");
    BOOST_TEST(data_size(512) == "512 B");
    BOOST_TEST(data_size(1536) == "1.5 KiB");
    BOOST_TEST(data_size(3.5 * 1024 * 1024) == "3.5 MiB");
    BOOST_TEST(data_size(2.5 * 1024 * 1024 * 1024) == "2.50 GiB");
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_kind_count_as_missing) {
    const nlohmann::json model{{"a", {{"b", 2}, {"text", "words"}}},
                               {"nan", std::numeric_limits<double>::quiet_NaN()}};
    BOOST_TEST(number_at(model, "/a/b").value() == 2.0);
    BOOST_TEST(!number_at(model, "/a/text").has_value());
    BOOST_TEST(!number_at(model, "/a/b/c").has_value());
    BOOST_TEST(!number_at(model, "/nan").has_value());
    BOOST_TEST(text_at(model, "/a/text") == "words");
    BOOST_TEST(text_at(model, "/a/b") == "");
    BOOST_TEST(list_at(model, "/a").empty());
    BOOST_TEST(plain(nlohmann::json{1, 28, 28}) == "1, 28, 28");
    BOOST_TEST(plain(nlohmann::json(0.1)) == "0.1");
    BOOST_TEST(plain(nlohmann::json(true)) == "true");
}

BOOST_AUTO_TEST_SUITE_END()
