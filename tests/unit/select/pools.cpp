#include <lipt/select/random.hpp>
#include <lipt/select/score.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/selection_problem.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace {

using lipt_test::error_id;
using lipt_test::random_problem;
using positions = std::vector<std::int64_t>;

/// A selector of one's own: the first of each pool, with its position as score and a weight of 2.
struct first_come {
    static constexpr lipt::method_info info{
        .name = "first-come", .summary = "the first of each pool", .weights = true};

    template <lipt::tensor_backend Tensor>
    static lipt::pool_picks pick(const Tensor &, const lipt::selection_pool<Tensor> &pool,
                                 const lipt::select_options &) {
        lipt::pool_picks picks;
        for (std::size_t i = 0; i < pool.quota; ++i) picks.order.push_back(static_cast<std::int64_t>(i));
        picks.weights.assign(pool.quota, 2.0f);
        for (std::size_t i = 0; i < pool.members.size(); ++i) picks.scores.push_back(static_cast<float>(i));
        return picks;
    }
};

/// A selector that looks at validation, and picks as many as there are validation samples in its pool.
struct as_many_as_validation {
    static constexpr lipt::method_info info{
        .name = "counts", .summary = "", .validation = true, .exact = false};

    template <lipt::tensor_backend Tensor>
    static lipt::pool_picks pick(const Tensor &tensor, const lipt::selection_pool<Tensor> &pool,
                                 const lipt::select_options &) {
        lipt::pool_picks picks;
        for (std::size_t i = 0; i < tensor.rows(pool.validation.logits); ++i)
            picks.order.push_back(static_cast<std::int64_t>(i));
        return picks;
    }
};

const std::vector<std::int32_t> labels{1, 0, 1, 0, 1, 1};

lipt::selection_problem<random_problem::tensor_type> bare(double fraction, std::size_t classes = 2,
                                                          bool balanced = true) {
    return {.labels = labels, .classes = classes, .fraction = fraction, .balanced = balanced};
}

const random_problem::tensor_type tensor;

} // namespace

BOOST_AUTO_TEST_SUITE(pools)

