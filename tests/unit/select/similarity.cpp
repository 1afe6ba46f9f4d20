#include <lipt/select/similarity.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace {

using lipt::similarity_measure;
using lipt::similarity_space;
using lipt_test::random_problem;
using tensor_type = random_problem::tensor_type;

} // namespace

BOOST_AUTO_TEST_SUITE(similarity)

BOOST_AUTO_TEST_CASE(products_and_projections_are_those_of_the_written_out_vectors) {
    const random_problem problem({.samples = 20, .classes = 4, .width = 3});
    for (const auto space : {similarity_space::gradients, similarity_space::embeddings}) {
        const auto x = lipt_test::vectors_of(problem, space);
        const lipt::factored_vectors<tensor_type> vectors(problem.tensor, problem.gradients, space);
        const std::vector<std::int64_t> rows{3, 17, 0};
        const auto products = vectors.products(rows);
        const auto along = vectors.projections(rows, lipt::host_matrix{{0.5f}, {-2.0f}, {1.0f}});
        const auto squares = vectors.squares();
        for (std::size_t j = 0; j < 20; ++j) {
            double projection = 0;
            for (std::size_t s = 0; s < 3; ++s) {
                const double product = lipt_test::dot(x[static_cast<std::size_t>(rows[s])], x[j]);
                BOOST_TEST(std::abs(products(s, j) - product) < 1e-5);
                projection += product * (s == 0 ? 0.5 : s == 1 ? -2.0 : 1.0);
            }
            BOOST_TEST(std::abs(along(j, 0) - projection) < 1e-5);
            BOOST_TEST(std::abs(squares(j, 0) - lipt_test::dot(x[j], x[j])) < 1e-5);
        }
    }
}

BOOST_AUTO_TEST_CASE(rows_are_the_same_kept_and_computed_again) {
    const random_problem problem({.samples = 300, .classes = 3, .width = 4}); // three blocks
    for (const auto space : {similarity_space::gradients, similarity_space::embeddings}) {
        const auto x = lipt_test::vectors_of(problem, space);
        for (const auto measure : {similarity_measure::cosine, similarity_measure::negative_distance}) {
            for (const std::size_t memory : {std::size_t{0}, std::size_t{4} * 300 * 300}) {
                lipt::similarity_rows<tensor_type> rows(problem.tensor, problem.gradients, space, measure,
                                                        memory);
                double worst = 0;
                const auto compare = [&](std::size_t i, const float *row) {
                    for (std::size_t j = 0; j < 300; ++j) {
                        const double expected =
                            measure == similarity_measure::cosine
                                ? lipt_test::dot(x[i], x[j]) /
                                      std::sqrt(lipt_test::dot(x[i], x[i]) * lipt_test::dot(x[j], x[j]))
                                : -lipt_test::distance(x[i], x[j]);
                        worst = std::max(worst, std::abs(row[j] - expected));
                        BOOST_REQUIRE(row[j] >= rows.lowest() * (1 + 1e-6f));
                    }
                };
                std::size_t seen = 0;
                rows.for_each_block([&](std::size_t first, const auto &block) {
                    for (std::size_t i = 0; i < block.shape(0); ++i) compare(first + i, &block(i, 0));
                    seen += block.shape(0);
                });
                BOOST_TEST(seen == 300u);
                const std::vector<std::int64_t> asked{299, 4, 4, 150};
                seen = 0;
                rows.for_rows(asked, [&](std::size_t at, const auto &part) {
                    for (std::size_t i = 0; i < part.shape(0); ++i)
                        compare(static_cast<std::size_t>(asked[at + i]), &part(i, 0));
                    seen += part.shape(0);
                });
                BOOST_TEST(seen == 4u);
                BOOST_TEST(worst < 1e-4);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_sample_is_at_no_distance_from_itself) {
    random_problem problem({.samples = 50, .width = 7});
    for (auto &value : problem.gradients.embedding) value *= 1000.0f;
    lipt::similarity_rows<tensor_type> rows(problem.tensor, problem.gradients, similarity_space::gradients,
                                            similarity_measure::negative_distance, 0);
    rows.for_each_block([](std::size_t first, const auto &block) {
        for (std::size_t i = 0; i < block.shape(0); ++i) BOOST_TEST(block(i, first + i) == 0.0f);
    });
}

BOOST_AUTO_TEST_CASE(short_and_long_gradients_have_the_cosines_of_others) {
    random_problem problem({.samples = 6}), faint = problem;
    for (std::size_t c = 0; c < 3; ++c) faint.gradients.residual(2, c) *= 1e-30f;
    for (std::size_t c = 0; c < 3; ++c) faint.gradients.residual(5, c) *= 1e25f;
    for (std::size_t j = 0; j < 5; ++j) faint.gradients.embedding(4, j) *= 1e-30f;
    for (std::size_t j = 0; j < 5; ++j) problem.gradients.embedding(4, j) = 0.0f;
    const auto cosines_of = [](const random_problem &of) {
        lipt::similarity_rows<tensor_type> rows(of.tensor, of.gradients, similarity_space::gradients,
                                                similarity_measure::cosine, 0);
        lipt::host_matrix all;
        rows.for_each_block([&](std::size_t, const auto &block) { all = block; });
        return all;
    };
    const auto faint_ones = cosines_of(faint), long_ones = cosines_of(problem);
    for (std::size_t i = 0; i < faint_ones.size(); ++i)
        BOOST_TEST(std::abs(faint_ones.data()[i] - long_ones.data()[i]) < 1e-6f);
    for (const std::size_t i : {2, 5}) BOOST_TEST(std::abs(faint_ones(i, i) - 1.0f) < 1e-6f);
}

BOOST_AUTO_TEST_CASE(a_vector_of_zero_is_as_near_to_all) {
    random_problem problem({.samples = 5});
    for (std::size_t c = 0; c < 3; ++c) problem.gradients.residual(2, c) = 0.0f;
    lipt::similarity_rows<tensor_type> rows(problem.tensor, problem.gradients, similarity_space::gradients,
                                            similarity_measure::cosine, 0);
    rows.for_rows(std::vector<std::int64_t>{2}, [](std::size_t, const auto &row) {
        for (std::size_t j = 0; j < 5; ++j) BOOST_TEST(row(0, j) == 0.0f);
    });
}

BOOST_AUTO_TEST_SUITE_END()
