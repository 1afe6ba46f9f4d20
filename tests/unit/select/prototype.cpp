#include <lipt/select/prototype.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_k_means.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

BOOST_AUTO_TEST_SUITE(prototype)

namespace {

lipt::rng draws(std::uint64_t seed, std::uint32_t pool = 0) {
    return lipt::rng({.seed = seed, .stage = lipt::stream::select, .worker = 1, .sample = pool});
}

} // namespace

BOOST_AUTO_TEST_CASE(scores_are_cosine_distances_to_the_nearest_prototype) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        for (const std::size_t asked : {0, 1, 4, 1000}) {
            lipt_test::random_problem problem({.samples = 60 + seed, .width = 3 + seed % 3, .seed = seed});
            const std::size_t clusters = asked == 0 ? 8 : std::min<std::size_t>(asked, 60 + seed);
            const auto expected =
                lipt_test::naive_k_means(problem.gradients.embedding, clusters, 20, draws(seed));
            const auto scores = lipt::prototype_score::rate(
                problem.tensor, problem.pool(5), {.prototype = {.prototypes = asked}, .seed = seed});
            for (std::size_t i = 0; i < scores.size(); ++i) {
                double nearest = 2;
                for (const auto &centre : expected.centres)
                    nearest = std::min(nearest, 1 - lipt_test::dot(expected.rows[i], centre));
                BOOST_TEST(std::abs(scores[i] - nearest) < 1e-6);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_far_from_all_heaps_is_picked_first) {
    // Two heaps of ten, and one sample between them.
    lipt_test::random_problem problem({.samples = 21, .classes = 1, .width = 2});
    auto &h = problem.gradients.embedding;
    for (std::size_t i = 0; i < 20; ++i) {
        h(i, i % 2) = 1.0f;
        h(i, 1 - i % 2) = 0.01f * static_cast<float>(i / 2);
    }
    h(20, 0) = h(20, 1) = 5.0f;
    const auto picks = lipt::methods::prototype::pick(problem.tensor, problem.pool(3),
                                                      {.prototype = {.prototypes = 2}, .seed = 4});
    BOOST_TEST(picks.order[0] == 20);
    BOOST_TEST(picks.order.size() == 3u);
}

BOOST_AUTO_TEST_CASE(near_ones_keep_their_digits) {
    lipt_test::random_problem problem({.samples = 3, .classes = 1, .width = 2});
    problem.gradients.embedding = lipt::host_matrix{{1.0f, 0.0f}, {1.0f, 1e-5f}, {1.0f, -1e-5f}};
    const auto scores =
        lipt::prototype_score::rate(problem.tensor, problem.pool(1), {.prototype = {.prototypes = 1}});
    BOOST_TEST(scores[0] < 1e-15f);
    BOOST_TEST(std::abs(scores[1] - 5e-11f) < 1e-15f);
    BOOST_TEST(std::abs(scores[2] - 5e-11f) < 1e-15f);
}

BOOST_AUTO_TEST_CASE(samples_all_alike_one_sample_and_zeros) {
    lipt_test::random_problem problem({.samples = 8, .classes = 1, .width = 3});
    problem.gradients.embedding.fill(0.75f);
    const auto alike = lipt::methods::prototype::pick(problem.tensor, problem.pool(3), {});
    BOOST_TEST(alike.order == (std::vector<std::int64_t>{0, 1, 2}), boost::test_tools::per_element());
    for (std::size_t e = 0; e < 3; ++e) problem.gradients.embedding(5, e) = 0.0f;
    const auto scores = lipt::prototype_score::rate(problem.tensor, problem.pool(3), {});
    for (std::size_t i = 0; i < 8; ++i) BOOST_TEST((i == 5 ? scores[i] == 1.0f : scores[i] < 1e-12f));
    lipt_test::random_problem one({.samples = 1, .classes = 1});
    BOOST_TEST(lipt::methods::prototype::pick(one.tensor, one.pool(1), {}).order[0] == 0);
}

BOOST_AUTO_TEST_CASE(another_seed_begins_elsewhere_and_the_same_ends_alike) {
    lipt_test::random_problem problem({.samples = 120, .classes = 1, .width = 6});
    const auto rated = [&](std::uint64_t seed) {
        return lipt::prototype_score::rate(problem.tensor, problem.pool(1), {.seed = seed});
    };
    BOOST_TEST(rated(1) == rated(1), boost::test_tools::per_element());
    BOOST_TEST((rated(1) != rated(2)));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_an_error) {
    lipt_test::random_problem problem({.samples = 12});
    const auto select = [&](const lipt::select_options &options) {
        lipt::select_with<lipt::methods::prototype>(problem.tensor, problem.view(0.5), options);
    };
    BOOST_TEST(lipt_test::error_id([&] { select({.prototype = {.rounds = 0}}); }) == "LIPT-C47");
    problem.gradients.embedding(2, 1) = std::numeric_limits<float>::infinity();
    BOOST_TEST(lipt_test::error_id([&] { select({}); }) == "LIPT-C08");
}

BOOST_AUTO_TEST_SUITE_END()
