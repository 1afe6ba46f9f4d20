#include <lipt/select/named_method.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace {

using lipt_test::random_problem;

/// The same samples in another order. order[i] is the old place of sample i
random_problem permuted(const random_problem &problem, const std::vector<std::int64_t> &order) {
    auto out = problem;
    out.gradients = lipt::gather(problem.tensor, problem.gradients, order);
    for (std::size_t i = 0; i < order.size(); ++i)
        out.labels[i] = problem.labels[static_cast<std::size_t>(order[i])];
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(methods)

BOOST_AUTO_TEST_CASE(every_invariant_holds_for_every_method) {
    for (const auto &info : lipt::all_methods::infos) {
        for (const double fraction : {0.02, 0.1, 0.37, 1.0}) {
            for (const bool balanced : {true, false}) {
                for (const std::size_t samples : {3, 31, 90}) {
                    const random_problem problem({.samples = samples, .classes = 3});
                    const auto chosen =
                        lipt::select(problem.tensor, info.name, problem.view(fraction, balanced));
                    BOOST_TEST(lipt::broken_invariant(chosen, problem.labels, 3, fraction, info, balanced) ==
                                   "",
                               info.name << " at " << fraction << " of " << samples);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_invariant_holds_for_every_sampler_of_every_scorer) {
    std::size_t scorers = 0;
    for (const auto &info : lipt::all_methods::infos) {
        if (!info.scorer) continue;
        ++scorers;
        for (const auto kind : {lipt::sampler_kind::top_k, lipt::sampler_kind::ccs, lipt::sampler_kind::d2,
                                lipt::sampler_kind::beta}) {
            for (const double fraction : {0.02, 0.37, 1.0}) {
                for (const std::size_t samples : {3, 90}) {
                    const random_problem problem({.samples = samples, .classes = 3});
                    const auto chosen = lipt::select(problem.tensor, info.name, problem.view(fraction),
                                                     {.sampler = {.kind = kind}});
                    BOOST_TEST(lipt::broken_invariant(chosen, problem.labels, 3, fraction, info, true) == "",
                               info.name << " at " << fraction << " of " << samples);
                }
            }
        }
    }
    BOOST_TEST(scorers == 10u);
}

BOOST_AUTO_TEST_CASE(given_scores_need_gradients_only_where_the_sampler_looks_at_them) {
    const random_problem problem({.samples = 30});
    const std::vector<float> scores(30, 1.0f);
    auto view = problem.view(0.2);
    view.scores = scores;
    const auto full =
        lipt::select(problem.tensor, "el2n", view, {.sampler = {.kind = lipt::sampler_kind::d2}});
    BOOST_TEST(full.indices.size() == 6u);
    BOOST_TEST(full.scores == scores, boost::test_tools::per_element());
    view.gradients = {};
    BOOST_TEST(lipt::select(problem.tensor, "el2n", view).indices.size() == 6u);
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::select(problem.tensor, "el2n", view, {.sampler = {.kind = lipt::sampler_kind::d2}});
               }) == "LIPT-C04");
}

BOOST_AUTO_TEST_CASE(what_no_method_rates_has_no_score) {
    random_problem problem({.samples = 40, .classes = 4});
    for (auto &label : problem.labels) label %= 3;
    problem.labels[7] = 3; // a class of one, of which a tenth is nothing
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    const auto scores = lipt::select(problem.tensor, "el2n", problem.view(0.1)).scores;
    for (std::size_t i = 0; i < 40; ++i) BOOST_TEST(std::isnan(scores[i]) == (i == 7));
}

BOOST_AUTO_TEST_CASE(an_empty_class_and_a_class_of_one_are_no_trouble) {
    random_problem problem({.samples = 40, .classes = 4});
    for (auto &label : problem.labels) label = label == 2 ? 0 : label; // class 2 is empty
    problem.labels[3] = 3;
    for (std::size_t i = 4; i < 40; ++i)
        problem.labels[i] = problem.labels[i] == 3 ? 1 : problem.labels[i]; // 3 has one
    problem.gradients =
        lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
    for (const auto &info : lipt::all_methods::infos) {
        for (const double fraction : {0.1, 0.6, 1.0}) {
            const auto chosen = lipt::select(problem.tensor, info.name, problem.view(fraction));
            BOOST_TEST(lipt::broken_invariant(chosen, problem.labels, 4, fraction, info, true) == "",
                       info.name);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_problem_gives_the_same_selection) {
    const random_problem problem({});
    for (const auto &info : lipt::all_methods::infos) {
        const auto first = lipt::select(problem.tensor, info.name, problem.view(0.3), {.seed = 4});
        const auto second = lipt::select(problem.tensor, info.name, problem.view(0.3), {.seed = 4});
        BOOST_TEST((first.indices == second.indices));
        BOOST_TEST((first.weights == second.weights));
        BOOST_TEST((first.scores == second.scores));
    }
}

BOOST_AUTO_TEST_CASE(the_order_of_the_samples_does_not_matter) {
    const random_problem problem({.samples = 120});
    std::vector<std::int64_t> order(120);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    lipt::rng({.seed = 8}).shuffle(std::span(order));
    const auto other = permuted(problem, order);
    std::size_t compared = 0;
    for (const auto &info : lipt::all_methods::infos) {
        if (info.chance) continue;                    // drawn by place
        if (info.name == "log-determinant") continue; // every first pick is as good: see its own test
        // Few picks: once most samples are covered, two that cover only each other have exactly equal gains.
        for (const bool balanced : {true, false}) {
            const auto one = lipt::select(problem.tensor, info.name, problem.view(0.1, balanced)).indices;
            auto two = lipt::select(other.tensor, info.name, other.view(0.1, balanced)).indices;
            for (auto &index : two) index = order[static_cast<std::size_t>(index)];
            BOOST_TEST((std::set(one.begin(), one.end()) == std::set(two.begin(), two.end())), info.name);
            ++compared;
        }
    }
    BOOST_TEST(compared == 34u); // all but the seven that draw and log-determinant, both ways
}

BOOST_AUTO_TEST_CASE(weights_and_scores_belong_to_their_samples) {
    const random_problem problem({.samples = 60, .classes = 2});
    const auto per_class = lipt::select(problem.tensor, "gradmatch", problem.view(0.2));
    const auto one_pool =
        lipt::select(problem.tensor, "gradmatch", problem.view(0.2, false), {.raw_weights = true});
    BOOST_TEST(per_class.scores.size() == 60u);
    BOOST_TEST(per_class.weights.size() == 12u);
    // Sorting one pool's picks by class must take the weights along: the largest projection is picked first,
    // and the pursuit that the pool itself returns has the same pairs.
    random_problem again({.samples = 60, .classes = 2});
    const auto picks = lipt::methods::gradmatch::pick(again.tensor, again.pool(12), {});
    for (std::size_t i = 0; i < picks.order.size(); ++i) {
        const auto at = std::find(one_pool.indices.begin(), one_pool.indices.end(), picks.order[i]);
        BOOST_REQUIRE((at != one_pool.indices.end()));
        BOOST_TEST(one_pool.weights[static_cast<std::size_t>(at - one_pool.indices.begin())] ==
                   picks.weights[i]);
    }
}

BOOST_AUTO_TEST_CASE(names_are_unique_and_found) {
    std::set<std::string_view> names;
    for (const auto &info : lipt::all_methods::infos) {
        names.insert(info.name);
        BOOST_TEST(!info.summary.empty());
        BOOST_TEST(lipt::find_method(info.name).summary == info.summary);
    }
    BOOST_TEST(names.size() == lipt::all_methods::infos.size());
    BOOST_TEST(lipt::find_method("rs2").resampled);
    BOOST_TEST(lipt::find_method("gradmatch").weights);
    BOOST_TEST(lipt::find_method("glister").validation);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error) {
    const random_problem problem({});
    BOOST_TEST(lipt_test::error_id([&] { lipt::select(problem.tensor, "Grand", problem.view(0.3)); }) ==
               "LIPT-C01");
    BOOST_TEST(lipt_test::error_id([] { lipt::find_method(""); }) == "LIPT-C01");
}

BOOST_AUTO_TEST_SUITE_END()
