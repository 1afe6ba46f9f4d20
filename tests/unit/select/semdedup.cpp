#include <lipt/select/semdedup.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/naive_k_means.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

BOOST_AUTO_TEST_SUITE(semdedup)

namespace {

using picked = std::vector<std::int64_t>;

/// Highest cosine of each sample to one kept before it in its cluster.
std::vector<double> naive_cosines(const lipt_test::naive_clustering &found, double threshold) {
    std::vector<double> cosines(found.rows.size(), -1.0);
    for (std::size_t c = 0; c < found.centres.size(); ++c) {
        std::vector<std::size_t> members, kept;
        for (std::size_t i = 0; i < found.rows.size(); ++i) {
            if (found.cluster[i] == c) members.push_back(i);
        }
        std::stable_sort(members.begin(), members.end(), [&](auto a, auto b) {
            return lipt_test::dot(found.rows[a], found.centres[c]) <
                   lipt_test::dot(found.rows[b], found.centres[c]);
        });
        for (const auto i : members) {
            for (const auto j : kept)
                cosines[i] = std::max(cosines[i], lipt_test::dot(found.rows[i], found.rows[j]));
            if (cosines[i] <= threshold) kept.push_back(i);
        }
    }
    return cosines;
}

/// Groups of three near duplicates of each of the first samples.
lipt_test::random_problem triples(std::size_t groups, std::size_t width, std::uint64_t seed) {
    lipt_test::random_problem problem({.samples = 3 * groups, .classes = 1, .width = width, .seed = seed});
    auto &h = problem.gradients.embedding;
    for (std::size_t i = groups; i < 3 * groups; ++i) {
        for (std::size_t e = 0; e < width; ++e) h(i, e) = h(i % groups, e) + 1e-3f * problem.embeddings(i, e);
    }
    return problem;
}

} // namespace

BOOST_AUTO_TEST_CASE(ranks_by_the_cosine_to_what_is_kept_before) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        for (const double threshold : {0.2, 0.8, 0.95}) {
            for (const std::size_t clusters : {1, 5}) {
                lipt_test::random_problem problem(
                    {.samples = 320 + seed, .classes = 1, .width = 3 + seed % 3, .seed = seed});
                const auto expected =
                    naive_cosines(lipt_test::naive_k_means(
                                      problem.gradients.embedding, clusters, 20,
                                      lipt::rng({.seed = seed, .stage = lipt::stream::select, .worker = 1})),
                                  threshold);
                const auto picks = lipt::methods::semdedup::pick(
                    problem.tensor, problem.pool(100),
                    {.semdedup = {.threshold = threshold, .clusters = clusters}, .seed = seed});
                for (std::size_t i = 0; i < expected.size(); ++i)
                    BOOST_TEST(std::abs(picks.scores[i] + expected[i]) < 1e-6);
                BOOST_TEST(picks.order == lipt::highest(picks.scores, 100), boost::test_tools::per_element());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(one_of_each_group_of_near_duplicates_is_kept) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        auto problem = triples(40, 16, seed);
        const lipt::select_options options{.semdedup = {.threshold = 0.99, .clusters = 4}, .seed = seed};
        const auto one_each = lipt::methods::semdedup::pick(problem.tensor, problem.pool(40), options).order;
        std::set<std::int64_t> groups;
        for (const auto i : one_each) groups.insert(i % 40);
        BOOST_TEST(groups.size() == 40u);
        // More than there are groups: the duplicates least alike come after, none twice.
        const auto more = lipt::methods::semdedup::pick(problem.tensor, problem.pool(60), options);
        BOOST_TEST(std::equal(one_each.begin(), one_each.end(), more.order.begin()));
        BOOST_TEST((std::set(more.order.begin(), more.order.end()).size()) == 60u);
        for (std::size_t i = 40; i < 60; ++i)
            BOOST_TEST(more.scores[static_cast<std::size_t>(more.order[i])] < -0.99f);
    }
}

BOOST_AUTO_TEST_CASE(the_outer_one_of_two_is_kept) {
    // Around (1,0): angles of 0.00 to 0.06; with a threshold that makes all duplicates the outermost stays.
    lipt_test::random_problem problem({.samples = 7, .classes = 1, .width = 2});
    for (std::size_t i = 0; i < 7; ++i) {
        const double angle = 0.01 * static_cast<double>(i == 6 ? 10 : i);
        problem.gradients.embedding(i, 0) = static_cast<float>(std::cos(angle));
        problem.gradients.embedding(i, 1) = static_cast<float>(std::sin(angle));
    }
    const auto picks = lipt::methods::semdedup::pick(problem.tensor, problem.pool(1),
                                                     {.semdedup = {.threshold = 0.9, .clusters = 1}});
    BOOST_TEST(picks.order[0] == 6);
}

BOOST_AUTO_TEST_CASE(samples_all_alike_one_sample_all_and_zeros) {
    lipt_test::random_problem problem({.samples = 9, .classes = 1, .width = 4});
    const auto pick = [&](std::size_t quota) {
        return lipt::methods::semdedup::pick(problem.tensor, problem.pool(quota), {}).order;
    };
    auto all = pick(9);
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < 9; ++i) BOOST_TEST(all[i] == static_cast<std::int64_t>(i));
    problem.gradients.embedding.fill(-2.0f);
    BOOST_TEST(pick(4) == (picked{0, 1, 2, 3}), boost::test_tools::per_element());
    problem.gradients.embedding.fill(0.0f);
    BOOST_TEST(pick(4) == (picked{0, 1, 2, 3}), boost::test_tools::per_element());
    lipt_test::random_problem one({.samples = 1, .classes = 1});
    BOOST_TEST(lipt::methods::semdedup::pick(one.tensor, one.pool(1), {}).order[0] == 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_an_error) {
    lipt_test::random_problem problem({.samples = 12});
    const auto select = [&](const lipt::select_options &options) {
        lipt::select_with<lipt::methods::semdedup>(problem.tensor, problem.view(0.5), options);
    };
    BOOST_TEST(lipt_test::error_id([&] { select({.semdedup = {.threshold = 1.5}}); }) == "LIPT-C48");
    BOOST_TEST(lipt_test::error_id([&] {
                   select({.semdedup = {.threshold = std::numeric_limits<double>::quiet_NaN()}});
               }) == "LIPT-C48");
    BOOST_TEST(lipt_test::error_id([&] { select({.semdedup = {.rounds = 0}}); }) == "LIPT-C47");
    problem.gradients.embedding(2, 1) = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(lipt_test::error_id([&] { select({}); }) == "LIPT-C08");
}

BOOST_AUTO_TEST_SUITE_END()
