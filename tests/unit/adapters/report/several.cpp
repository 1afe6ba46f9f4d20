// What the page says of several seeds, and of rows that may not be held against one another.
#include <lipt/adapters/report/report.hpp>

#include <boost/test/unit_test.hpp>
#include <support/report_models.hpp>

#include <string>
#include <vector>

using lipt::adapters::render_report;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(report_several)

namespace {

bool holds(const std::string &page, const std::string &what) { return page.find(what) != std::string::npos; }

json of_seed(json model, int seed, double accuracy) {
    model["config"]["settings"]["seed"] = seed;
    model["result"]["accuracy"] = {{"final", accuracy}, {"best", accuracy}};
    return model;
}

/// Seed 1 is far below the others.
std::vector<json> three_seeds() {
    const auto model = lipt_test::full_model();
    std::vector<json> models{of_seed(model, 1, 0.317), of_seed(model, 2, 0.5), of_seed(model, 3, 0.65)};
    models[1]["soup"]["accuracy"] = 0.626;
    models[1]["soup"]["ingredients"][1]["kept"] = false;
    models[2]["soup"]["accuracy"] = 0.596;
    models[2]["result"]["stages"][0] = lipt_test::stage("initialize", 16, 60000, 60000);
    return models;
}

} // namespace

BOOST_AUTO_TEST_CASE(title_and_text_are_of_all_seeds_and_differences_are_of_the_means_shown) {
    auto models = three_seeds();
    const auto random = lipt_test::random_model();
    for (const auto &[seed, accuracy] : {std::pair(1, 0.5), {2, 0.511}, {3, 0.522}})
        models.push_back(of_seed(random, seed, accuracy));
    const auto page = render_report(models);
    BOOST_TEST(
        holds(page, "<h1>48.9% ± 16.7% accuracy from 10% of 60,000 images of Fashion-MNIST, 3 seeds</h1>"));
    BOOST_TEST(holds(page, "seeds 1, 2, 3</p>"));
    BOOST_TEST(holds(page, "is right on 48.9% ± 16.7% of the 10,000 test images, over 3 seeds."));
    BOOST_TEST(holds(page, "A random subset of the same size ended at 51.1%, 2.2 points higher."));
    BOOST_TEST(holds(page,
                     "the soup kept 1 to 2 of them and took the held-out accuracy from 42.6% to 59.6% on "
                     "average."));
    BOOST_TEST(holds(page, "Pre-training took 15 s of 59 s in all on average."));
    BOOST_TEST(holds(page, "<strong>48.9% ± 16.7%</strong>"));
    BOOST_TEST(!holds(page, "31.7%</strong>"));
    BOOST_TEST(!holds(page, "right on 31.7%"));
}

BOOST_AUTO_TEST_CASE(what_is_told_of_one_seed_alone_says_of_which) {
    const auto page = render_report(three_seeds());
    for (const char *heading : {"The soup, seed 1</h2>", "The subset, class by class, seed 1</h2>",
                                "What the scores say, seed 1</h2>", "<h3>LiPT, seed 1</h3>",
                                "scope=\"rowgroup\">LiPT, seed 1</th>"})
        BOOST_TEST(holds(page, heading), heading);
    BOOST_TEST(!holds(render_report({lipt_test::full_model()}), ", seed "));
}

BOOST_AUTO_TEST_CASE(a_seed_that_has_not_ended_changes_no_mean) {
    auto models = three_seeds();
    models[0].erase("result");
    const auto page = render_report(models);
    BOOST_TEST(
        holds(page, "<h1>57.5% ± 10.6% accuracy from 10% of 60,000 images of Fashion-MNIST, 2 seeds</h1>"));
    BOOST_TEST(holds(page, "test images, over 2 seeds."));
}

BOOST_AUTO_TEST_CASE(a_run_is_held_against_random_of_the_same_data_start_and_fraction_alone) {
    const auto against = [](const json &run, const json &random) {
        const auto page = render_report({run, random});
        const std::string row = "class=\"subject\"><th scope=\"row\">";
        const auto begin = page.find("<td>", page.find(row)), end = page.find("<td class", begin);
        return page.substr(begin, end - begin); // best, and against random
    };
    auto run = lipt_test::full_model();
    const auto random = lipt_test::random_model();
    BOOST_TEST(against(run, random) == "<td>87.3%</td><td>+1.9</td>");
    const auto changed = [&](const char *pointer, const json &value) {
        auto other = random;
        other[json::json_pointer(pointer)] = value;
        return other;
    };
    for (const auto &[pointer, value] : {std::pair("/config/data/fingerprint", json("0")),
                                         {"/config/data/train", json(20000)},
                                         {"/config/settings/fraction", json(0.2)},
                                         {"/config/settings/start", json("theta-star")},
                                         {"/config/settings/network", json("resnet20")},
                                         {"/config/settings/epochs", json(9)}})
        BOOST_TEST(against(run, changed(pointer, value)) == "<td>87.3%</td><td>–</td>", pointer);
    // From the soup both; what each was pre-trained with is part of the start.
    run["config"]["settings"]["start"] = "pretrained";
    auto warm = changed("/config/settings/start", "pretrained");
    BOOST_TEST(against(run, warm) == "<td>87.3%</td><td>–</td>");
    warm["config"]["settings"]["pretrain"] = "lipt";
    BOOST_TEST(against(run, warm) == "<td>87.3%</td><td>+1.9</td>");
}

BOOST_AUTO_TEST_CASE(a_random_subset_is_missed_only_where_there_is_none) {
    const auto missed = "No random subset stands beside", apart = "none of the same data, start and fraction";
    const auto run = lipt_test::full_model();
    auto warm = lipt_test::random_model();
    warm["config"]["settings"]["pretrain"] = "lipt";
    warm["config"]["settings"]["start"] = "pretrained";
    BOOST_TEST(holds(render_report({run, lipt_test::conventional_model()}), missed));
    BOOST_TEST(!holds(render_report({run, warm}), missed));
    BOOST_TEST(holds(render_report({run, warm}), apart));
    BOOST_TEST(!holds(render_report({run, lipt_test::random_model()}), apart));
}

BOOST_AUTO_TEST_CASE(sizes_and_data_that_differ_are_not_called_the_same) {
    const auto run = lipt_test::full_model();
    auto larger = lipt_test::random_model(), elsewhere = lipt_test::random_model();
    larger["config"]["settings"]["fraction"] = 0.3;
    larger["config"]["settings"]["start"] = "theta-star";
    elsewhere["config"]["data"]["fingerprint"] = "0";
    BOOST_TEST(holds(render_report({run, larger}),
                     "A random subset of another size ended at 85.2%, 1.9 points "
                     "lower (with another start, fraction)."));
    BOOST_TEST(holds(render_report({run, elsewhere}), "Beside it, random ended at 85.2%, on other data."));
}

BOOST_AUTO_TEST_SUITE_END()
