#include <lipt/backends/reference/tensor.hpp>
#include <lipt/pretrain/soup.hpp>
#include <lipt/random.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cmath>

BOOST_AUTO_TEST_SUITE(soup_)

namespace {

using tensor = lipt::reference::tensor;
using matrix = tensor::matrix;

matrix row(std::initializer_list<float> values) {
    matrix m = matrix::from_shape({1, values.size()});
    std::copy(values.begin(), values.end(), m.data());
    return m;
}

/// A score whose best point is known: minus the squared distance to a target.
struct nearness {
    std::vector<float> target;
    std::size_t calls = 0;
    double operator()(const matrix &weights) {
        ++calls;
        double sum = 0;
        for (std::size_t i = 0; i < target.size(); ++i) sum += std::pow(weights(0, i) - target[i], 2);
        return -sum;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(uniform_is_the_mean) {
    const std::vector<matrix> in{row({1, 2}), row({3, 6}), row({5, 1})};
    nearness score{{0, 0}};
    const auto soup = lipt::make_soup(tensor{}, std::span(in), score, {.method = lipt::soup_method::uniform});
    BOOST_TEST(soup.weights(0, 0) == 3.0f, boost::test_tools::tolerance(1e-6f));
    BOOST_TEST(soup.weights(0, 1) == 3.0f, boost::test_tools::tolerance(1e-6f));
    BOOST_TEST(soup.evaluations == 1u);
    BOOST_TEST(soup.ingredients.size() == 3u);
    BOOST_TEST(std::isnan(soup.ingredients[0].score_alone)); // nobody asked for it
}

BOOST_AUTO_TEST_CASE(grid_finds_the_hand_computed_share) {
    // Scores alone: -1 for (1), -9 for (-3): 1 leads. On the grid 0.2 0.4 0.6 0.8 of (1-a)*1 + a*(-3): 0.2
    // gives 0.2.
    const std::vector<matrix> in{row({-3}), row({1})};
    nearness score{{0}};
    const auto soup =
        lipt::make_soup(tensor{}, std::span(in), score, {.search = lipt::alpha_search::grid, .points = 4});
    BOOST_TEST(soup.ingredients[0].worker == 1u);
    BOOST_TEST(soup.ingredients[1].worker == 0u);
    BOOST_TEST(soup.ingredients[1].kept);
    BOOST_TEST(soup.ingredients[1].alpha == 0.2, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(soup.weights(0, 0) == 0.2f, boost::test_tools::tolerance(1e-5f));
    BOOST_TEST(soup.ingredients[1].before == -1.0);
    BOOST_TEST(soup.ingredients[1].after == -0.04, boost::test_tools::tolerance(1e-4));
    BOOST_TEST(soup.evaluations == 2u + 4u);
    BOOST_TEST(score.calls == soup.evaluations);
}

BOOST_AUTO_TEST_CASE(golden_section_closes_in_on_the_best_share) {
    const std::vector<matrix> in{row({-3}), row({1})}; // best share 0.25
    double before = 1;
    for (const std::size_t points : {4u, 8u, 16u}) {
        nearness score{{0}};
        const auto soup = lipt::make_soup(tensor{}, std::span(in), score,
                                          {.search = lipt::alpha_search::golden, .points = points});
        const double off = std::abs(soup.ingredients[1].alpha - 0.25);
        BOOST_TEST(off <= before);
        before = off;
        BOOST_TEST(soup.evaluations == 2u + points);
    }
    BOOST_TEST(before < 1e-3);
}

BOOST_AUTO_TEST_CASE(equal_shares_are_the_running_mean_of_what_was_kept) {
    // 2 leads; 4 would make it (3): worse; -1 makes it (0.5): better; then 1 joins with a third: (2/3):
    // worse.
    const std::vector<matrix> in{row({4}), row({2}), row({-1.9f}), row({-2.1f})};
    nearness score{{0.1f}};
    const auto soup = lipt::make_soup(tensor{}, std::span(in), score, {.search = lipt::alpha_search::equal});
    // alone: 4 -> -15.21, 2 -> -3.61, -1.9 -> -4, -2.1 -> -4.84: order 1, 2, 3, 0.
    BOOST_TEST(soup.ingredients[0].worker == 1u);
    BOOST_TEST(soup.ingredients[1].worker == 2u);
    BOOST_TEST(soup.ingredients[1].alpha == 0.5);
    BOOST_TEST(soup.ingredients[1].kept); // (2 - 1.9)/2 = 0.05
    BOOST_TEST(!soup.ingredients[2].kept);
    BOOST_TEST(soup.ingredients[2].alpha == 1.0 / 3.0, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(!soup.ingredients[3].kept);
    BOOST_TEST(soup.weights(0, 0) == 0.05f, boost::test_tools::tolerance(1e-4f));
}

BOOST_AUTO_TEST_CASE(an_ingredient_that_does_not_help_is_refused_and_ties_go_to_the_first) {
    const std::vector<matrix> in{row({0}), row({0}), row({5})};
    nearness score{{0}};
    const auto soup = lipt::make_soup(tensor{}, std::span(in), score);
    BOOST_TEST(soup.ingredients[0].worker == 0u);
    BOOST_TEST(!soup.ingredients[1].kept);
    BOOST_TEST(!soup.ingredients[2].kept);
    BOOST_TEST(!soup.ingredients[2].reason.empty());
    BOOST_TEST(soup.weights(0, 0) == 0.0f);
}

BOOST_AUTO_TEST_CASE(the_greedy_soup_is_never_worse_than_its_best_ingredient) {
    std::vector<matrix> in;
    for (int i = 0; i < 6; ++i)
        in.push_back(row({std::sin(3.0f * static_cast<float>(i)), std::cos(5.0f * static_cast<float>(i))}));
    for (const auto search :
         {lipt::alpha_search::equal, lipt::alpha_search::grid, lipt::alpha_search::golden}) {
        nearness score{{0.3f, -0.2f}};
        double best = -1e9;
        for (const auto &one : in) best = std::max(best, nearness{score.target}(one));
        const auto soup = lipt::make_soup(tensor{}, std::span(in), score, {.search = search});
        BOOST_TEST(soup.score >= best);
        BOOST_TEST(soup.score == nearness{score.target}(soup.weights), boost::test_tools::tolerance(1e-9));
    }
}

BOOST_AUTO_TEST_CASE(bad_ingredients_are_refused_by_name) {
    nearness score{{0}};
    const std::vector<matrix> none, uneven{row({1, 2}), row({1})}, good{row({1}), row({2})};
    const auto id = [&](const std::vector<matrix> &in, const lipt::soup_options &options = {}) {
        return lipt_test::error_id([&] { lipt::make_soup(tensor{}, std::span(in), score, options); });
    };
    BOOST_TEST(id(none) == "LIPT-S01");
    BOOST_TEST(id(uneven) == "LIPT-S02");
    BOOST_TEST(id(good, {.points = 0}) == "LIPT-S03");
}

BOOST_AUTO_TEST_CASE(the_mean_of_equal_models_is_that_model_bit_for_bit) {
    matrix one = matrix::from_shape({1, 4096});
    lipt::rng draw({.seed = 1});
    for (auto &value : one) value = draw.normal();
    for (std::size_t count = 1; count <= 12; ++count) {
        const std::vector<matrix> in(count, one);
        const auto mean = lipt::uniform_soup(tensor{}, std::span(in));
        BOOST_TEST((mean == one), count);
    }
}

BOOST_AUTO_TEST_CASE(a_mixture_of_equal_models_is_that_model_bit_for_bit) {
    matrix one = matrix::from_shape({1, 512});
    lipt::rng draw({.seed = 2});
    for (auto &value : one) value = draw.normal();
    const std::vector<matrix> in(2, one);
    const auto same = [&](const matrix &weights) { return weights == one ? 0.0 : -1.0; };
    for (const std::size_t points : {1, 2, 4, 7}) {
        const auto soup = lipt::make_soup(tensor{}, std::span(in), same, {.points = points});
        BOOST_TEST(soup.ingredients[1].after == 0.0);
    }
}

BOOST_AUTO_TEST_CASE(an_ingredient_without_a_score_is_never_in_the_soup) {
    // The score is the weight itself; 7 stands for a model that diverged.
    const auto score = [](const matrix &weights) {
        return weights(0, 0) >= 7 ? std::nan("") : static_cast<double>(weights(0, 0));
    };
    for (const std::vector<matrix> &in : {std::vector<matrix>{row({7}), row({0.2f}), row({0.9f})},
                                          std::vector<matrix>{row({0.2f}), row({7}), row({0.9f})}}) {
        for (const auto search :
             {lipt::alpha_search::equal, lipt::alpha_search::grid, lipt::alpha_search::golden}) {
            const auto soup = lipt::make_soup(tensor{}, std::span(in), score, {.search = search});
            BOOST_TEST(soup.score == 0.9f);
            BOOST_TEST(soup.weights(0, 0) == 0.9f);
            BOOST_TEST(soup.ingredients[0].worker == 2u);
            BOOST_REQUIRE(soup.ingredients.size() == 3u);
            BOOST_TEST(!soup.ingredients[2].kept);
            BOOST_TEST(std::isnan(soup.ingredients[2].score_alone));
            BOOST_TEST(soup.ingredients[2].reason == "its score is not a number");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_soup_that_has_no_score_at_all_is_an_error) {
    const std::vector<matrix> in{row({1}), row({2})};
    const auto nothing = [](const matrix &) { return std::nan(""); };
    for (const auto method : {lipt::soup_method::greedy, lipt::soup_method::uniform}) {
        BOOST_TEST(lipt_test::error_id([&] {
                       lipt::make_soup(tensor{}, std::span(in), nothing, {.method = method});
                   }) == "LIPT-S09");
    }
}

BOOST_AUTO_TEST_SUITE_END()
