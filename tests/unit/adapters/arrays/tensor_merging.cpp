#include "named_models.hpp"

#include <cmath>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(tensor_merging)

// Two changes (1,0) and (0.6,0.8): their cosine is 0.6, t = 2*0.6/1.6 = 0.75, their mean (0.8,0.4).
BOOST_AUTO_TEST_CASE(model_stock_goes_as_far_as_the_angle_says) {
    const auto base = model().add<double>("w", {1, 1}).add<double>("b", {2}).add<double>("o", {0, 0});
    const auto one = model().add<double>("w", {2, 1}).add<double>("b", {5}).add<double>("o", {1, 0});
    const auto two = model().add<double>("w", {1.6, 1.8}).add<double>("b", {8}).add<double>("o", {-1, 0.1});
    const auto made =
        soup(std::vector<named_tensors>{one, two}, {.method = merging::stock, .base = named_tensors(base)});
    const auto read = numbers(made.weights, "w");
    BOOST_TEST(read[0] == 1.6, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(read[1] == 1.3, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(numbers(made.weights, "b")[0] == 6.5,
               boost::test_tools::tolerance(1e-14)); // parallel: the mean
    BOOST_TEST(numbers(made.weights, "o") == (doubles{0, 0}),
               boost::test_tools::per_element()); // apart: stays
    const std::vector<named_tensors> alone{one}, both{one, two};
    BOOST_TEST(holds(refusal(both, {.method = merging::stock}), "LIPT-S18"));
    BOOST_TEST(holds(refusal(alone, {.method = merging::stock, .base = both[0]}), "LIPT-S17"));
}

// Of three models' changes the larger half counts, three of six each; then by hand.
BOOST_AUTO_TEST_CASE(ties_trims_elects_and_merges_what_agrees) {
    const auto base = model().add<float>("w", {1, 1, 1, 1}).add<float>("b", {0, 0});
    const auto one = model().add<float>("w", {1 + 8, 1 - 4, 1, 1 + 1}).add<float>("b", {2, 0});  // 8 -4 2
    const auto two = model().add<float>("w", {1 + 4, 1 + 16, 1 + 1, 1}).add<float>("b", {8, 1}); // 4 16 8
    const auto three =
        model().add<float>("w", {1 - 2, 1 - 8, 1, 1}).add<float>("b", {0.5f, -0.25f}); // -2 -8 .5
    const std::vector<named_tensors> models{one, two, three};
    const auto made =
        soup(models, {.method = merging::ties, .base = named_tensors(base), .density = 0.5, .scale = 0.5});
    // w0: 8+4-2 > 0: mean of 8 and 4. w1: -4+16-8 > 0: 16. w2, w3: trimmed. b0: 2+8+0.5: 3.5. b1: trimmed.
    BOOST_TEST(numbers(made.weights, "w") == (doubles{4, 9, 1, 1}), boost::test_tools::per_element());
    BOOST_TEST(numbers(made.weights, "b") == (doubles{1.75, 0}), boost::test_tools::per_element());
    for (const double density : {0.0, 1.5, std::nan("")})
        BOOST_TEST(
            holds(refusal(models, {.method = merging::ties, .base = models[0], .density = density}), "S17"));
    BOOST_TEST(holds(refusal(models, {.method = merging::ties, .base = models[0], .scale = -1}), "S17"));
    BOOST_TEST(holds(refusal(models, {.method = merging::ties}), "S18"));
}

BOOST_AUTO_TEST_SUITE_END()
