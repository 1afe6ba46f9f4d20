#include <lipt/run/pipeline.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/toy_images.hpp>
#include <support/toy_run.hpp>

#include <algorithm>

BOOST_AUTO_TEST_SUITE(trials)

namespace {

using training = lipt_test::backend::training;
using tensor_type = lipt_test::backend::tensor;
const auto tensor = lipt_test::tensor_on_device<tensor_type>();

/// Toy images of which every fifth has a wrong label: what is hardest is wrong.
struct setup {
    lipt_test::toy_images train{300, 1}, test{60, 2};
    lipt::image_set noisy = train.view();
    std::vector<std::int32_t> labels{noisy.labels.begin(), noisy.labels.end()};
    lipt::pipeline_settings settings = lipt_test::toy_settings();

    setup() {
        for (std::size_t i = 0; i < labels.size(); i += 5) labels[i] = (labels[i] + 1) % 3;
        noisy.labels = labels;
        settings.initialize.epochs = 2;
        settings.local.training.epochs = 5;
        settings.main.epochs = 6;
        settings.selector = "auto";
        settings.trials = {.candidates = "grand,el2n", .budget = 1.0, .hold_out = 0.3};
    }
    lipt::pipeline_context context() const { return lipt_test::toy_context(noisy, test.view(), settings); }
};

/// The trials of a run whose pre-training is done.
struct trial_run {
    lipt::memory_store store;
    lipt::pipeline_result result;
    explicit trial_run(const setup &s) : result(lipt::run_pipeline<training>(s.context(), tensor, store)) {}
};

} // namespace

BOOST_AUTO_TEST_CASE(rungs_halve_until_one_rival_is_left) {
    using sizes = std::vector<std::size_t>;
    BOOST_TEST((lipt::detail::rung_sizes(1) == sizes{1}));
    BOOST_TEST((lipt::detail::rung_sizes(2) == sizes{2}));
    BOOST_TEST((lipt::detail::rung_sizes(5) == sizes{5, 3, 2}));
    BOOST_TEST((lipt::detail::rung_sizes(8) == sizes{8, 4, 2}));
    // 5 of one length, 3 of two, 2 of four three times: 35 lengths in all.
    BOOST_TEST(lipt::detail::first_rung_samples(sizes{5, 3, 2}, 350.0) == 10.0);
    BOOST_TEST(lipt::detail::first_rung_samples(sizes{2}, 60.0) == 10.0);
}

BOOST_AUTO_TEST_CASE(a_lead_is_counted_where_two_differ) {
    using trainings = std::vector<std::vector<bool>>;
    const auto tolerance = boost::test_tools::tolerance(1e-12);
    // Right where the other is wrong: 3 times; wrong where it is right: once; alike: 4 times.
    const std::vector<bool> one{true, true, true, false, true, true, false, false};
    const std::vector<bool> other{false, false, false, true, true, true, false, false};
    const auto once = lipt::detail::lead(trainings{one}, trainings{other});
    BOOST_TEST(once.ahead == 0.25);
    BOOST_TEST(once.error == std::sqrt(4.0 - 8 * 0.0625) / 8, tolerance);
    const auto tie = lipt::detail::lead(trainings{one}, trainings{one});
    BOOST_TEST(tie.ahead == 0.0);
    BOOST_TEST(tie.error == 0.0);
    // A second pair the other way about: every sample's mean is 0, and the pairs are 0.25 from it.
    const auto apart = lipt::detail::lead(trainings{one, other}, trainings{other, one});
    BOOST_TEST(apart.ahead == 0.0);
    BOOST_TEST(apart.error == 0.25, tolerance);
    // A second pair like the first says nothing new of the samples, and that seeds do not matter.
    BOOST_TEST(lipt::detail::lead(trainings{one, one}, trainings{other, other}).error == once.error,
               tolerance);
}

BOOST_AUTO_TEST_CASE(equals_seldom_lead_and_what_is_better_does) {
    // Networks whose accuracy a seed moves by 3 points, more than 4,000 scored samples can tell apart.
    const auto verdicts = [](double better) {
        lipt::rng draw({.seed = 3, .stage = lipt::stream::trial});
        const auto uniform = [&] { return (static_cast<double>(draw()) + 0.5) * 0x1p-32; };
        const auto training = [&](double accuracy) {
            const double moved = accuracy + 0.03 * std::sqrt(12.0) * (uniform() - 0.5);
            std::vector<bool> right(4000);
            for (std::size_t i = 0; i < right.size(); ++i) right[i] = uniform() < moved;
            return right;
        };
        std::size_t taken = 0;
        for (int trial = 0; trial < 300; ++trial) {
            std::vector<std::vector<bool>> random, rival;
            for (std::size_t time = 0; time < lipt::detail::play_offs; ++time) {
                random.push_back(training(0.6));
                rival.push_back(training(0.6 + better));
            }
            const auto [ahead, error] = lipt::detail::lead(rival, random);
            taken += ahead > lipt::trial_options{}.margin * error;
        }
        return static_cast<double>(taken) / 300;
    };
    BOOST_TEST(verdicts(0.0) < 0.12);
    BOOST_TEST(verdicts(-0.05) < 0.02);
    BOOST_TEST(verdicts(0.15) > 0.9);
}

