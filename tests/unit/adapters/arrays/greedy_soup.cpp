#include "named_models.hpp"

#include <cmath>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(named_greedy_soup)

BOOST_AUTO_TEST_CASE(greedy_takes_what_improves_the_score) {
    const auto good = weights({0, 4}), better = weights({2, 2}), bad = weights({90, 90});
    const std::vector<named_tensors> models{bad, good, better};
    // The nearer to (1,3) the better: halfway between the two.
    const auto score = [](std::span<const kept_tensor> made) {
        const auto w = numbers({made.begin(), made.end()}, "w");
        return -std::hypot(w[0] - 1, w[1] - 3);
    };
    const auto made = soup(models, {.search = share_search::equal}, score);
    BOOST_TEST(numbers(made.weights, "w") == (doubles{1, 3}), boost::test_tools::per_element());
    BOOST_TEST(made.score == 0);
    BOOST_TEST(made.evaluations == 5u);
    BOOST_TEST(made.trials.size() == 5u);
    BOOST_TEST(made.trials[3].ingredient == 2u);
    BOOST_TEST(made.trials[3].alpha == 0.5);
    BOOST_TEST(made.ingredients[0].number == 1u);
    BOOST_TEST(made.ingredients[1].kept);
    BOOST_TEST(!made.ingredients[2].kept);
    for (const auto search : {share_search::grid, share_search::golden}) {
        const auto searched = soup(models, {.search = search, .points = 8}, score);
        BOOST_TEST(searched.score > -0.2);
        BOOST_TEST(searched.evaluations == 3u + 2 * 8);
    }
    BOOST_TEST(holds(refusal(models, {}), "LIPT-S18"));
    BOOST_TEST(holds(refusal(models, {.points = 0}, score), "LIPT-S03"));
}

BOOST_AUTO_TEST_CASE(a_score_that_is_no_number_never_wins) {
    const auto one = weights({1}), two = weights({2});
    const std::vector<named_tensors> models{one, two};
    const auto only_first = [](std::span<const kept_tensor> made) {
        const auto w = numbers({made.begin(), made.end()}, "w");
        return w[0] == 1 ? 0.0 : std::nan("");
    };
    const auto made = soup(models, {}, only_first);
    BOOST_TEST(numbers(made.weights, "w")[0] == 1);
    BOOST_TEST(!made.ingredients[1].kept);
    const auto none = [](std::span<const kept_tensor>) { return std::nan(""); };
    for (const auto method : {merging::greedy, merging::uniform})
        BOOST_TEST(holds(refusal(models, {.method = method}, none), "LIPT-S09"));
}

BOOST_AUTO_TEST_CASE(greedy_counters_are_those_of_what_was_merged) {
    const auto one = model().add<float>("w", {1}).add_counter("steps", 3);
    const auto two = model().add<float>("w", {2}).add_counter("steps", 9);
    const std::vector<named_tensors> models{one, two};
    const auto smaller = [](std::span<const kept_tensor> made) {
        return -numbers({made.begin(), made.end()}, "w")[0];
    };
    BOOST_TEST(whole(soup(models, {}, smaller).weights, "steps") == 3);
    const auto middle = [](std::span<const kept_tensor> made) {
        return -std::abs(numbers({made.begin(), made.end()}, "w")[0] - 1.5);
    };
    BOOST_TEST(whole(soup(models, {}, middle).weights, "steps") == 9);
}

BOOST_AUTO_TEST_SUITE_END()
