#include <lipt/select/epoch_turns.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cmath>
#include <numeric>
#include <vector>

namespace {

using counts = std::vector<std::size_t>;

const std::vector<counts> problems{{8, 8, 8, 8, 8, 8, 8, 8, 8, 8},
                                   {100, 1},
                                   {1, 1, 1, 97},
                                   {7, 0, 13, 29, 2},
                                   {50},
                                   {3, 3, 3},
                                   {1, 2, 4, 8, 16, 32}};
const std::vector<double> fractions{0.05, 0.1, 0.15, 0.3, 1.0 / 3, 0.5, 0.9, 1.0};

std::size_t all_of(const counts &sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
}

} // namespace

BOOST_AUTO_TEST_SUITE(epoch_turns)

BOOST_AUTO_TEST_CASE(no_pool_is_ever_a_whole_sample_off_its_share_of_what_was_read) {
    for (const auto &sizes : problems) {
        for (const double fraction : fractions) {
            counts read(sizes.size());
            std::size_t all = 0;
            for (std::uint32_t epoch = 0; epoch < 70; ++epoch) {
                const auto turns = lipt::epoch_turns(sizes, fraction, epoch);
                for (std::size_t p = 0; p < sizes.size(); ++p) {
                    read[p] += turns[p].quota;
                    all += turns[p].quota;
                }
                const auto samples = static_cast<double>(all_of(sizes));
                for (std::size_t p = 0; p < sizes.size(); ++p) {
                    const double share = static_cast<double>(all) * static_cast<double>(sizes[p]) / samples;
                    BOOST_TEST(std::abs(static_cast<double>(read[p]) - share) < 1 - 1e-9);
                }
                // And all of it is the fraction, to half a sample, unless that is less than one an epoch.
                if (fraction * samples < 1) continue;
                BOOST_TEST(std::abs(static_cast<double>(all) - fraction * (epoch + 1) * samples) <=
                           0.5 + 1e-6);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(offsets_go_on_where_the_epoch_before_ended) {
    for (const auto &sizes : problems) {
        for (const double fraction : fractions) {
            counts read(sizes.size());
            for (std::uint32_t epoch = 0; epoch < 70; ++epoch) {
                const auto turns = lipt::epoch_turns(sizes, fraction, epoch);
                for (std::size_t p = 0; p < sizes.size(); ++p) {
                    if (sizes[p] == 0) continue;
                    const auto &turn = turns[p];
                    if (turn.crosses) {
                        const auto [tail, head] = turn.ends.back();
                        BOOST_TEST(tail + head == turn.quota);
                        BOOST_TEST((read[p] + tail) % sizes[p] == 0u);
                    } else if (turn.quota > 0) {
                        BOOST_TEST(turn.offset == read[p] % sizes[p]);
                    }
                    for (const auto &[tail, head] : turn.ends) BOOST_TEST(tail + head <= sizes[p]);
                    read[p] += turn.quota;
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_first_epoch_gives_equal_pools_what_one_shot_quotas_give_them) {
    const counts sizes(7, 30);
    for (const double fraction : {0.1, 0.25, 0.71}) {
        const auto quotas = lipt::largest_remainder_quotas(sizes, fraction);
        const auto turns = lipt::epoch_turns(sizes, fraction, 0);
        for (std::size_t p = 0; p < sizes.size(); ++p) BOOST_TEST(turns[p].quota == quotas[p]);
    }
}

BOOST_AUTO_TEST_CASE(less_than_a_sample_an_epoch_is_one_and_less_than_half_is_none) {
    const counts sizes{3, 4}; // 0.7 of a sample
    counts read(2);
    for (std::uint32_t epoch = 0; epoch < 7; ++epoch) {
        const auto turns = lipt::epoch_turns(sizes, 0.1, epoch);
        BOOST_TEST(turns[0].quota + turns[1].quota == 1u);
        for (std::size_t p = 0; p < 2; ++p) read[p] += turns[p].quota;
    }
    BOOST_TEST(read == sizes, boost::test_tools::per_element());
    for (const auto &turn : lipt::epoch_turns(sizes, 0.05, 3)) BOOST_TEST(turn.quota == 0u);
    BOOST_TEST(lipt_test::error_id([&] { lipt::epoch_turns(sizes, 0, 3); }) == "LIPT-D04");
}

BOOST_AUTO_TEST_SUITE_END()
