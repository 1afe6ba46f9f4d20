#include <lipt/adapters/launch/child.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

namespace {

using namespace lipt::adapters;

child_end finished(child_process &child) {
    while (!child.poll()) {
    }
    return *child.poll();
}

} // namespace

BOOST_AUTO_TEST_SUITE(child)

BOOST_AUTO_TEST_CASE(output_and_status_of_a_program) {
    const auto printed =
        run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, std::chrono::seconds(60));
    BOOST_TEST(printed.out == "out\n");
    BOOST_TEST(printed.err == "err\n");
    BOOST_TEST(printed.end.words() == "ended with status 3");
    BOOST_TEST(run_program({"true"}, std::chrono::seconds(60)).end.good());
}

BOOST_AUTO_TEST_CASE(arguments_are_not_read_by_a_shell) {
    const std::string wild = "$(echo no) `no` ; 'x' \"y\" *";
    const auto printed = run_program({"printf", "%s", wild}, std::chrono::seconds(60));
    BOOST_TEST(printed.out == wild);
}

BOOST_AUTO_TEST_CASE(a_log_that_is_more_than_a_file_of_one_name_is_refused) {
    const lipt_test::temporary_directory folder;
    const auto id = [&](const char *log) {
        return lipt_test::error_id([&] { child_process({"true"}, folder / log); });
    };
    folder.write("file", "");
    std::filesystem::create_hard_link(folder / "file", folder / "second");
    std::filesystem::create_symlink(folder / "other", folder / "link");
    BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    for (const char *log : {"second", "link", "pipe"}) BOOST_TEST(id(log) == "LIPT-J01", log);
    BOOST_TEST(!std::filesystem::exists(folder / "other"));
    BOOST_TEST(id("log").empty());
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_an_error) {
    const lipt_test::temporary_directory folder;
    BOOST_TEST(lipt_test::error_id([&] { run_program({"/no/such/program"}, std::chrono::seconds(60)); }) ==
               "LIPT-J01");
    BOOST_TEST(lipt_test::error_id([&] { child_process({"true"}, folder / "no/such/log"); }) == "LIPT-J01");
    BOOST_TEST(lipt_test::error_id([&] { child_process({folder.path().string()}, folder / "log"); }) ==
               "LIPT-J01");
}

BOOST_AUTO_TEST_CASE(one_that_takes_too_long_is_killed) {
    const auto printed = run_program({"sleep", "1000"}, std::chrono::seconds(0));
    BOOST_TEST(printed.end.by_signal);
    BOOST_TEST(printed.end.words() == "was ended by signal 9 (Killed)");
}

BOOST_AUTO_TEST_CASE(output_is_appended_to_the_log) {
    const lipt_test::temporary_directory folder;
    for (const char *word : {"one", "two"}) {
        child_process started({"echo", word}, folder / "log");
        BOOST_TEST(finished(started).good());
    }
    BOOST_TEST(lipt_test::content_of(folder / "log") == "one\ntwo\n");
}

BOOST_AUTO_TEST_CASE(a_child_goes_with_its_object_and_takes_its_own_along) {
    const lipt_test::temporary_directory folder;
    pid_t grandchild = 0;
    {
        child_process started({"sh", "-c", "sleep 1000 & echo $!; wait"}, folder / "log");
        while (lipt_test::content_of(folder / "log").find('\n') == std::string::npos) {
        }
        grandchild = std::stoi(lipt_test::content_of(folder / "log"));
        BOOST_TEST(::kill(grandchild, 0) == 0);
    }
    // Whoever is its parent now may not have taken note of its end yet.
    const auto gone = [&] {
        const auto state = lipt_test::content_of("/proc/" + std::to_string(grandchild) + "/stat");
        return state.empty() || state.find(") Z ") != std::string::npos;
    };
    while (!gone()) {
    }
    BOOST_TEST(gone());
}

BOOST_AUTO_TEST_SUITE_END()
