#include <lipt/data.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <array>
#include <set>

BOOST_AUTO_TEST_SUITE(data_)

BOOST_AUTO_TEST_CASE(quotas_follow_the_largest_remainders) {
    const std::array<std::size_t, 3> counts{24, 26, 25}; // exact 2.4, 2.6, 2.5: 8 in all
    BOOST_TEST((lipt::largest_remainder_quotas(counts, 0.1) == std::vector<std::size_t>{2, 3, 3}));
    const std::array<std::size_t, 2> even{15, 15}; // 1.5 each, 3 in all: the tie goes to class 0
    BOOST_TEST((lipt::largest_remainder_quotas(even, 0.1) == std::vector<std::size_t>{2, 1}));
    BOOST_TEST((lipt::largest_remainder_quotas(counts, 1.0) == std::vector<std::size_t>{24, 26, 25}));
}

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
}

BOOST_AUTO_TEST_SUITE_END()
