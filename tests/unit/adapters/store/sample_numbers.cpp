#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <cmath>

using lipt::adapters::sample_numbers;
using lipt_test::error_id;
using indices = std::vector<std::int64_t>;

BOOST_AUTO_TEST_SUITE(sample_numbers_)

BOOST_AUTO_TEST_CASE(samples_have_their_numbers_in_the_set_and_back) {
    const sample_numbers some({1, 4, 5, 8}, 10), all;
    BOOST_TEST((some.of_set(indices{3, 0, 2}) == indices{8, 1, 5}));
    BOOST_TEST((some.of_run(indices{8, 1, 5}, "subset.npy") == indices{3, 0, 2}));
    for (const std::int64_t stranger : {-1, 0, 6, 9, 10})
        BOOST_TEST(error_id([&] { some.of_run(indices{stranger}, "subset.npy"); }) == "LIPT-R06");
    BOOST_TEST((!some.is_whole() && all.is_whole()));
    BOOST_TEST((all.of_set(indices{3, 0}) == indices{3, 0} && all.of_run(indices{7}, "") == indices{7}));
}

BOOST_AUTO_TEST_CASE(values_of_samples_are_spread_over_the_set_and_gathered_again) {
    const sample_numbers some({1, 2, 4}, 6);
    const std::vector<float> values{10, 20, 30};
    const auto spread = some.spread(values);
    BOOST_TEST_REQUIRE(spread.size() == 6u);
    BOOST_TEST((spread[1] == 10 && spread[2] == 20 && spread[4] == 30));
    for (const std::size_t other : {0, 3, 5}) BOOST_TEST(std::isnan(spread[other]));
    BOOST_TEST((some.gathered(spread) == values));
    BOOST_TEST(some.spread(std::vector<float>()).empty());
    BOOST_TEST((some.gathered(std::vector<float>{1, 2}) == std::vector<float>{1, 2}));
    BOOST_TEST((sample_numbers().spread(values) == values));
    BOOST_TEST((sample_numbers().gathered(values) == values));
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_are_refused) {
    for (const indices &wrong : {indices{}, indices{1, 1}, indices{2, 1}, indices{-1, 0}, indices{1, 4}})
        BOOST_TEST(error_id([&] { sample_numbers(wrong, 4); }) == "LIPT-R06");
    BOOST_TEST(error_id([] { sample_numbers({0, 3}, 4); }) == "");
}

BOOST_AUTO_TEST_CASE(they_are_read_beside_a_config_that_says_of_how_many) {
    const lipt_test::temporary_directory run;
    const nlohmann::json config{{"version", 2}, {"data", {{"all", 6}}}};
    BOOST_TEST(lipt::adapters::read_sample_numbers(run.path(), config).is_whole());
    lipt::adapters::write_npy<std::int64_t>(run / "sample_numbers.npy", indices{1, 2, 4});
    BOOST_TEST((lipt::adapters::read_sample_numbers(run.path(), config) == sample_numbers({1, 2, 4}, 6)));
    const auto read = [&](const nlohmann::json &other) {
        return error_id([&] { lipt::adapters::read_sample_numbers(run.path(), other); });
    };
    BOOST_TEST(read({{"data", {{"all", 4}}}}) == "LIPT-R06");
    BOOST_TEST(read({{"data", "none"}}) == "LIPT-R06");
}

BOOST_AUTO_TEST_CASE(older_directories_of_a_part_are_refused_and_others_are_not) {
    const auto id = [](int version, const nlohmann::json &settings) {
        const nlohmann::json config{{"version", version}, {"settings", settings}};
        return error_id([&] { lipt::adapters::require_set_numbers("run", config); });
    };
    BOOST_TEST(id(1, {{"train-samples", 2000}}) == "LIPT-R13");
    BOOST_TEST(id(1, {{"corrupt-images", "skip"}}) == "LIPT-R13");
    BOOST_TEST(id(1, {{"train-samples", 0}, {"corrupt-images", "refuse"}}) == "");
    BOOST_TEST(id(1, nlohmann::json::object()) == "");
    BOOST_TEST(id(2, {{"train-samples", 2000}}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
