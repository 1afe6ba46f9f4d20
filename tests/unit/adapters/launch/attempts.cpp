#include <lipt/adapters/launch/attempts.hpp>

#include <boost/test/unit_test.hpp>
#include <support/temporary_directory.hpp>

namespace {

using namespace lipt::adapters;
using numbers = std::vector<std::size_t>;

const auto nothing = [](std::size_t) {};

} // namespace

BOOST_AUTO_TEST_SUITE(attempts)

BOOST_AUTO_TEST_CASE(only_those_that_failed_are_tried_again) {
    std::vector<numbers> tried;
    // Worker 5 fails once, worker 7 always.
    const attempt once = [&](std::span<const std::size_t> workers, deadline) {
        tried.emplace_back(workers.begin(), workers.end());
        std::vector<std::string> failures;
        for (const auto worker : workers) {
            const bool fails = worker == 7 || (worker == 5 && tried.size() == 1);
            failures.push_back(fails ? "attempt " + std::to_string(tried.size()) : "");
        }
        return failures;
    };
    const auto failures = with_retries(once, 2, 0)(numbers{5, 6, 7}, nothing);
    BOOST_TEST((failures == std::vector<std::string>{"", "", "attempt 3"}));
    BOOST_TEST((tried == std::vector<numbers>{{5, 6, 7}, {5, 7}, {7}}));
    tried.clear();
    with_retries(once, 0, 0)(numbers{5, 6, 7}, nothing);
    BOOST_TEST(tried.size() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_tried_again_after_the_deadline) {
    int tries = 0;
    const attempt once = [&](std::span<const std::size_t>, deadline end) {
        ++tries;
        while (!passed(end)) {
        }
        return std::vector<std::string>{"late"};
    };
    BOOST_TEST((with_retries(once, 9, 0.01)(numbers{0}, nothing) == std::vector<std::string>{"late"}));
    BOOST_TEST(tries == 1);
    BOOST_TEST(!passed(deadline{}));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_there_before_has_not_come) {
    const lipt_test::temporary_directory folder;
    std::filesystem::create_directories(folder / "workers");
    const auto write = [&](const char *name, const char *content) {
        folder.write("new", content);
        std::filesystem::rename(folder / "new", folder / "workers" / name);
    };
    write("00.safetensors", "damaged");
    arrivals come(folder.path(), numbers{0, 1, 100});
    BOOST_TEST(come.count() == 0u);
    write("100.safetensors", "x");
    BOOST_TEST(come.count() == 1u);
    BOOST_TEST((come.came(2) && !come.came(0) && !come.came(1)));
    write("00.safetensors", "damaged"); // the same content, written again
    BOOST_TEST(come.count() == 2u);
}

BOOST_AUTO_TEST_CASE(the_last_line_of_a_log_speaks) {
    const lipt_test::temporary_directory folder;
    BOOST_TEST(last_words(folder / "none").empty());
    BOOST_TEST(last_words(folder.write("log", "first\nlast\n\n")) == "last");
    BOOST_TEST(last_words(folder.write("long", std::string(9999, 'x'))).size() == 303u);
}

BOOST_AUTO_TEST_SUITE_END()
