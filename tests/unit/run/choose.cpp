#include <lipt/backends/reference/tensor.hpp>
#include <lipt/backends/reference/training.hpp>
#include <lipt/run/choose.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/toy_images.hpp>
#include <support/toy_run.hpp>

#include <cmath>

BOOST_AUTO_TEST_SUITE(choose)

namespace {

using training = lipt::reference::training;
const lipt::reference::tensor tensor{};

struct setup {
    lipt_test::toy_images train{150, 1}, test{30, 2};
    lipt::pipeline_settings settings = lipt_test::toy_settings();

    setup() { settings.hold_out = 0.2; }
    lipt::pipeline_context context() const {
        return lipt_test::toy_context(train.view(), test.view(), settings);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(candidates_are_the_samples_that_may_be_kept) {
    setup s;
    using features = lipt::candidate_features<lipt::reference::tensor>;
    const features all = lipt::candidates_of<lipt::reference::tensor>(s.context());
    BOOST_TEST(all.ranked.size() == 150u);
    BOOST_TEST(std::is_sorted(all.ranked.begin(), all.ranked.end()));
    BOOST_TEST(!all.modelled);
    s.settings.rank_held_out = false;
    const features some = lipt::candidates_of<lipt::reference::tensor>(s.context());
    BOOST_TEST(some.ranked.size() == 120u);
    for (std::size_t i = 0; i < 120; ++i)
        BOOST_TEST(some.labels[i] == s.train.view().labels[static_cast<std::size_t>(some.ranked[i])]);
}

BOOST_AUTO_TEST_CASE(a_choice_names_samples_of_the_training_set) {
    setup s;
    s.settings.rank_held_out = false;
    const auto context = s.context();
    auto backend = training::make(context.spec, {});
    lipt::stage_cost features, select;
    const std::vector<std::vector<float>> models{lipt::initial_weights(context.spec, 1)};
    const auto chosen = lipt::choose_subset(context, backend, tensor, lipt::method_of("grand", {}), models, 0,
                                            features, select);
    BOOST_TEST(chosen.indices.size() == 24u); // a fifth of 120
    BOOST_TEST(features.forward == 150u);
    BOOST_TEST(chosen.scores.size() == 150u);
    for (const auto index : context.held_out) {
        BOOST_TEST((std::find(chosen.indices.begin(), chosen.indices.end(), index) == chosen.indices.end()));
        BOOST_TEST(std::isnan(chosen.scores[static_cast<std::size_t>(index)]));
    }
    for (const auto index : context.pool)
        BOOST_TEST(std::isfinite(chosen.scores[static_cast<std::size_t>(index)]));
}

BOOST_AUTO_TEST_CASE(several_models_average_their_scores) {
    const setup s;
    const auto context = s.context();
    auto backend = training::make(context.spec, {});
    const std::vector<std::vector<float>> one{lipt::initial_weights(context.spec, 1)},
        two{lipt::initial_weights(context.spec, 2)}, both{one[0], two[0]};
    const auto scores = [&](const std::vector<std::vector<float>> &models) {
        lipt::stage_cost features, select;
        return lipt::choose_subset(context, backend, tensor, lipt::method_of("el2n", {}), models, 0, features,
                                   select)
            .scores;
    };
    const auto a = scores(one), b = scores(two), mean = scores(both);
    for (std::size_t i = 0; i < mean.size(); ++i)
        BOOST_TEST(mean[i] == (a[i] + b[i]) / 2, boost::test_tools::tolerance(1e-5f));
    lipt::stage_cost features, select;
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::choose_subset(context, backend, tensor, lipt::method_of("gradmatch", {}), both, 0,
                                       features, select);
               }) == "LIPT-C20");
}

BOOST_AUTO_TEST_CASE(models_that_are_not_there_are_said) {
    setup s;
    lipt::memory_store store;
    const auto id = [&] { return lipt_test::error_id([&] { lipt::feature_models(s.context(), store); }); };
    BOOST_TEST(id() == "LIPT-S06"); // no soup
    s.settings.features = lipt::features_kind::ensemble;
    BOOST_TEST(id() == "LIPT-S06"); // no worker
    s.settings.features = lipt::features_kind::soup;
    s.settings.pretrain = lipt::pretrain_kind::full;
    BOOST_TEST(id() == "LIPT-S06"); // not finished
    s.settings.pretrain = lipt::pretrain_kind::none;
    s.settings.start = lipt::start_kind::fresh;
    BOOST_TEST(id() == "");
    s.settings.pretrain = lipt::pretrain_kind::lipt;
    s.settings.start = lipt::start_kind::pretrained;
    BOOST_TEST(lipt_test::error_id([&] { lipt::starting_weights(s.context(), store); }) == "LIPT-S06");
}

BOOST_AUTO_TEST_SUITE_END()
