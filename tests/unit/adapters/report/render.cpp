#include <lipt/adapters/report/embedded.hpp>
#include <lipt/adapters/report/report.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/report_models.hpp>

#include <regex>
#include <string>

using lipt::adapters::render_report;
using nlohmann::json;

namespace {

bool holds(const std::string &page, const std::string &what) { return page.find(what) != std::string::npos; }

/// The page without the embedded chart library, in which any letters may occur.
std::string without_library(std::string page) {
    const auto at = page.find(lipt::adapters::report::chart_library);
    BOOST_REQUIRE(at != std::string::npos);
    return page.erase(at, lipt::adapters::report::chart_library.size());
}

json chart_data(const std::string &page) {
    const std::string open = "id=\"chart-data\">";
    const auto begin = page.find(open) + open.size();
    return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

const std::vector<json> three{lipt_test::full_model(), lipt_test::conventional_model(),
                              lipt_test::random_model()};

} // namespace

BOOST_AUTO_TEST_SUITE(report_render)

BOOST_AUTO_TEST_CASE(page_loads_nothing_from_anywhere) {
    const auto page = without_library(render_report(three));
    BOOST_TEST(holds(page, "default-src 'none'")); // the browser itself forbids every load
    const std::regex loads(
        R"((src|href|srcset|action|data)\s*=\s*["']?\s*(https?:|//|[a-z0-9_./-]+\.(js|css|png|svg)))",
        std::regex::icase);
    BOOST_TEST(!std::regex_search(page, loads));
    for (const char *load :
         {"@import", "url(", "<link", "<iframe", "fetch(", "import(", "http://", "https://"}) {
        BOOST_TEST(!holds(page, load), "the page holds " << load);
    }
}

BOOST_AUTO_TEST_CASE(what_comes_from_outside_is_escaped) {
    const std::string evil = "<script>alert(1)</script>\"'&";
    auto model = lipt_test::full_model(evil);
    model["config"]["settings"]["network"] = evil;
    model["config"]["settings"][evil] = evil;
    model["config"]["data"] = {{"name", evil}, {"fingerprint", evil}, {"class_names", {evil, evil, evil}}};
    model["soup"]["refused"][0]["reason"] = evil;
    model["soup"]["ingredients"][0]["reason"] = evil;
    model["result"]["stages"][0]["name"] = evil;
    model["sheets"][0]["title"] = evil;
    model["sheets"][0]["images"][0]["png"] = "\"><script>alert(2)</script>";
    auto other = model;
    other["name"] = evil + "2";
    const auto page = render_report({model, other});
    BOOST_TEST(!holds(page, "<script>alert"));
    BOOST_TEST(!holds(page, "alert(1)</script>"));
    BOOST_TEST(holds(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;"));
    BOOST_TEST(chart_data(page)["accuracy"]["labels"][0].get<std::string>() ==
               evil); // for the script it is text
}

BOOST_AUTO_TEST_CASE(every_section_is_there_when_it_has_something_to_show) {
    const auto page = render_report(three);
    for (const char *section : {"comparison", "curve", "soup", "costs", "classes", "sheets", "origin"}) {
        BOOST_TEST(holds(page, std::string("<section id=\"") + section + '"'), section);
    }
    BOOST_TEST(holds(page, "Every setting"));
    BOOST_TEST(holds(page, "<h1>87.2% accuracy from 10% of 60,000 images of Fashion-MNIST</h1>"));
    BOOST_TEST(holds(page, "best of any epoch 87.3%"));
    BOOST_TEST(holds(page, "One seed each"));
    BOOST_TEST(holds(page, "<td>+1.9</td>"));                         // LiPT against random, in points
    BOOST_TEST(holds(page, "<td>1.00</td><td>–</td><td>52.8%</td>")); // before the first there is no soup
    BOOST_TEST(holds(page, "no share of it helps"));
    BOOST_TEST(holds(page, "worker 7: file is truncated"));
    BOOST_TEST(holds(page, "conventional pre-training"));
    BOOST_TEST(holds(page, "alt=\"training image 41, labelled Boot\""));
    BOOST_TEST(holds(page, "91f0c2d7"));
    BOOST_TEST(holds(page, "<code>--pretrain</code>"));
}

BOOST_AUTO_TEST_CASE(a_subset_of_each_epoch_is_not_told_as_one_for_all) {
    auto fresh = three;
    fresh.front()["result"]["subset"]["fresh_each_epoch"] = true;
    fresh.front()["config"]["settings"]["selector"] = "rs2";
    const auto page = render_report(fresh);
    BOOST_TEST(
        holds(page, "<h1>87.2% accuracy from a fresh 10% of 60,000 images of Fashion-MNIST each epoch</h1>"));
    BOOST_TEST(
        holds(page, "A fresh 6,000 of the 60,000 training images were drawn for each epoch by rs2, and"));
}

BOOST_AUTO_TEST_CASE(story_tells_the_run) {
    const auto page = render_report(three);
    BOOST_TEST(
        holds(page, "From one common start, 3 workers trained alone, each on 256 images of its own; the soup "
                    "kept 2 of them and took the held-out accuracy from 42.6% to 56.6%."));
    BOOST_TEST(holds(page,
                     "6,000 of the 60,000 training images were chosen by grand, and resnet8, trained on them "
                     "for 3 epochs, is right on 87.2% of the 10,000 test images."));
    BOOST_TEST(holds(page, "Pre-training took 13 s of 57 s in all."));
    BOOST_TEST(
        holds(page, "The same selector after conventional pre-training ended at 86.4%, 0.8 points lower, for "
                    "6.5 times the pre-training."));
    BOOST_TEST(holds(page, "A random subset of the same size ended at 85.2%, 1.9 points lower."));
}

BOOST_AUTO_TEST_CASE(story_says_what_the_main_training_started_from) {
    auto model = lipt_test::full_model();
    model["config"]["settings"]["start"] = "pretrained";
    BOOST_TEST(holds(render_report({model}), "trained on them from the merged weights for 3 epochs"));
    model["config"]["settings"]["pretrain"] = "full";
    BOOST_TEST(holds(render_report({model}), "trained on them from the pre-trained weights for 3 epochs"));
    model["config"]["settings"]["start"] = "fresh";
    BOOST_TEST(holds(render_report({model}), "trained on them for 3 epochs"));
}

BOOST_AUTO_TEST_CASE(trials_are_shown_with_their_leads) {
    auto model = lipt_test::full_model();
    model["trials"] = {{"chosen", "moderate"},
                       {"scored_images", 1200},
                       {"trials",
                        {{{"rung", 2},
                          {"candidate", "moderate"},
                          {"samples", 4210},
                          {"accuracy", 0.8125},
                          {"ahead", 0.0175},
                          {"error", 0.006}}}}};
    const auto page = render_report({model});
    BOOST_TEST(holds(page, "scored on 1,200 images"));
    BOOST_TEST(holds(page, "Chosen: <strong>moderate</strong>"));
    BOOST_TEST(holds(page,
                     "<td>2</td><th scope=\"row\">moderate</th><td>4,210</td><td>81.2%</td><td>+1.8</td>"
                     "<td>0.6</td>"));
    BOOST_TEST(!holds(render_report({lipt_test::full_model()}), "How the method was chosen"));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_not_shown) {
    const auto section = [](const json &model, const char *name) {
        return holds(render_report({model}), std::string("<section id=\"") + name + '"');
    };
    const auto random = lipt_test::random_model();
    BOOST_TEST(!section(random, "comparison")); // one run stands beside nothing
    BOOST_TEST(!section(random, "soup"));
    BOOST_TEST(!section(random, "sheets"));
    BOOST_TEST(section(random, "curve"));
    auto bare = lipt_test::full_model();
    for (const char *key : {"soup", "epochs", "weights", "sheets"}) bare.erase(key);
    bare["result"].erase("stages");
    bare["result"].erase("subset");
    bare["config"].erase("settings");
    for (const char *name : {"comparison", "soup", "curve", "costs", "classes", "sheets"}) {
        BOOST_TEST(!section(bare, name), name);
    }
    BOOST_TEST(!holds(render_report({bare}), "Every setting"));
    BOOST_TEST(chart_data(render_report({bare})).empty());
}

BOOST_AUTO_TEST_CASE(any_part_may_be_missing_or_of_another_kind) {
    const auto whole = lipt_test::full_model().flatten();
    for (const auto &[pointer, value] : whole.items()) {
        for (const json &other : {json(nullptr), json("words"), json(-1), json::array(), json::object()}) {
            auto model = lipt_test::full_model();
            model[json::json_pointer(pointer)] = other;
            BOOST_TEST(holds(render_report({model, model}), "</html>"), pointer << " as " << other);
        }
    }
    BOOST_TEST(holds(render_report({json::object()}), "This run has only begun."));
}

BOOST_AUTO_TEST_CASE(charts_hold_the_numbers) {
    const auto charts = chart_data(render_report(three));
    BOOST_TEST(charts["accuracy"]["labels"] == json({"LiPT", "conventional", "random"}));
    BOOST_TEST(charts["accuracy"]["values"][0].get<double>() == 87.16, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(charts["cost"]["parts"][0]["values"] == json({13.0, 130.0, 0.0}));
    BOOST_TEST(charts["curves"].size() == 3u);
    BOOST_TEST(charts["curves"][0]["points"].size() == 2u); // the epoch without an accuracy has no point
    BOOST_TEST(charts["soup"]["kept"] == json({true, true, false}));
    BOOST_TEST(charts["soup"]["soup"][2].get<double>() == 56.6, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(charts["soup"]["start"].get<double>() == 42.6, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(charts["classes"]["labels"] == json({"Shirt", "Bag", "Boot"}));
    BOOST_TEST(charts["classes"]["available"] == json({20000, 20000, 20000}));
}

BOOST_AUTO_TEST_CASE(no_run_at_all_is_an_error) {
    BOOST_TEST(lipt_test::error_id([] { render_report({}); }) == "LIPT-H04");
}

BOOST_AUTO_TEST_SUITE_END()