BOOST_AUTO_TEST_CASE(the_hardest_of_noisy_labels_do_not_beat_chance) {
    const setup s;
    const trial_run run(s);
    BOOST_TEST_REQUIRE(run.store.trials.has_value());
    const auto &report = *run.store.trials;
    BOOST_TEST(report.chosen == "stratified");
    BOOST_TEST(report.rival != "stratified");
    BOOST_TEST(report.ahead <= 2 * report.error);
    BOOST_TEST(report.records.size() == 3u + 6u);
    BOOST_TEST(report.records[0].candidate == "stratified");
    BOOST_TEST(report.records[0].ahead == 0.0);
    // 360 samples in 3 + 6 * 2 parts, of which the last rung's are two.
    BOOST_TEST(report.records[0].samples == 24u);
    BOOST_TEST(report.records[3].samples == 48u);
    // The last two meet three times, and stratified random draws anew.
    double ahead = 0;
    for (std::size_t draw = 0; draw < 3; ++draw) {
        BOOST_TEST(report.records[3 + draw].candidate == "stratified");
        BOOST_TEST(report.records[6 + draw].candidate == report.rival);
        ahead += report.records[6 + draw].ahead / 3;
    }
    BOOST_TEST(report.ahead == ahead, boost::test_tools::tolerance(1e-12));
    // 30 % of 300, class by class.
    BOOST_TEST(report.scored == 90u);
    // What was chosen is the subset of that name.
    setup named;
    named.settings.selector = "stratified";
    BOOST_TEST((trial_run(named).result.subset.indices == run.result.subset.indices));
}

BOOST_AUTO_TEST_CASE(trials_repeat_and_keep_their_budget) {
    const setup s;
    const trial_run one(s), two(s);
    BOOST_TEST((one.result.subset.indices == two.result.subset.indices));
    BOOST_TEST((one.result.trained.state.weights == two.result.trained.state.weights));
    const auto &cost = one.store.costs.at("select");
    // The main training's 6 x 60 images, and up to one batch more a trial.
    BOOST_TEST(cost.backward > 300u);
    BOOST_TEST(cost.backward <= 6u * 60 + 9 * 16);
    // Statistics are made from at most this many samples of what each trial trained on.
    const auto observing = [](std::size_t images) {
        setup other;
        other.settings.observe_images = images;
        const trial_run run(other);
        const auto &of = run.store.costs.at("select");
        return of.forward - of.backward - 9 * 90;
    };
    BOOST_TEST(observing(20) == 9 * 20u);
    BOOST_TEST(observing(1024) > 9 * 20u);
    BOOST_TEST(observing(1024) < 9 * 60u); // none of what is scored
    setup averaged;
    averaged.settings.statistics = lipt::statistics_kind::averaged;
    const trial_run third(averaged);
    const auto &less = third.store.costs.at("select");
    BOOST_TEST(less.forward == less.backward + 9 * 90);
}

