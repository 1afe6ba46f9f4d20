#include <lipt/select/training_scores.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using samples = std::vector<std::int64_t>;
using labels = std::vector<std::int32_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(training_scores)

BOOST_AUTO_TEST_CASE(forgetting_counts_steps_from_right_to_wrong) {
    lipt::forgetting_events events(4);
    // Sample 0: right, wrong, right, wrong; 1: always right; 2: never right; 3: seen once, wrong.
    const lipt::host_matrix right{{2, 1}}, wrong{{1, 2}}, tie{{1, 1}};
    for (const bool first : {true, false, true, false})
        events.add(samples{0}, labels{0}, first ? right : wrong);
    for (int epoch = 0; epoch < 4; ++epoch) {
        events.add(samples{2, 1}, labels{0, 1}, lipt::host_matrix{{1, 2}, {1, 2}});
    }
    events.add(samples{3}, labels{0}, tie); // as likely as another class is not right
    // Those that were never right stand above the 2 of sample 0, by how often they were shown.
    BOOST_TEST(events.scores() == (std::vector<float>{2, 0, 2 + 4, 2 + 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_area_under_the_margin_is_a_mean_and_negated) {
    lipt::area_under_margin area(3);
    area.add(samples{0, 1}, labels{0, 2}, lipt::host_matrix{{5, 1, 3}, {0, 4, 1}});
    area.add(samples{1, 0}, labels{2, 0}, lipt::host_matrix{{0, 0, 2}, {1, 2, 0}});
    // Sample 0: 5-3 = 2, 1-2 = -1; sample 1: 1-4 = -3, 2-0 = 2; sample 2 was never shown.
    BOOST_TEST(area.scores() == (std::vector<float>{-0.5f, 0.5f, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(error_norms_are_averaged_over_presentations) {
    lipt::error_norms norms(3);
    // Equal logits of 2 classes: p = 1/2 each, error (-1/2, 1/2). Far apart: right has error 0, wrong (1,
    // -1).
    norms.add(samples{0, 1}, labels{0, 1}, lipt::host_matrix{{3, 3}, {200, 0}});
    norms.add(samples{0}, labels{1}, lipt::host_matrix{{0, 200}});
    const auto scores = norms.scores();
    BOOST_TEST(scores[0] == static_cast<float>(std::sqrt(0.5) / 2));
    BOOST_TEST(scores[1] == static_cast<float>(std::sqrt(2.0)));
    BOOST_TEST(scores[2] == 0.0f);
    // A label's probability within float's steps of 1: the error is what it lacks, exp(-20), not rounded to
    // 0.
    lipt::error_norms sure(1);
    sure.add(samples{0}, labels{0}, lipt::host_matrix{{20, 0}});
    const double lacks = std::exp(-20.0) / (1 + std::exp(-20.0));
    BOOST_TEST(sure.scores()[0] == lacks * std::sqrt(2.0), boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(a_logit_that_is_not_finite_is_an_error_and_adds_nothing) {
    lipt::error_norms norms(2);
    const lipt::host_matrix logits{{3, 3}, {0, std::numeric_limits<float>::quiet_NaN()}};
    BOOST_TEST(lipt_test::error_id([&] { norms.add(samples{0, 1}, labels{0, 1}, logits); }) == "LIPT-C21");
    BOOST_TEST(norms.scores() == (std::vector<float>{0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_batch_that_does_not_fit_is_an_error) {
    lipt::forgetting_events events(2);
    lipt::area_under_margin area(2);
    lipt::error_norms norms(2);
    const lipt::host_matrix logits{{1, 2}};
    const auto id = [&](const samples &of, const labels &as) {
        const auto one = lipt_test::error_id([&] { events.add(of, as, logits); });
        BOOST_TEST(lipt_test::error_id([&] { area.add(of, as, logits); }) == one);
        BOOST_TEST(lipt_test::error_id([&] { norms.add(of, as, logits); }) == one);
        return one;
    };
    BOOST_TEST(id({0, 1}, {0, 1}) == "LIPT-C21");
    BOOST_TEST(id({2}, {0}) == "LIPT-C21");
    BOOST_TEST(id({-1}, {0}) == "LIPT-C21");
    BOOST_TEST(id({0}, {2}) == "LIPT-C21");
    BOOST_TEST(events.scores() == (std::vector<float>{0, 0}), boost::test_tools::per_element());
    BOOST_TEST(lipt_test::error_id([&] { area.add(samples{0}, labels{0}, lipt::host_matrix{{1}}); }) ==
               "LIPT-C21");
}

BOOST_AUTO_TEST_SUITE_END()
