#include <lipt/adapters/arrays/shards.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace {

using lipt::arrays::plan_shards;
using lipt::arrays::shard_options;
using lipt_test::error_id;

} // namespace

BOOST_AUTO_TEST_SUITE(array_shards)

BOOST_AUTO_TEST_CASE(shards_are_disjoint_and_have_the_classes_shares) {
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < 1200; ++i) labels.push_back(i % 3 == 0 ? -7 : std::int64_t{1} << 40);
    const shard_options options{.workers = 4, .minibatches = 2, .batch_size = 60, .seed = 5};
    const auto shards = plan_shards(labels, options);
    std::set<std::int64_t> seen;
    for (const auto &shard : shards) {
        BOOST_TEST(shard.size() == 120u);
        seen.insert(shard.begin(), shard.end());
        const auto rare = std::count_if(shard.begin(), shard.end(),
                                        [&](auto i) { return labels[static_cast<std::size_t>(i)] < 0; });
        BOOST_TEST((rare >= 38 && rare <= 42));
    }
    BOOST_TEST(shards.size() == 4u);
    BOOST_TEST(seen.size() == 480u);
    BOOST_TEST((plan_shards(labels, options) == shards));
    auto other = options;
    other.seed = 6;
    BOOST_TEST((plan_shards(labels, other) != shards));
}

BOOST_AUTO_TEST_CASE(without_labels_they_are_drawn_at_random) {
    const auto shards = plan_shards(std::size_t{10}, {.workers = 2, .batch_size = 5});
    std::set<std::int64_t> seen;
    for (const auto &shard : shards) seen.insert(shard.begin(), shard.end());
    BOOST_TEST(seen.size() == 10u);
    BOOST_TEST((*seen.begin() == 0 && *seen.rbegin() == 9));
    const std::vector<std::int64_t> labels(10);
    BOOST_TEST((plan_shards(labels, {.workers = 2, .batch_size = 5, .stratified = false}) == shards));
}

BOOST_AUTO_TEST_CASE(wrong_use_is_refused) {
    BOOST_TEST(error_id([] { plan_shards(std::size_t{10}, {.workers = 0}); }) == "LIPT-Q01");
    BOOST_TEST(error_id([] { plan_shards(std::size_t{10}, {.workers = 2, .batch_size = 6}); }) == "LIPT-Q02");
    BOOST_TEST(error_id([] { plan_shards(std::size_t{1} << 33, {}); }) == "LIPT-D24");
}

BOOST_AUTO_TEST_SUITE_END()