BOOST_AUTO_TEST_CASE(without_a_rival_nothing_is_trained) {
    setup s;
    s.settings.trials.candidates = "stratified";
    const trial_run run(s);
    BOOST_TEST(run.store.trials->chosen == "stratified");
    BOOST_TEST(run.store.trials->rival == "");
    BOOST_TEST(run.store.trials->records.empty());
    BOOST_TEST(run.store.costs.at("select").backward == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_scored_is_never_trained_on) {
    setup s;
    s.settings.trials.candidates = "grand,facility-location,gradmatch";
    const auto context = s.context();
    auto backend = training::make(context.spec, lipt_test::on_device());
    backend.load(lipt::initial_weights(context.spec, 1), {});
    lipt::stage_cost cost;
    auto features = lipt::candidates_of<tensor_type>(context);
    lipt::add_outputs(context, backend, tensor, features, cost);
    std::vector<std::int64_t> scored;
    for (std::int64_t i = 0; i < 300; i += 4) scored.push_back(i);
    std::size_t weighted = 0;
    const lipt::detail::trial_subsets<tensor_type> subsets(context, tensor, features, scored);
    for (const auto &one : subsets.contestants()) {
        BOOST_TEST(one.chosen.indices.size() == 60u);
        const auto samples = subsets.without_scored(one.chosen);
        std::size_t left_out = 0;
        for (const auto index : one.chosen.indices) left_out += index % 4 == 0;
        BOOST_TEST(samples.indices.size() == 60u - left_out);
        for (const auto index : samples.indices) BOOST_TEST(index % 4 != 0);
        BOOST_TEST((samples.weights.empty() || samples.weights.size() == samples.indices.size()));
        weighted += !samples.weights.empty();
    }
    BOOST_TEST(weighted == 1u); // gradmatch's
}

BOOST_AUTO_TEST_CASE(a_method_that_leads_is_taken) {
    // Samples at a middling distance from their class have right labels as a rule; a fifth of a random subset
    // has wrong ones. The same trials with a margin that none meets, and with one that this lead does.
    setup s;
    s.settings.start = lipt::start_kind::fresh;
    s.settings.trials.candidates = "moderate";
    s.settings.trials.budget = 6; // trials as long as the main training: shorter ones say little here
    s.settings.trials.margin = 1e6;
    BOOST_TEST(trial_run(s).store.trials->chosen == "stratified");
    s.settings.trials.margin = 1;
    const trial_run free(s);
    BOOST_TEST_REQUIRE(free.store.trials->records.size() == 6u);
    BOOST_TEST_INFO("ahead by " << free.store.trials->ahead << " +- " << free.store.trials->error);
    BOOST_TEST(free.store.trials->chosen == "moderate");
    setup named = s;
    named.settings.selector = "moderate";
    BOOST_TEST((trial_run(named).result.subset.indices == free.result.subset.indices));
}

BOOST_AUTO_TEST_CASE(a_method_that_draws_anew_each_epoch_does_so_on_trial) {
    // Right labels and fresh weights: nine samples over and over against nine others each time.
    setup s;
    s.noisy.labels = s.train.view().labels;
    s.settings.start = lipt::start_kind::fresh;
    s.settings.fraction = 0.03;
    s.settings.main.epochs = 60;
    s.settings.trials.candidates = "stratified,rs2";
    s.settings.trials.margin = 0;
    const trial_run run(s);
    const auto &records = run.store.trials->records;
    BOOST_TEST_REQUIRE(records.size() == 6u);
    BOOST_TEST(records[0].candidate == "rs2");
    double fixed = 0, anew = 0;
    for (std::size_t draw = 0; draw < 3; ++draw) {
        anew += records[draw].accuracy;
        fixed += records[3 + draw].accuracy;
    }
    BOOST_TEST(fixed < anew);
    BOOST_TEST(run.store.trials->baseline == "rs2");
    BOOST_TEST(run.store.trials->chosen == "rs2");
    // The main training draws anew as well.
    setup named = s;
    named.settings.selector = "rs2";
    BOOST_TEST((trial_run(named).result.trained.state.weights == run.result.trained.state.weights));
}

BOOST_AUTO_TEST_CASE(of_few_samples_some_epochs_may_be_all_held_out) {
    setup s;
    s.settings.fraction = 0.01; // one sample of each class, and half of all are held out
    s.settings.main.epochs = 40;
    s.settings.trials = {.candidates = "rs2,random", .hold_out = 0.5};
    std::size_t chosen = 0;
    for (s.settings.seed = 1; s.settings.seed <= 8; ++s.settings.seed) {
        const auto id = lipt_test::error_id([&] { trial_run{s}; });
        BOOST_TEST((id.empty() || id == "LIPT-U11"), id);
        chosen += id.empty();
    }
    BOOST_TEST(chosen > 0u);
}

BOOST_AUTO_TEST_CASE(impossible_trials_are_refused_before_any_work) {
    setup s;
    s.settings.trials.candidates = "stratified,magic";
    BOOST_TEST(lipt_test::error_id([&] { lipt::trial_candidates(s.settings); }) == "LIPT-C01");
    s.settings.trials.candidates = "gradmatch/ccs";
    BOOST_TEST(lipt_test::error_id([&] { lipt::trial_candidates(s.settings); }) == "LIPT-C40");
    s.settings.trials.candidates = "stratified,el2n/ccs";
    BOOST_TEST(lipt::trial_candidates(s.settings).size() == 2u);
    const auto names = [&](const std::string &candidates) {
        s.settings.trials.candidates = candidates;
        std::string all;
        for (const auto &one : lipt::trial_candidates(s.settings)) all += one.name + " ";
        return all;
    };
    BOOST_TEST(names("el2n,stratified,grand") == "stratified el2n grand ");
    BOOST_TEST(names("el2n,stratified,rs2") == "rs2 el2n stratified ");
    BOOST_TEST(names("el2n") == "stratified el2n ");
    BOOST_TEST(names("") == "rs2 el2n/ccs facility-location ");
    s.settings.method.gradmatch.weights = lipt::pursuit_weights::ridge;
    BOOST_TEST(lipt_test::error_id([&] { lipt::check_models(s.settings); }) == "LIPT-U28");
    s.settings.use_weights = false;
    BOOST_TEST(lipt_test::error_id([&] { lipt::check_models(s.settings); }) == "");
    s.settings.method.sampler.ccs.cutoff = 1;
    BOOST_TEST(lipt_test::error_id([&] { s.context(); }) == "LIPT-C17");
    s.settings.method = {};
    s.settings.trials.budget = 0;
    BOOST_TEST(lipt_test::error_id([&] { s.context(); }) == "LIPT-U19");
    s.settings.pretrain = lipt::pretrain_kind::full;
    s.settings.full_runs = 2;
    BOOST_TEST(lipt_test::error_id([&] { lipt::check_models(s.settings); }) == "LIPT-U18");
}

BOOST_AUTO_TEST_SUITE_END()
