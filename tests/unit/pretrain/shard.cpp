#include <lipt/pretrain/shard.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <limits>
#include <set>

BOOST_AUTO_TEST_SUITE(shard_)

namespace {
struct data {
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> pool;
    data() {
        for (int i = 0; i < 1000; ++i) labels.push_back(i % 4 == 0 ? 0 : 1); // a quarter is class 0
        for (int i = 0; i < 1000; i += 2) pool.push_back(i); // half of the pool's samples are class 0
    }
};
} // namespace

BOOST_AUTO_TEST_CASE(shards_are_disjoint_parts_of_the_pool_of_the_asked_size) {
    const data d;
    for (const bool stratified : {false, true}) {
        const auto plan = lipt::plan_shards(
            d.pool, d.labels, 2, {.workers = 6, .minibatches = 2, .batch_size = 40, .stratified = stratified},
            1);
        BOOST_TEST(plan.shards.size() == 6u);
        std::set<std::int64_t> seen;
        for (const auto &shard : plan.shards) {
            BOOST_TEST(shard.size() == 80u);
            for (const auto i : shard) {
                BOOST_TEST(i % 2 == 0);
                BOOST_TEST(seen.insert(i).second);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(stratified_shards_have_the_shares_of_the_pool) {
    const data d;
    const auto plan = lipt::plan_shards(
        d.pool, d.labels, 2, {.workers = 10, .minibatches = 1, .batch_size = 50, .stratified = true}, 3);
    for (const auto &shard : plan.shards) {
        const auto zeros =
            std::count_if(shard.begin(), shard.end(), [&](auto i) { return d.labels[i] == 0; });
        BOOST_TEST(std::abs(zeros - 25) <= 1);
    }
}

BOOST_AUTO_TEST_CASE(the_plan_depends_on_the_seed_alone) {
    const data d;
    const lipt::shard_options options{.workers = 3, .minibatches = 1, .batch_size = 10};
    BOOST_TEST((lipt::plan_shards(d.pool, d.labels, 2, options, 1).shards ==
                lipt::plan_shards(d.pool, d.labels, 2, options, 1).shards));
    BOOST_TEST((lipt::plan_shards(d.pool, d.labels, 2, options, 1).shards !=
                lipt::plan_shards(d.pool, d.labels, 2, options, 2).shards));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
    const data d;
    const auto id = [&](const lipt::shard_options &options) {
        return lipt_test::error_id([&] { lipt::plan_shards(d.pool, d.labels, 2, options, 1); });
    };
    constexpr auto huge = std::numeric_limits<std::size_t>::max() / 2;
    BOOST_TEST(id({.workers = 5, .minibatches = 2, .batch_size = 50}) == ""); // 500 of 500
    BOOST_TEST(id({.workers = 5, .minibatches = 2, .batch_size = 51}) == "LIPT-Q02");
    BOOST_TEST(id({.workers = huge, .minibatches = huge, .batch_size = huge}) == "LIPT-Q02");
    BOOST_TEST(id({.workers = 0}) == "LIPT-Q01");
    const std::span<const std::int64_t> many(d.pool.data(), (std::size_t{1} << 32) + 1); // never looked at
    BOOST_TEST(lipt_test::error_id([&] { lipt::plan_shards(many, d.labels, 2, {}, 1); }) == "LIPT-D24");
}

BOOST_AUTO_TEST_SUITE_END()
