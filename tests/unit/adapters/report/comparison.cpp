#include <lipt/adapters/report/comparison.hpp>
#include <lipt/adapters/report/report.hpp>

#include <boost/test/unit_test.hpp>
#include <support/report_models.hpp>

#include <sstream>

using lipt::adapters::report::compare;
using lipt::adapters::report::cost_group;
using lipt::adapters::report::cost_of;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(report_comparison)

BOOST_AUTO_TEST_CASE(costs_are_grouped_by_what_the_stage_is_for) {
    const auto model = lipt_test::full_model();
    BOOST_TEST(cost_of(model, cost_group::pretraining, "wall_s").value() == 13.0);
    BOOST_TEST(cost_of(model, cost_group::pretraining, "forward").value() == 112800.0);
    BOOST_TEST(cost_of(model, cost_group::pretraining, "backward").value() == 72800.0);
    BOOST_TEST(cost_of(model, cost_group::selection, "wall_s").value() == 3.5);
    BOOST_TEST(cost_of(model, cost_group::training, "wall_s").value() == 40.0);
    BOOST_TEST(cost_of(model, cost_group::all, "wall_s").value() == 56.5);
    BOOST_TEST(cost_of(lipt_test::conventional_model(), cost_group::pretraining, "wall_s").value() == 130.0);
    BOOST_TEST(!cost_of(json::object(), cost_group::all, "wall_s").has_value());
}

namespace {

/// The same run with another seed.
json with_seed(json model, int seed) {
    model["config"]["settings"]["seed"] = seed;
    return model;
}

} // namespace

BOOST_AUTO_TEST_CASE(runs_of_other_settings_or_data_are_rows_of_their_own) {
    auto larger = with_seed(lipt_test::full_model(), 8), other = larger, moved = larger;
    larger["config"]["settings"]["fraction"] = 0.2;
    other["config"]["data"]["fingerprint"] = "0";
    moved["config"]["settings"]["data"] = "/elsewhere";
    const std::vector<json> models{lipt_test::full_model(), larger, other, moved};
    const auto rows = compare(models);
    BOOST_REQUIRE(rows.size() == 3u);
    BOOST_TEST(rows[0].runs.size() == 2u); // seeds 7 and 8, the latter's data elsewhere
    BOOST_TEST(rows[0].name == "LiPT (data fingerprint 91f0c2d7, fraction 0.1)");
    BOOST_TEST(rows[1].name == "LiPT (data fingerprint 91f0c2d7, fraction 0.2)");
    BOOST_TEST(rows[2].name == "LiPT (data fingerprint 0, fraction 0.1)");
}

BOOST_AUTO_TEST_CASE(a_seed_given_twice_counts_once) {
    std::vector<json> models{lipt_test::full_model(), lipt_test::full_model(),
                             with_seed(lipt_test::full_model(), 8)};
    models[2]["result"]["accuracy"]["final"] = 0.8916;
    const auto rows = compare(models);
    BOOST_REQUIRE(rows.size() == 1u);
    BOOST_TEST(rows[0].runs.size() == 2u);
    BOOST_TEST(rows[0].repeated == 1u);
    BOOST_TEST(rows[0].final_accuracy->mean == 0.8816, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(lipt::adapters::report::seed_note(rows) ==
               "Mean and sample standard deviation over 2 seeds. LiPT was given with the same seed more than "
               "once, which counts once.");
    BOOST_TEST(lipt::adapters::comparison_table(models).find("LiPT was given with the same seed") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(seeds_of_one_name_are_one_row) {
    std::vector<json> models{lipt_test::full_model(), lipt_test::random_model(),
                             with_seed(lipt_test::full_model(), 8)};
    models[0]["result"]["accuracy"]["final"] = 0.80;
    models[2]["result"]["accuracy"]["final"] = 0.90;
    const auto rows = compare(models);
    BOOST_REQUIRE(rows.size() == 2u);
    BOOST_TEST(rows[0].name == "LiPT");
    BOOST_TEST(rows[0].final_accuracy->count == 2u);
    BOOST_TEST(rows[0].final_accuracy->mean == 0.85, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(rows[0].final_accuracy->deviation == 0.0707106781,
               boost::test_tools::tolerance(1e-8)); // 0.1/sqrt(2)
    BOOST_TEST(rows[1].final_accuracy->deviation == 0.0);
    BOOST_TEST(!rows[0].is_random());
    BOOST_TEST(rows[1].is_random());
}

BOOST_AUTO_TEST_CASE(note_says_how_many_seeds_there_are) {
    const auto note = [](std::vector<json> models) {
        return lipt::adapters::report::seed_note(compare(models));
    };
    const auto lipt = lipt_test::full_model(), random = lipt_test::random_model();
    BOOST_TEST(note({lipt, random}).starts_with("One seed each"));
    const auto second = with_seed(lipt, 8);
    BOOST_TEST(note({lipt, second, random, with_seed(random, 8)}).ends_with("over 2 seeds."));
    BOOST_TEST(note({lipt, second, random}).find("1 to 2 seeds") != std::string::npos);
    auto begun = second;
    begun.erase("result");
    BOOST_TEST(note({lipt, begun, random}).find("Of LiPT, 1 of 2 seeds ended.") != std::string::npos);
    BOOST_TEST(note({lipt, begun, random}).starts_with("One seed each"));
}

BOOST_AUTO_TEST_CASE(table_is_aligned_and_holds_the_numbers) {
    std::vector<json> models{lipt_test::full_model(), with_seed(lipt_test::full_model(), 8),
                             lipt_test::conventional_model(), lipt_test::random_model()};
    models[1]["result"]["accuracy"]["final"] = 0.8916;
    const auto table = lipt::adapters::comparison_table(models);
    BOOST_TEST(table == "run               accuracy          best  pre-training  its samples, forward / "
                        "backward      in all\n"
                        "------------------------------------------------------------------------------------"
                        "---------------\n"
                        "LiPT          88.2% ± 1.4%  87.3% ± 0.0%          13 s                 112,800 / "
                        "72,800        57 s\n"
                        "conventional         86.4%         86.7%    2 min 10 s                600,000 / "
                        "600,000  2 min 54 s\n"
                        "random               85.2%         85.6%           0 s                            0 "
                        "/ 0        40 s\n");
}

BOOST_AUTO_TEST_CASE(table_of_an_unfinished_run_has_dashes_and_no_control_characters) {
    const auto table = lipt::adapters::comparison_table({json{{"name", "half\n\x1b[31mdone"}}});
    BOOST_TEST(table.find("half  [31mdone") != std::string::npos);
    BOOST_TEST(table.find('\x1b') == std::string::npos);
    std::istringstream lines(table);
    std::string line, last;
    while (std::getline(lines, line)) last = line;
    BOOST_TEST(std::count(last.begin(), last.end(), '-') == 5);
}

BOOST_AUTO_TEST_SUITE_END()
