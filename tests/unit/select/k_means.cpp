#include <lipt/backends/reference/tensor.hpp>
#include <lipt/select/k_means.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_k_means.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

BOOST_AUTO_TEST_SUITE(k_means)

namespace {

const lipt::reference::tensor tensor;

lipt::host_matrix normal_rows(std::size_t samples, std::size_t width, std::uint64_t seed) {
    lipt::rng draw({.seed = seed, .stage = lipt::stream::test});
    auto rows = lipt::host_matrix::from_shape({samples, width});
    for (auto &value : rows) value = draw.normal();
    return rows;
}

lipt::clustering clusters_of(const lipt::host_matrix &rows, std::size_t clusters, std::uint64_t seed = 1) {
    return lipt::k_means_of_directions(tensor, lipt::directions(rows), clusters, 20,
                                       lipt::rng({.seed = seed}));
}

} // namespace

BOOST_AUTO_TEST_CASE(clusters_are_those_of_a_version_in_double) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const std::size_t samples = 60 + 300 * (seed % 3), clusters = 1 + seed;
        const auto rows = normal_rows(samples, 2 + seed % 6, seed);
        const auto found = clusters_of(rows, clusters, seed);
        const auto expected = lipt_test::naive_k_means(rows, clusters, 20, lipt::rng({.seed = seed}));
        BOOST_TEST(found.cluster == expected.cluster, boost::test_tools::per_element());
        for (std::size_t c = 0; c < clusters; ++c) {
            for (std::size_t e = 0; e < rows.shape(1); ++e)
                BOOST_TEST(std::abs(found.centres(c, e) - expected.centres[c][e]) < 1e-6);
        }
    }
}

BOOST_AUTO_TEST_CASE(heaps_in_different_directions_are_found) {
    auto rows = normal_rows(90, 4, 3);
    for (std::size_t i = 0; i < 90; ++i) {
        for (std::size_t e = 0; e < 4; ++e) rows(i, e) = 0.05f * rows(i, e) + (e == i % 3 ? 1.0f : 0.0f);
        for (std::size_t e = 0; e < 4; ++e) rows(i, e) *= static_cast<float>(1 + i); // lengths say nothing
    }
    const auto found = clusters_of(rows, 3);
    for (std::size_t i = 0; i < 90; ++i) BOOST_TEST(found.cluster[i] == found.cluster[i % 3]);
    BOOST_TEST((std::set(found.cluster.begin(), found.cluster.end()).size()) == 3u);
}

BOOST_AUTO_TEST_CASE(samples_all_alike_have_one_centre) {
    const lipt::host_matrix rows({50, 3}, 2.5f);
    const auto found = clusters_of(rows, 7);
    BOOST_TEST(found.centres.shape(0) == 1u);
    BOOST_TEST(std::count(found.cluster.begin(), found.cluster.end(), 0u) == 50);
}

BOOST_AUTO_TEST_CASE(as_many_clusters_as_samples_and_zeros_are_no_trouble) {
    auto rows = normal_rows(9, 3, 5);
    const auto every = clusters_of(rows, 9);
    BOOST_TEST((std::set(every.cluster.begin(), every.cluster.end()).size()) == 9u);
    for (std::size_t e = 0; e < 3; ++e) rows(4, e) = 0.0f;
    for (const std::size_t clusters : {1, 2, 9}) {
        const auto found = clusters_of(rows, clusters);
        for (const float value : found.centres) BOOST_TEST(std::isfinite(value));
        for (const auto c : found.cluster) BOOST_TEST(c < found.centres.shape(0));
    }
    // Opposite directions cancel: the centre stays where it was.
    const auto opposite = clusters_of(lipt::host_matrix{{1, 0}, {-1, 0}}, 1);
    BOOST_TEST(std::abs(opposite.centres(0, 0)) == 1.0f);
}

BOOST_AUTO_TEST_CASE(directions_have_length_one_whatever_their_size) {
    const auto rows = lipt::directions(lipt::host_matrix{{3e18f, 4e18f}, {3e-30f, 4e-30f}, {0, 0}});
    for (std::size_t i = 0; i < 2; ++i) {
        BOOST_TEST(std::abs(rows(i, 0) - 0.6f) < 1e-7f);
        BOOST_TEST(std::abs(rows(i, 1) - 0.8f) < 1e-7f);
    }
    BOOST_TEST((rows(2, 0) == 0.0f && rows(2, 1) == 0.0f));
}

BOOST_AUTO_TEST_CASE(the_count_is_as_asked_or_the_square_root) {
    BOOST_TEST(lipt::cluster_count(0, 50'000) == 224u);
    BOOST_TEST(lipt::cluster_count(0, 1) == 1u);
    BOOST_TEST(lipt::cluster_count(12, 100) == 12u);
    BOOST_TEST(lipt::cluster_count(12, 5) == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
