#include <lipt/training.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <limits>
#include <vector>

using lipt_test::error_id;

namespace {

lipt::network_spec spec() { return lipt::make_network("resnet8", {.image = {1, 8, 8}, .classes = 3}); }

/// Two images of the network, with what else a batch has.
struct two_images {
    std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(2 * 64);
    std::vector<std::int32_t> labels{0, 2};
    std::vector<float> weights{1.0f, 0.0f};

    lipt::batch_view view() const { return {.pixels = pixels, .labels = labels, .weights = weights}; }
};

} // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(whole_states_pass) {
    const auto network = spec();
    const std::vector<float> weights(network.state_size());
    BOOST_TEST(error_id([&] { lipt::check_state(network, weights); }) == "");
    BOOST_TEST(error_id([&] { lipt::check_momentum(network, weights); }) == "");
    BOOST_TEST(error_id([&] { lipt::check_momentum(network, {}); }) == "");
}

BOOST_AUTO_TEST_CASE(states_of_another_length_are_refused) {
    const auto network = spec();
    const std::vector<float> shorter(network.state_size() - 1), longer(network.state_size() + 1);
    for (const auto &weights : {shorter, longer, std::vector<float>()}) {
        BOOST_TEST(error_id([&] { lipt::check_state(network, weights); }) == "LIPT-T01");
    }
    for (const auto &momentum : {shorter, longer}) {
        BOOST_TEST(error_id([&] { lipt::check_momentum(network, momentum); }) == "LIPT-T03");
    }
}

BOOST_AUTO_TEST_CASE(values_that_are_not_finite_are_refused_wherever_they_are) {
    const auto network = spec();
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float value : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
        for (const std::size_t place : {std::size_t{0}, network.state_size() / 2, network.state_size() - 1}) {
            std::vector<float> weights(network.state_size());
            weights[place] = value;
            BOOST_TEST(error_id([&] { lipt::check_state(network, weights); }) == "LIPT-T02");
        }
    }
    std::vector<float> weights(network.state_size(), std::numeric_limits<float>::max());
    weights[0] = std::numeric_limits<float>::denorm_min();
    BOOST_TEST(error_id([&] { lipt::check_state(network, weights); }) == "");
}

BOOST_AUTO_TEST_CASE(images_must_be_as_many_bytes_as_they_say) {
    const auto network = spec();
    const std::vector<std::uint8_t> pixels(2 * 64);
    BOOST_TEST(error_id([&] { lipt::check_images(network, pixels, 2); }) == "");
    for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{128}}) {
        BOOST_TEST(error_id([&] { lipt::check_images(network, pixels, count); }) == "LIPT-T04");
    }
    BOOST_TEST(error_id([&] { lipt::check_images(network, {}, 0); }) == "LIPT-T04");
}

BOOST_AUTO_TEST_CASE(batches_must_fit_together) {
    const auto network = spec();
    two_images batch;
    const auto id = [&](const lipt::sgd_step &step = {}) {
        return error_id([&] { lipt::check_batch(network, batch.view(), step); });
    };
    BOOST_TEST(id() == "");
    for (const std::int32_t label : {3, -1, std::numeric_limits<std::int32_t>::max()}) {
        batch.labels[1] = label;
        BOOST_TEST(id() == "LIPT-T05");
    }
    batch.labels[1] = 2;
    batch.weights = {1.0f};
    BOOST_TEST(id() == "LIPT-T06");
    batch.weights = {};
    BOOST_TEST(id() == "");
    const std::vector<float> mask(network.state_size(), 1.0f);
    BOOST_TEST(id({.keep_mask = mask}) == "");
    BOOST_TEST(id({.keep_mask = std::span(mask).first(mask.size() - 1)}) == "LIPT-T07");
    batch.pixels.pop_back();
    BOOST_TEST(id() == "LIPT-T04");
}

BOOST_AUTO_TEST_CASE(moves_are_refused_where_nobody_makes_them) {
    const auto network = spec();
    const two_images two;
    const std::vector<lipt::image_move> moves(2), one(1);
    auto batch = two.view();
    const auto refused = [&](bool mover) {
        return error_id([&] { lipt::check_batch(network, batch, {}, mover); });
    };
    BOOST_TEST(refused(false) == "");
    batch.moves = moves;
    BOOST_TEST(refused(false) == "LIPT-T09");
    BOOST_TEST(refused(true) == "");
    batch.moves = one;
    BOOST_TEST(refused(true) == "LIPT-T09");
}

BOOST_AUTO_TEST_SUITE_END()
