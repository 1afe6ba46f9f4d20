#include <lipt/adapters/cli/setting_readers.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <functional>

using lipt::adapters::run_settings;
using lipt::adapters::take_apart;

BOOST_AUTO_TEST_SUITE(setting_readers)

namespace {

/// What a run says that was given this one setting; the settings around it are changed by `change`.
std::string id_of(const std::string &given, const std::function<void(lipt::pipeline_settings &)> &change) {
    run_settings settings{.given = {given}};
    change(settings.pipeline);
    return lipt_test::error_id([&] { lipt::adapters::check_readers(settings); });
}

std::string with_selector(const std::string &given, const std::string &selector) {
    return id_of(given, [&](auto &p) { p.selector = selector; });
}

} // namespace

BOOST_AUTO_TEST_CASE(names_of_methods_are_taken_apart) {
    const auto plain = take_apart("el2n", "d2");
    BOOST_TEST((plain.method == "el2n" && plain.sampler == "d2" && plain.scorer && !plain.sampler_named));
    const auto whole = take_apart("el2n/ccs:0.6", "top-k");
    BOOST_TEST((whole.method == "el2n" && whole.sampler == "ccs" && whole.sampler_named));
    BOOST_TEST(whole.named_setting == "ccs-cutoff");
    BOOST_TEST((!take_apart("gradmatch", "top-k").scorer && take_apart("scores", "ccs", true).scorer));
    BOOST_TEST(lipt_test::error_id([] { take_apart("magic", "top-k"); }) == "LIPT-C01");
}

BOOST_AUTO_TEST_CASE(settings_of_methods_are_read_by_their_own_alone) {
    for (const auto &[given, selector] : {std::pair("ccs-cutoff", "el2n"),
                                          {"gradmatch-ridge", "rs2"},
                                          {"sampler", "facility-location"},
                                          {"sampler", "el2n/d2"},
                                          {"ccs-cutoff", "el2n/ccs:0.6"},
                                          {"d2-unit", "el2n/ccs"},
                                          {"trial-candidates", "el2n"},
                                          {"gradmatch-batch", "gradmatch"},
                                          {"use-weights", "rs2"},
                                          {"balanced", "random"},
                                          {"reselect-every", "rs2"},
                                          {"at-least-one", "rs2"},
                                          {"at-least-one", "random"},
                                          {"similarity", "k-center"},
                                          {"gist-lambda", "k-center"},
                                          {"prototypes", "semdedup"},
                                          {"sampler", "gist"}})
        BOOST_TEST(with_selector(given, selector) == "LIPT-U49", given << " of " << selector);
    for (const auto &[given, selector] : {std::pair("ccs-cutoff", "el2n/ccs"),
                                          {"ccs-strata", "el2n/ccs:0.6"},
                                          {"sampler", "el2n"},
                                          {"gradmatch-ridge", "gradmatch-batch"},
                                          {"use-weights", "craig"},
                                          {"balanced", "el2n"},
                                          {"reselect-every", "gradmatch"},
                                          {"at-least-one", "craig"},
                                          {"at-least-one", "stratified"},
                                          {"similarity", "log-determinant"},
                                          {"gist-lambda", "gist"},
                                          {"zcore-draws", "zcore"},
                                          {"prototypes", "prototype/ccs"},
                                          {"prototype-rounds", "prototype"},
                                          {"semdedup-threshold", "semdedup"},
                                          {"sampler", "zcore"},
                                          {"fraction", "rs2"}})
        BOOST_TEST(with_selector(given, selector) == "", given << " of " << selector);
}

BOOST_AUTO_TEST_CASE(one_of_each_class_is_for_picks_class_by_class) {
    const auto in_one_pool = [](const char *selector) {
        return id_of("at-least-one", [&](auto &p) { p.selector = selector, p.balanced = false; });
    };
    BOOST_TEST(in_one_pool("craig") == "LIPT-U49");
    BOOST_TEST(in_one_pool("stratified") == "");
}

BOOST_AUTO_TEST_CASE(trials_read_what_any_candidate_reads) {
    const auto id = [](const std::string &given, const std::string &candidates) {
        return id_of(given, [&](auto &p) { p.selector = "auto", p.trials.candidates = candidates; });
    };
    BOOST_TEST(id("ccs-cutoff", "rs2,el2n/ccs") == "");
    BOOST_TEST(id("ccs-cutoff", "rs2,moderate") == "LIPT-U49");
    BOOST_TEST(id("trial-candidates", "moderate") == "");
    BOOST_TEST(id("gradmatch-ridge", "moderate,gradmatch") == "");
}

BOOST_AUTO_TEST_CASE(settings_of_stages_are_read_where_the_stage_is) {
    using settings = lipt::pipeline_settings;
    const auto none = [](settings &p) { p.pretrain = lipt::pretrain_kind::none; };
    const auto full = [](settings &p) { p.pretrain = lipt::pretrain_kind::full; };
    const auto lipt = [](settings &) {};
    for (const char *given : {"workers", "soup", "init-epochs", "density-min", "observe-images", "passes"}) {
        BOOST_TEST(id_of(given, none) == "LIPT-U49", given);
        BOOST_TEST(id_of(given, full) == "LIPT-U49", given);
        BOOST_TEST(id_of(given, lipt) == "", given);
    }
    BOOST_TEST(id_of("pretrain-epochs", lipt) == "LIPT-U49");
    BOOST_TEST(id_of("pretrain-epochs", full) == "");
    BOOST_TEST(id_of("hold-out", none) == "LIPT-U49");
    BOOST_TEST(id_of("hold-out", full) == "");
    BOOST_TEST(id_of("hold-out", [&](settings &p) { none(p), p.selector = "glister"; }) == "");
    const auto uniform = [](settings &p) { p.soup.method = lipt::soup_method::uniform; };
    BOOST_TEST(id_of("soup-points", uniform) == "LIPT-U49");
    BOOST_TEST(id_of("soup", uniform) == "");
    BOOST_TEST(id_of("passes", [](settings &p) { p.local.steps = 3; }) == "LIPT-U49");
    BOOST_TEST(id_of("density-max", [](settings &p) { p.local.pruning = lipt::prune_time::never; }) ==
               "LIPT-U49");
    BOOST_TEST(id_of("init-learning-rate", [](settings &p) { p.initialize.epochs = 0; }) == "LIPT-U49");
    BOOST_TEST(id_of("observe-images", [](settings &p) { p.statistics = lipt::statistics_kind::averaged; }) ==
               "LIPT-U49");
    BOOST_TEST(id_of("final-learning-rate", [](settings &p) {
                   p.main.decay = p.full.decay = lipt::schedule::constant;
               }) == "LIPT-U49");
    run_settings given_start{.init_weights = "start.safetensors", .given = {"init-batch-size"}};
    BOOST_TEST(lipt_test::error_id([&] { lipt::adapters::check_readers(given_start); }) == "LIPT-U49");
}

BOOST_AUTO_TEST_CASE(nothing_given_is_never_too_much) {
    run_settings resolved; // as out of a config.json, where every setting stands
    resolved.pipeline.pretrain = lipt::pretrain_kind::none;
    resolved.pipeline.shards.workers = 77;
    resolved.pipeline.method.gradmatch.ridge = 5;
    BOOST_TEST(lipt_test::error_id([&] { lipt::adapters::check_readers(resolved); }) == "");
}

BOOST_AUTO_TEST_SUITE_END()
