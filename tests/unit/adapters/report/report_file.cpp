#include <lipt/adapters/report/report_file.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(report_file)

BOOST_AUTO_TEST_CASE(files_of_a_run_are_not_written_over_and_pages_are) {
    const lipt_test::temporary_directory folder;
    fs::create_directories(folder / "run/shards");
    folder.write("run/config.json", R"({"version": 1, "settings": {}, "data": {}})");
    folder.write("config.json", R"({"colour": "red"})"); // another program's, around the run
    fs::create_symlink(folder / "run/config.json", folder / "link.html");
    const auto id = [&](const fs::path &file) {
        return lipt_test::error_id([&] { lipt::adapters::check_report_file(file); });
    };
    for (const char *own :
         {"run/config.json", "run/subset.npy", "run/final.safetensors", "run/new.csv",
          "run/shards/00.safetensors", "run/shards/page.html", "run/main/../metrics.jsonl", "link.html"})
        BOOST_TEST(id(folder / own) == "LIPT-U31", own);
    for (const char *page : {"run/report.html", "run/others.html", "page.html", "page", "absent/page.html"})
        BOOST_TEST(id(folder / page) == "", page);
}

BOOST_AUTO_TEST_SUITE_END()