BOOST_AUTO_TEST_CASE(picks_are_mapped_back_class_by_class) {
    const auto chosen = lipt::select_with<first_come>(tensor, bare(0.5));
    BOOST_TEST(chosen.indices == (positions{1, 0, 2}), boost::test_tools::per_element());
    BOOST_TEST(chosen.weights == std::vector<float>(3, 1.0f), boost::test_tools::per_element());
    const auto raw = lipt::select_with<first_come>(tensor, bare(0.5), {.raw_weights = true});
    BOOST_TEST(raw.weights == std::vector<float>(3, 2.0f), boost::test_tools::per_element());
    BOOST_TEST(chosen.scores == (std::vector<float>{0, 0, 1, 1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_pool_comes_back_in_class_order) {
    const auto chosen = lipt::select_with<first_come>(tensor, bare(0.5, 2, false));
    BOOST_TEST(chosen.indices == (positions{1, 0, 2}), boost::test_tools::per_element());
    BOOST_TEST(chosen.scores == (std::vector<float>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST(lipt::select_with<first_come>(tensor, bare(0.7, 2, false)).indices == (positions{1, 3, 0, 2}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_selection_that_was_stopped_goes_on) {
    const random_problem random({.samples = 40, .classes = 4});
    std::vector<std::pair<std::size_t, lipt::pool_picks>> made;
    const lipt::select_options remembering{
        .remember = [&](std::size_t pool, const lipt::pool_picks &picks) { made.emplace_back(pool, picks); }};
    const auto whole = lipt::select_with<lipt::methods::grand>(random.tensor, random.view(0.3), remembering);
    BOOST_REQUIRE(made.size() == 4u);
    made.resize(2); // stopped after two classes
    std::size_t read = 0;
    auto problem = random.view(0.3);
    problem.gradients = [&](std::span<const std::int64_t> members) {
        read += members.size();
        return gather(random.tensor, random.gradients, members);
    };
    auto resuming = remembering;
    resuming.recall = [&](std::size_t pool, lipt::pool_picks &picks) {
        if (pool > 1) return false;
        BOOST_TEST(made[pool].first == pool);
        picks = made[pool].second;
        return true;
    };
    const auto resumed = lipt::select_with<lipt::methods::grand>(random.tensor, problem, resuming);
    BOOST_TEST(resumed.indices == whole.indices, boost::test_tools::per_element());
    BOOST_TEST(resumed.scores == whole.scores, boost::test_tools::per_element());
    BOOST_TEST(made.size() == 4u); // what is recalled is not remembered again
    BOOST_TEST(read == 20u);       // nor read
}

BOOST_AUTO_TEST_CASE(empty_classes_and_classes_without_quota_are_passed_over) {
    std::vector<std::size_t> reported;
    const lipt::select_options options{.progress = [&](std::size_t done, std::size_t of) {
        reported.push_back(done);
        BOOST_TEST(of == 5u);
    }};
    // Counts 2 4 0 0 0 at 0.15: quotas 0.3 and 0.6 of one sample in all.
    const auto chosen = lipt::select_with<first_come>(tensor, bare(0.15, 5), options);
    BOOST_TEST(chosen.indices == (positions{0}), boost::test_tools::per_element());
    BOOST_TEST(reported == (std::vector<std::size_t>{1, 2, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST(lipt::select_with<first_come>(tensor, bare(0.01)).indices.empty());
    BOOST_TEST(lipt::select_with<first_come>(tensor, bare(1.0)).indices.size() == labels.size());
}

BOOST_AUTO_TEST_CASE(given_scores_stand_in_for_the_scorers_own) {
    auto problem = bare(0.5);
    const std::vector<float> scores{1, 2, 9, 8, 7, 6};
    problem.scores = scores;
    const auto chosen = lipt::select_with<lipt::methods::grand>(tensor, problem);
    BOOST_TEST(chosen.indices == (positions{3, 2, 4}), boost::test_tools::per_element());
    BOOST_TEST(chosen.scores == scores, boost::test_tools::per_element());
    problem.scores = std::span(scores).first(5);
    BOOST_TEST(error_id([&] { lipt::select_with<lipt::methods::grand>(tensor, problem); }) == "LIPT-C06");
}

BOOST_AUTO_TEST_CASE(validation_is_that_of_the_class) {
    const random_problem random({.samples = 60, .classes = 3, .validation = 7}); // 3, 2 and 2 of the classes
    const auto count = [&](bool balanced) {
        return lipt::select_with<as_many_as_validation>(random.tensor, random.view(0.5, balanced))
            .indices.size();
    };
    BOOST_TEST(count(true) == 7u);
    BOOST_TEST(count(false) == 7u);
    const random_problem missing({.samples = 60, .classes = 3, .validation = 2});
    BOOST_TEST(error_id([&] {
                   lipt::select_with<as_many_as_validation>(missing.tensor, missing.view(0.5));
               }) == "LIPT-C07");
    BOOST_TEST(
        lipt::select_with<as_many_as_validation>(missing.tensor, missing.view(0.5, false)).indices.size() ==
        2u);
}

BOOST_AUTO_TEST_CASE(what_the_problem_lacks_is_an_error) {
    using lipt::methods::grand;
    BOOST_TEST(error_id([] { lipt::select_with<first_come>(tensor, bare(0.5, 0)); }) == "LIPT-C02");
    BOOST_TEST(error_id([] {
                   auto empty = bare(0.5);
                   empty.labels = {};
                   lipt::select_with<first_come>(tensor, empty);
               }) == "LIPT-C02");
    BOOST_TEST(error_id([] { lipt::select_with<first_come>(tensor, bare(0.5, 1)); }) == "LIPT-C03");
    BOOST_TEST(error_id([] { lipt::select_with<grand>(tensor, bare(0.5)); }) == "LIPT-C04");
    BOOST_TEST(error_id([] { lipt::select_with<as_many_as_validation>(tensor, bare(0.5)); }) == "LIPT-C05");
    BOOST_TEST(error_id([] {
                   auto many = bare(0.5);
                   many.labels = {labels.data(), (std::size_t{1} << 32) + 1}; // never looked at
                   lipt::select_with<first_come>(tensor, many);
               }) == "LIPT-D24");
    BOOST_TEST(error_id([] { lipt::select_with<first_come>(tensor, bare(0.0)); }) == "LIPT-D04");
    BOOST_TEST(error_id([] { lipt::select_with<first_come>(tensor, bare(1.01)); }) == "LIPT-D04");
}

BOOST_AUTO_TEST_CASE(gradients_that_are_not_finite_or_too_few_are_an_error) {
    random_problem random({});
    random.gradients.embedding(17, 2) = std::numeric_limits<float>::quiet_NaN();
    BOOST_TEST(error_id([&] { lipt::select_with<lipt::methods::grand>(random.tensor, random.view(0.5)); }) ==
               "LIPT-C08");
    random.gradients.embedding(17, 2) = std::numeric_limits<float>::infinity();
    BOOST_TEST(error_id([&] { lipt::select_with<lipt::methods::grand>(random.tensor, random.view(0.5)); }) ==
               "LIPT-C08");
    // A method that looks at no embedding is not held up by one.
    BOOST_TEST(
        error_id([&] { lipt::select_with<lipt::methods::el2n>(random.tensor, random.view(0.5)); }).empty());
    random.gradients.embedding(17, 2) = 0;
    auto problem = random.view(0.5);
    problem.gradients = [&](std::span<const std::int64_t>) {
        return lipt::last_layer_gradients<random_problem::tensor_type>{random.tensor.make(1, 3),
                                                                       random.tensor.make(1, 5)};
    };
    BOOST_TEST(error_id([&] { lipt::select_with<lipt::methods::grand>(random.tensor, problem); }) ==
               "LIPT-C04");
    // The logarithms of all labels beside the rows of one pool.
    problem.gradients = [&](std::span<const std::int64_t> indices) {
        auto some = lipt::gather(random.tensor, random.gradients, indices);
        some.label_log = random.gradients.label_log;
        return some;
    };
    BOOST_TEST(error_id([&] { lipt::select_with<lipt::methods::el2n>(random.tensor, problem); }) ==
               "LIPT-C04");
    random.validation.labels.pop_back();
    BOOST_TEST(error_id([&] { lipt::select_with<as_many_as_validation>(random.tensor, random.view(0.5)); }) ==
               "LIPT-C05");
}

BOOST_AUTO_TEST_CASE(the_checker_sees_every_broken_invariant) {
    const lipt::method_info weighted{.name = "w", .weights = true}, plain{.name = "p"},
        loose{.name = "l", .exact = false};
    const auto broken = [&](lipt::selection chosen, const lipt::method_info &info, bool balanced = true) {
        return lipt::broken_invariant(chosen, labels, 2, 0.5, info, balanced);
    };
    BOOST_TEST(broken({.indices = {1, 0, 2}}, plain) == "");
    BOOST_TEST(broken({.indices = {1, 0, 6}}, plain).find("out of range") != std::string::npos);
    BOOST_TEST(broken({.indices = {-1, 0, 2}}, plain).find("out of range") != std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0, 0}}, plain).find("twice") != std::string::npos);
    BOOST_TEST(broken({.indices = {0, 1, 2}}, plain).find("class order") != std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0}}, plain).find("quota") != std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0}}, loose) == "");
    BOOST_TEST(broken({.indices = {1, 3, 0}}, plain).find("quota") != std::string::npos);
    BOOST_TEST(broken({.indices = {1, 3, 0}}, plain, false) == "");
    BOOST_TEST(broken({.indices = {1, 3, 0}}, loose).find("quota") != std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0, 2}, .weights = {1, 2, 3}}, weighted) == "");
    BOOST_TEST(broken({.indices = {1, 0, 2}, .weights = {1, 2, 3}}, plain).find("weights") !=
               std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0, 2}, .weights = {1, 2}}, weighted).find("weights") !=
               std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0, 2}, .weights = {1, -2, 3}}, weighted).find("weight") !=
               std::string::npos);
    BOOST_TEST(broken({.indices = {1, 0, 2}, .scores = {1}}, plain).find("scores") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(classes_that_lose_all_their_samples_are_named_or_keep_one) {
    std::vector<std::int32_t> uneven(20);
    uneven[7] = 2; // a class of one, of which a tenth is nothing; class 1 is empty
    auto problem = bare(0.1, 3);
    problem.labels = uneven;
    const auto chosen = lipt::select_with<first_come>(tensor, problem);
    BOOST_TEST(chosen.indices == (positions{0, 1}), boost::test_tools::per_element());
    BOOST_TEST(chosen.lost_classes == (std::vector<std::size_t>{2}), boost::test_tools::per_element());
    problem.at_least_one = true;
    const auto each = lipt::select_with<first_come>(tensor, problem);
    BOOST_TEST(each.indices == (positions{0, 7}), boost::test_tools::per_element());
    BOOST_TEST(each.lost_classes.empty());
    BOOST_TEST(lipt::broken_invariant(each, uneven, 3, 0.1, first_come::info, true, {.at_least_one = true}) ==
               "");
    // From one pool there are no quotas; and what is drawn anew each epoch comes to every class in its turn.
    problem.balanced = false;
    BOOST_TEST(lipt::select_with<first_come>(tensor, problem).lost_classes.size() == 1u);
    problem.balanced = true;
    BOOST_TEST(lipt::select_with<lipt::methods::rs2>(tensor, problem).lost_classes.empty());
}

BOOST_AUTO_TEST_SUITE_END()
