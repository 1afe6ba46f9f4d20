#include <lipt/quotas.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <array>
#include <vector>

namespace {

using counts = std::vector<std::size_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(quotas)

BOOST_AUTO_TEST_CASE(a_fraction_is_the_number_that_was_written) {
    const auto is = [](double fraction, std::uint64_t part, std::uint64_t whole) {
        const auto found = lipt::ratio_of(fraction);
        return found.part == part && found.whole == whole;
    };
    BOOST_TEST(is(0.15, 3, 20));
    BOOST_TEST(is(0.1, 1, 10));
    BOOST_TEST(is(1, 1, 1));
    BOOST_TEST(is(1.0 / 3, 1, 3));
    BOOST_TEST(is(1000.0 / 60000, 1, 60));
    BOOST_TEST(is(0.29, 29, 100));
    BOOST_TEST(is(1e-9, 1, 1000000000));
    for (double fraction = 0.0001; fraction < 1; fraction += 0.000317) {
        const auto found = lipt::ratio_of(fraction);
        BOOST_TEST(static_cast<double>(found.part) / static_cast<double>(found.whole) == fraction);
    }
    BOOST_TEST(lipt::ratio_of(1e-300).part == 0u);
    for (const double wrong : {0.0, -0.1, 1.1, std::nan("")})
        BOOST_TEST(lipt_test::error_id([&] { lipt::ratio_of(wrong); }) == "LIPT-D04");
}

BOOST_AUTO_TEST_CASE(shares_are_exact_however_large_the_numbers) {
    const auto share = lipt::share_of(1290, {3, 20}); // 193.5
    BOOST_TEST(share.samples == 193u);
    BOOST_TEST(share.rest == 10u);
    const std::uint64_t many = (std::uint64_t{1} << 62) - 1;
    BOOST_TEST(lipt::share_of(many, {many, many}).samples == many);
    BOOST_TEST(lipt::share_of(many, {1, many}).samples == 1u);
    BOOST_TEST(lipt::share_of(many - 1, {1, many}).rest == many - 1);
    BOOST_TEST(lipt::rounded_share(5, {1, 2}) == 3u);
    BOOST_TEST(lipt::rounded_share(4, {1, 10}) == 0u);
}

BOOST_AUTO_TEST_CASE(quotas_follow_the_largest_remainders) {
    const std::array<std::size_t, 3> three{24, 26, 25}; // exact 2.4, 2.6, 2.5: 8 in all
    BOOST_TEST((lipt::largest_remainder_quotas(three, 0.1) == counts{2, 3, 3}));
    BOOST_TEST((lipt::largest_remainder_quotas(three, 1.0) == counts{24, 26, 25}));
}

BOOST_AUTO_TEST_CASE(equal_remainders_go_to_the_lowest_class) {
    const std::array<std::size_t, 2> even{15, 15}; // 1.5 each, 3 in all
    BOOST_TEST((lipt::largest_remainder_quotas(even, 0.1) == counts{2, 1}));
    // 195, 193.5, 192 and 190.5, of which a product that is rounded once makes the last remainder larger.
    const std::array<std::size_t, 4> four{1300, 1290, 1280, 1270};
    BOOST_TEST((lipt::largest_remainder_quotas(four, 0.15) == counts{195, 194, 192, 190}));
    // A third of 4 and of 10 leave a third each; of 3 nothing.
    const std::array<std::size_t, 3> thirds{10, 4, 3};
    BOOST_TEST((lipt::largest_remainder_quotas(thirds, 1.0 / 3) == counts{4, 1, 1}));
}

BOOST_AUTO_TEST_CASE(every_problem_has_its_exact_quotas) {
    // Per mille of classes of all sizes: total and remainders by whole numbers.
    for (std::size_t mille = 1; mille <= 1000; mille += 13) {
        counts sizes;
        std::size_t all = 0, met = 0;
        for (std::size_t c = 0; c < 23; ++c) all += sizes.emplace_back((c * c * 31 + mille * 7) % 97);
        const auto quotas = lipt::largest_remainder_quotas(sizes, static_cast<double>(mille) / 1000);
        for (std::size_t c = 0; c < sizes.size(); ++c) {
            const std::size_t floor = sizes[c] * mille / 1000;
            BOOST_TEST((quotas[c] == floor || (quotas[c] == floor + 1 && sizes[c] * mille % 1000 > 0)));
            met += quotas[c];
            for (std::size_t d = 0; d < c; ++d) { // no lower class with as large a remainder went without
                const bool more = quotas[c] > floor, less = quotas[d] == sizes[d] * mille / 1000;
                BOOST_TEST(!(more && less && sizes[d] * mille % 1000 >= sizes[c] * mille % 1000));
            }
        }
        BOOST_TEST(met == (2 * all * mille + 1000) / 2000);
    }
}

BOOST_AUTO_TEST_CASE(at_least_one_is_taken_from_the_largest) {
    const std::array<std::size_t, 5> sizes{2, 100, 0, 3, 100}; // 0.2, 10, 0, 0.3, 10 of 21 in all
    BOOST_TEST((lipt::largest_remainder_quotas(sizes, 0.1) == counts{0, 10, 0, 1, 10}));
    BOOST_TEST(
        (lipt::largest_remainder_quotas(sizes, 0.1, {.at_least_one = true}) == counts{1, 10, 0, 1, 9}));
    const std::array<std::size_t, 4> small{3, 3, 3, 3};
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::largest_remainder_quotas(small, 0.1, {.at_least_one = true});
               }) == "LIPT-D25");
}

BOOST_AUTO_TEST_CASE(more_samples_than_32_bits_count_are_refused) {
    BOOST_TEST(lipt_test::error_id([] { lipt::require_countable(4294967295, "set"); }) == "");
    BOOST_TEST(lipt_test::error_id([] { lipt::require_countable(4294967297, "set"); }) == "LIPT-D24");
}

BOOST_AUTO_TEST_SUITE_END()
