#include <lipt/adapters/launch/processes.hpp>

#include <boost/test/unit_test.hpp>
#include <support/temporary_directory.hpp>

namespace {

using namespace lipt::adapters;
using numbers = std::vector<std::size_t>;

/// A program in place of lipt: the script sees lipt's arguments, the worker's number as the fifth; one that
/// it does not end leaves an upload.
struct fixture {
    lipt_test::temporary_directory folder;

    process_options options(const std::string &script, std::size_t slots = 2) const {
        const std::string deliver =
            "\nmkdir -p \"$3/workers\"; : >\"$3/workers/$(printf %02d $5).safetensors\"\n";
        const auto program = folder.write("program", "#!/bin/sh\n" + script + deliver);
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        return {.start = {.program = program, .run = folder.path()}, .slots = slots};
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(processes, fixture)

BOOST_AUTO_TEST_CASE(each_worker_is_a_process_with_its_number) {
    const auto run = in_processes(options("echo \"$1 $2 $3 $4 $5\" >\"$3/seen-$5\"", 3));
    BOOST_TEST((run(numbers{0, 3, 12}, {}) == std::vector<std::string>(3)));
    for (const std::string number : {"0", "3", "12"}) {
        BOOST_TEST(lipt_test::content_of(folder / ("seen-" + number)) ==
                   "worker --run " + folder.path().string() + " --worker " + number + "\n");
    }
}

BOOST_AUTO_TEST_CASE(one_that_fails_or_dies_harms_no_other) {
    const auto run = in_processes(
        options("case $5 in 1) echo 'what went wrong'; exit 7;; 2) kill -9 $$;; esac\n: >\"$3/done-$5\"\n"));
    const auto failures = run(numbers{0, 1, 2, 3}, {});
    BOOST_TEST(failures[0].empty());
    BOOST_TEST(failures[1] == "its process ended with status 7: what went wrong");
    BOOST_TEST(failures[2] == "its process was ended by signal 9 (Killed)");
    BOOST_TEST(failures[3].empty());
    BOOST_TEST(std::filesystem::exists(folder / "done-3"));
}

BOOST_AUTO_TEST_CASE(one_that_ends_well_without_an_upload_has_failed) {
    const auto failures = in_processes(options("[ $5 = 1 ] && exit 0\n"))(numbers{0, 1}, {});
    BOOST_TEST(failures[0].empty());
    BOOST_TEST(failures[1] == "its process left no upload");
}

BOOST_AUTO_TEST_CASE(no_more_run_at_once_than_there_are_slots) {
    // Each counts those beside it while it runs; mkdir of a name that is taken fails.
    const auto run = in_processes(options("mkdir \"$3/alone\" || exit 1\nrmdir \"$3/alone\"\n", 1));
    BOOST_TEST((run(numbers{0, 1, 2, 3, 4, 5}, {}) == std::vector<std::string>(6)));
}

BOOST_AUTO_TEST_CASE(one_over_its_time_is_ended) {
    auto limited = options("[ $5 = 1 ] && exec sleep 1000\nexit 0\n");
    limited.time_limit_s = 0.05;
    const auto failures = in_processes(limited)(numbers{1}, {});
    BOOST_TEST(failures[0] == "its process was ended after its time limit of 0.05 s");
}

BOOST_AUTO_TEST_CASE(at_the_deadline_the_rest_is_given_up) {
    std::size_t last = 0;
    auto patient = options("[ $5 = 0 ] || exec sleep 1000\n: >\"$3/done\"\n", 1);
    patient.start.delivered = [&](std::size_t done) { last = done; };
    // The deadline comes once the first is done, however long that took.
    const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    const auto failures = in_processes(patient)(numbers{0, 1, 2}, soon);
    BOOST_TEST(failures[0].empty());
    BOOST_TEST(failures[1] == "given up at the deadline, while it ran");
    BOOST_TEST(failures[2] == "given up at the deadline, before it could begin");
    BOOST_TEST(last == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
