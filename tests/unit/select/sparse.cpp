#include <lipt/select/craig.hpp>
#include <lipt/select/graph_cut.hpp>
#include <lipt/select/sparse.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace {

using lipt_test::random_problem;
using indices = std::vector<std::int64_t>;

/// Options under which just the nearest of each of 90 samples fit.
lipt::select_options sparse(std::size_t neighbours) {
    return {.submodular = {.storage = lipt::similarity_storage::sparse, .neighbours = neighbours},
            .memory = lipt::sparse_bytes(90, neighbours)};
}

/// Four embeddings on a line, at 0, 1, 3 and 7, and their negative distances.
struct four_points {
    lipt::reference::tensor tensor;
    lipt::last_layer_gradients<lipt::reference::tensor> gradients{
        .residual = lipt::host_matrix({4, 1}, 1.0f), .embedding = lipt::host_matrix{{0}, {1}, {3}, {7}}};
    lipt::similarity_rows<lipt::reference::tensor> rows{tensor, gradients, lipt::similarity_space::embeddings,
                                                        lipt::similarity_measure::negative_distance, 0};
};

} // namespace

BOOST_AUTO_TEST_SUITE(sparse_similarities)

BOOST_AUTO_TEST_CASE(each_sample_keeps_itself_and_its_nearest) {
    four_points points;
    const lipt::sparse_similarities kept(points.tensor, points.rows, 1);
    const auto list = [](std::span<const lipt::similar_sample> of) {
        std::vector<std::pair<int, float>> out;
        for (const auto &one : of) out.emplace_back(one.index, std::round(one.similarity * 1000) / 1000);
        return out;
    };
    using pairs = std::vector<std::pair<int, float>>;
    BOOST_TEST((list(kept.of(0)) == pairs{{0, 0.0f}, {1, -1.0f}}));
    BOOST_TEST((list(kept.of(2)) == pairs{{2, 0.0f}, {1, -2.0f}}));
    BOOST_TEST((list(kept.of(3)) == pairs{{3, 0.0f}, {2, -4.0f}}));
    BOOST_TEST((list(kept.to(0)) == pairs{{0, 0.0f}, {1, -1.0f}}));
    BOOST_TEST((list(kept.to(1)) == pairs{{0, -1.0f}, {1, 0.0f}, {2, -2.0f}}));
    BOOST_TEST((list(kept.to(3)) == pairs{{3, 0.0f}}));
}

BOOST_AUTO_TEST_CASE(a_sample_is_covered_by_those_in_its_list_alone) {
    four_points points;
    const lipt::sparse_similarities kept(points.tensor, points.rows, 1);
    lipt::sparse_coverage covered(kept, -10.0f);
    // Sample 1 covers 0, 1 and 2: 9 + 10 + 8; sample 3 but itself.
    const std::vector<float> expected{10 + 9, 9 + 10 + 8, 10 + 6, 10}, gains = covered.first_gains();
    for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(std::abs(gains[i] - expected[i]) < 1e-4);
    covered.take(1);
    // Sample 2 covers itself by 2 more, and 3 by all of 6.
    BOOST_TEST(std::abs(covered.gains(indices{2}).front() - 8) < 1e-4);
}

BOOST_AUTO_TEST_CASE(with_all_neighbours_picks_are_those_of_all_similarities) {
    using lipt::similarity_measure;
    for (const auto space : {lipt::similarity_space::gradients, lipt::similarity_space::embeddings}) {
        random_problem problem({.samples = 90});
        const lipt::select_options options{.submodular = {.space = space}};
        const auto check = [&]<class Method>(Method, similarity_measure measure, auto function) {
            lipt::similarity_rows<lipt::reference::tensor> rows(problem.tensor, problem.gradients, space,
                                                                measure, 0);
            const lipt::sparse_similarities all(problem.tensor, rows, 89);
            auto sparse = function(all, rows);
            const auto one = Method::pick(problem.tensor, problem.pool(30), options);
            const auto other = lipt::maximise(sparse, 30, 0, options);
            BOOST_TEST_INFO(Method::info.name);
            BOOST_TEST(one.order == other.order, boost::test_tools::per_element());
        };
        const auto coverage = [](const auto &all, const auto &rows) {
            return lipt::sparse_coverage(all, rows.lowest());
        };
        check(lipt::methods::facility_location{}, similarity_measure::cosine, coverage);
        check(lipt::methods::craig{}, similarity_measure::negative_distance, coverage);
        check(lipt::methods::graph_cut{}, similarity_measure::cosine,
              [](const auto &all, const auto &) { return lipt::sparse_cut(all, 1.0f); });
    }
}

BOOST_AUTO_TEST_CASE(few_neighbours_pick_otherwise_and_weights_still_sum_to_the_pool) {
    random_problem problem({.samples = 90});
    const auto full = lipt::methods::craig::pick(problem.tensor, problem.pool(30), {});
    const auto few = lipt::methods::craig::pick(problem.tensor, problem.pool(30), sparse(2));
    BOOST_TEST((full.order != few.order));
    float sum = 0;
    for (const float weight : few.weights) sum += weight;
    BOOST_TEST(sum == 90.0f);
}

BOOST_AUTO_TEST_CASE(what_fits_the_memory_is_kept_whole) {
    random_problem problem({.samples = 90});
    auto options = sparse(2);
    options.memory = 4 * 90 * 90;
    BOOST_TEST(!lipt::is_sparse(options, 90));
    BOOST_TEST(lipt::is_sparse(options, 91));
    const auto one = lipt::methods::facility_location::pick(problem.tensor, problem.pool(30), options);
    const auto other = lipt::methods::facility_location::pick(problem.tensor, problem.pool(30), {});
    BOOST_TEST(one.order == other.order, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(more_neighbours_than_memory_are_an_error) {
    random_problem problem({.samples = 90});
    auto options = sparse(2);
    BOOST_TEST(options.memory == 2u * 8 * 90 * 3);
    --options.memory;
    const auto refused = [&]<class Method>(Method) {
        return lipt_test::error_id([&] { Method::pick(problem.tensor, problem.pool(30), options); });
    };
    BOOST_TEST(refused(lipt::methods::facility_location{}) == "LIPT-C43");
    BOOST_TEST(refused(lipt::methods::craig{}) == "LIPT-C43");
    BOOST_TEST(refused(lipt::methods::graph_cut{}) == "LIPT-C43");
}

BOOST_AUTO_TEST_CASE(no_neighbours_are_an_error) {
    BOOST_TEST(lipt_test::error_id([] { lipt::check(sparse(0)); }) == "LIPT-C42");
}

BOOST_AUTO_TEST_CASE(more_samples_than_lists_can_number_are_refused) {
    lipt::select_options options{.memory = std::numeric_limits<std::size_t>::max() / 2};
    options.submodular.storage = lipt::similarity_storage::sparse;
    options.submodular.neighbours = 1;
    constexpr std::size_t many = std::size_t{1} << 31; // their square does not fit, two lists of two each do
    BOOST_TEST(lipt_test::error_id([&] { lipt::check_sparse(options, many); }) == "LIPT-C43");
}

BOOST_AUTO_TEST_SUITE_END()
