#include <lipt/run/traffic.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(traffic_)

BOOST_AUTO_TEST_CASE(by_hand) {
    // Four workers: a model of 100 bytes and a shard of 10 down, 60 bytes up.
    const lipt::worker_stage stage{.workers = 4,
                                   .uploads = 4,
                                   .steps = 5,
                                   .to_workers = 440,
                                   .from_workers = 240,
                                   .state = 100,
                                   .gradient = 80,
                                   .data = 1000};
    BOOST_TEST(lipt_traffic(stage).bytes == 680u);
    BOOST_TEST(lipt_traffic(stage).messages == 12u);
    BOOST_TEST(full_data_traffic(stage).bytes == 4u * 1100 + 240);
    BOOST_TEST(full_data_traffic(stage).messages == 12u);
    // A step: each of four workers sends six quarters of a gradient.
    BOOST_TEST(synchronous_traffic(stage).bytes == 440u + 100 + 5 * 6 * 80);
    BOOST_TEST(synchronous_traffic(stage).messages == 8u + 1 + 5 * 24);
}

BOOST_AUTO_TEST_CASE(one_worker_has_nobody_to_talk_to) {
    const lipt::worker_stage one{
        .workers = 1, .uploads = 1, .steps = 9, .to_workers = 11, .state = 10, .gradient = 8};
    BOOST_TEST(synchronous_traffic(one).bytes == 21u);
    BOOST_TEST(lipt::synchronous_traffic({}).bytes == 0u);
}

BOOST_AUTO_TEST_CASE(a_stage_out_of_what_was_counted) {
    const auto spec = lipt::make_network("resnet18", {});
    const std::vector<std::int32_t> labels(50);
    const lipt::stage_cost local{.backward = 2 * 10 * 128, .bytes_to_workers = 7, .bytes_from_workers = 3};
    const std::size_t worked[] = {1, 2}; // one of the first round is lost
    const auto stage = lipt::worker_stage_of(spec, {.labels = labels, .shape = {3, 32, 32}, .classes = 10},
                                             128, worked, local);
    BOOST_TEST((stage.workers == 2u && stage.uploads == 3u));
    BOOST_TEST(lipt_traffic(stage).messages == 9u);
    BOOST_TEST(stage.steps == 10u);
    BOOST_TEST(stage.gradient == 4u * 11173962);
    BOOST_TEST(stage.state > stage.gradient); // and the statistics
    BOOST_TEST(stage.data == 50u * (3072 + 4));
}

BOOST_AUTO_TEST_SUITE_END()
