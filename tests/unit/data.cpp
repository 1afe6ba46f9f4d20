#include <lipt/data.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <span>
#include <vector>

BOOST_AUTO_TEST_SUITE(data_)

BOOST_AUTO_TEST_CASE(split_is_stratified_disjoint_and_complete) {
    std::vector<std::int32_t> labels;
    for (int i = 0; i < 300; ++i) labels.push_back(i % 3 == 0 ? 0 : 1);
    const auto split = lipt::split_stratified(labels, 2, 0.1, {.seed = 1, .stage = lipt::stream::hold_out});
    BOOST_TEST(split.part.size() == 30u);
    BOOST_TEST(std::count_if(split.part.begin(), split.part.end(), [&](auto i) { return labels[i] == 0; }) ==
               10);
    std::set<std::int64_t> all(split.part.begin(), split.part.end());
    all.insert(split.rest.begin(), split.rest.end());
    BOOST_TEST(all.size() == 300u);
    BOOST_TEST(split.part.size() + split.rest.size() == 300u);
}

BOOST_AUTO_TEST_CASE(a_split_and_a_users_generator_of_one_seed_share_no_draw) {
    const std::vector<std::int32_t> labels(100);
    std::vector<std::int64_t> order(100);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    lipt::rng({.seed = 1}).shuffle(std::span(order));
    order.resize(10);
    std::sort(order.begin(), order.end());
    BOOST_TEST((lipt::split_stratified(labels, 1, 0.1, {.seed = 1}).part != order));
    // A stage that is named is kept.
    BOOST_TEST((lipt::split_stratified(labels, 1, 0.1, {.seed = 1, .stage = lipt::stream::hold_out}).part !=
                lipt::split_stratified(labels, 1, 0.1, {.seed = 1}).part));
}

BOOST_AUTO_TEST_CASE(more_samples_than_32_bits_count_are_refused_where_they_enter) {
    const std::int32_t label = 0;
    const std::span<const std::int32_t> labels(&label, (std::size_t{1} << 32) + 1); // never looked at
    BOOST_TEST(lipt_test::error_id([&] { lipt::check({.labels = labels, .classes = 1}); }) == "LIPT-D24");
    BOOST_TEST(lipt_test::error_id([&] { lipt::split_stratified(labels, 1, 0.5, {.seed = 1}); }) ==
               "LIPT-D24");
}

BOOST_AUTO_TEST_CASE(bad_sets_are_refused_by_name) {
    const std::array<std::uint8_t, 8> pixels{};
    const std::array<std::int32_t, 2> good{0, 1}, bad{0, 2};
    const auto id_of = [](const lipt::image_set &set) {
        return lipt_test::error_id([&] { lipt::check(set); });
    };
    lipt::image_set set{.pixels = pixels, .labels = good, .shape = {1, 2, 2}, .classes = 2};
    BOOST_TEST(id_of(set) == "");
    set.labels = bad;
    BOOST_TEST(id_of(set) == "LIPT-D03");
    set.classes = 0;
    BOOST_TEST(id_of(set) == "LIPT-D02");
    set.shape = {1, 2, 3};
    BOOST_TEST(id_of(set) == "LIPT-D01");
}

BOOST_AUTO_TEST_CASE(descending_order_gives_ties_to_the_lowest) {
    using positions = std::vector<std::size_t>;
    BOOST_TEST(lipt::descending_order(std::vector<double>{}) == positions{},
               boost::test_tools::per_element());
    BOOST_TEST(lipt::descending_order(std::vector<double>{2, -1, 5, 2, 5}) == (positions{2, 4, 0, 3, 1}),
               boost::test_tools::per_element());
    BOOST_TEST(lipt::descending_order(std::vector<double>{std::nan(""), 0.2, 0.9, std::nan("")}) ==
                   (positions{2, 1, 0, 3}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
