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

BOOST_AUTO_TEST_CASE(seeds_of_one_name_are_one_row) {
    std::vector<json> models{lipt_test::full_model(), lipt_test::random_model(), lipt_test::full_model()};
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
    BOOST_TEST(note({lipt, lipt, random, random}).ends_with("over 2 seeds."));
    BOOST_TEST(note({lipt, lipt, random}).find("1 to 2 seeds") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(table_is_aligned_and_holds_the_numbers) {
    std::vector<json> models{lipt_test::full_model(), lipt_test::full_model(),
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
