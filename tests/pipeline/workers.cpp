#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/toy_pipeline.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(workers_)

namespace {

using training = lipt_test::backend::training;
const auto tensor = lipt_test::tensor_on_device<lipt_test::backend::tensor>();

using setup = lipt_test::toy_pipeline;

} // namespace

BOOST_AUTO_TEST_CASE(a_round_begins_with_the_soup_of_the_one_before) {
    setup s;
    lipt::memory_store one, two;
    s.run(one);
    s.settings.rounds = 2;
    s.run(two);
    BOOST_TEST((two.states.at("theta_star-2") == one.states.at("soup")));
    BOOST_TEST((two.states.at("soup") != one.states.at("soup")));
    BOOST_TEST(two.workers.size() == 6u);
    std::set<std::int64_t> samples;
    for (const auto &shard : two.plan->shards) samples.insert(shard.begin(), shard.end());
    BOOST_TEST(samples.size() == 6u * 32u);
    const auto again = lipt::train_worker<training>(s.context().spec, s.settings, tensor,
                                                    one.states.at("soup"), *two.load_shard(3), 3);
    BOOST_TEST((again.result.weights == two.workers.at(3).result.weights));
    BOOST_TEST(two.merged->round == 2u);
    BOOST_TEST(two.merged->ingredients.front().worker >= 3u);
    BOOST_TEST(two.merged->theta_star_accuracy >= one.merged->theta_star_accuracy);
    BOOST_TEST(two.costs.at("local").backward == 2 * one.costs.at("local").backward);
    BOOST_TEST(two.costs.at("local-1").backward == one.costs.at("local").backward);
    BOOST_TEST(two.costs.at("merge-1").forward == one.costs.at("merge").forward);
    BOOST_TEST(two.costs.at("merge").forward > one.costs.at("merge").forward);
}

BOOST_AUTO_TEST_CASE(time_side_by_side_counts_once_and_pauses_do_not) {
    using lipt::detail::time_of_any;
    BOOST_TEST(time_of_any({}) == 0.0);
    BOOST_TEST(time_of_any({{10, 12}, {11, 14}}) == 4.0);
    BOOST_TEST(time_of_any({{100, 101}, {10, 14}, {11, 12}}) == 5.0);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_snip_is_counted) {
    setup s;
    lipt::memory_store plain, snip;
    s.run(plain);
    s.settings.local.prune.method = lipt::prune_method::snip;
    s.run(snip);
    const auto extra = s.settings.shards.workers * s.settings.shards.batch_size;
    BOOST_TEST(snip.costs.at("local").backward == plain.costs.at("local").backward + extra);
    BOOST_TEST(snip.costs.at("local").forward == plain.costs.at("local").forward + extra);
}

BOOST_AUTO_TEST_CASE(workers_that_have_all_diverged_are_named_as_the_cause) {
    setup s;
    lipt::memory_store store;
    s.run(store);
    for (auto &[worker, upload] : store.workers) {
        for (auto &weight : upload.result.weights) weight = 1e30f;
    }
    store.forget_soup();
    auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    BOOST_TEST(lipt_test::error_id([&] { lipt::merge(context, backend, tensor, store); }) == "LIPT-S08");
}

BOOST_AUTO_TEST_CASE(rounds_go_on_where_they_were_stopped) {
    setup s;
    s.settings.rounds = 3;
    s.settings.shards.minibatches = 1;
    lipt::memory_store whole, store;
    s.run(whole);
    auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    lipt::initialize(context, backend, store);
    const auto shards = lipt::plan(context, store);
    lipt::work_all<training>(context, tensor, shards, store);
    lipt::merge(context, backend, tensor, store);
    BOOST_TEST(lipt::current_round(s.settings, store) == 1u);
    BOOST_TEST((lipt::pending_workers(s.settings, store) == std::vector<std::size_t>{3, 4, 5}));
    lipt::work<training>(context, tensor, store.states.at("theta_star-2"), shards, 4, store);
    BOOST_TEST((lipt::pending_workers(s.settings, store) == std::vector<std::size_t>{3, 5}));
    s.run(store);
    BOOST_TEST((store.states == whole.states));
    for (const auto &[name, cost] : whole.costs)
        BOOST_TEST(store.costs.at(name).forward == cost.forward, name);
}

BOOST_AUTO_TEST_CASE(rounds_that_have_too_few_samples_are_refused) {
    setup s;
    s.settings.rounds = 4;
    BOOST_TEST(lipt_test::error_id([&] { s.context(); }) == "LIPT-Q02");
    s.settings.rounds = 0;
    BOOST_TEST(lipt_test::error_id([&] { s.context(); }) == "LIPT-U46");
}

BOOST_AUTO_TEST_SUITE_END()
