// Workers by a real Slurm of the test's own: the same bytes as in threads, whatever dies.
#include "slurm_case.hpp"

#include <cstdlib>
#include <optional>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(slurm)

namespace {

namespace fs = std::filesystem;

/// One Slurm for all cases, and the run that every other must be like.
struct cluster {
    whole_run whole;
    private_slurm slurm{whole.folder.path(), loopback_site()};
};

/// Made before the first case, ended after the last.
struct shared_cluster {
    static inline std::optional<cluster> one;
    void setup() { one.emplace(); }
    void teardown() { one.reset(); }
};

struct fixture : slurm_case {
    fixture() : slurm_case(shared_cluster::one->whole, shared_cluster::one->slurm) {}
};

BOOST_TEST_GLOBAL_FIXTURE(shared_cluster);

} // namespace

BOOST_FIXTURE_TEST_CASE(the_same_as_in_threads_at_any_number_of_slots, fixture) {
    check_whole(run());
    BOOST_TEST(started() == "0123");
    fs::remove_all(path);
    check_whole(run({"--slots", "1"}));
}

BOOST_FIXTURE_TEST_CASE(names_that_slurm_would_read_otherwise_and_defaults_of_the_users_change_nothing,
                        fixture) {
    path = folder / "100%a back\\slash 'x'";
    ::setenv("SQUEUE_PARTITION", "nowhere", 1), ::setenv("SBATCH_WAIT", "1", 1);
    const auto ended = run();
    ::unsetenv("SQUEUE_PARTITION"), ::unsetenv("SBATCH_WAIT");
    check_whole(ended);
    for (const char *worker : {"0", "3"})
        BOOST_TEST(fs::exists(path / "launch" / ("worker-" + std::string(worker) + ".log")));
    BOOST_TEST(ended.err.find("submitted again") == std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(a_task_that_fails_or_is_killed_and_a_straggler, fixture) {
    faulty_worker(folder);
    fault(0, "exit"), fault(1, "kill"), fault(3, "hang");
    const auto ended = run({"--deadline", "30"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    BOOST_TEST(soup().at("ingredients").size() == 1u);
    BOOST_TEST(reason(0).find(" is FAILED (NonZeroExitCode): it broke") != std::string::npos, reason(0));
    BOOST_TEST(reason(1).find(" is FAILED (") != std::string::npos, reason(1));
    for (const std::size_t worker : {0, 1, 3})
        BOOST_TEST(ended.err.find("worker " + std::to_string(worker) + " is not in the soup") !=
                       std::string::npos,
                   ended.err);
    BOOST_TEST(reason(3).find("given up at the deadline") != std::string::npos, reason(3));
    for (const char *worker : {"0", "1", "3"}) fs::remove(folder / "faults" / worker);
    fs::remove(folder / "started");
    check_whole(run());
    BOOST_TEST(started() == "013");
}

BOOST_FIXTURE_TEST_CASE(tasks_that_fail_are_tried_again, fixture) {
    faulty_worker(folder);
    fault(1, "once"), fault(2, "once");
    check_whole(run({"--retries", "1"}));
    BOOST_TEST(started() == "011223");
}

BOOST_FIXTURE_TEST_CASE(a_node_that_dies_has_its_tasks_run_elsewhere, fixture) {
    all_wait();
    started_program driver(folder, command());
    wait_until([&] { return started() == "0123"; }, "the start of all workers");
    slurm.kill_node(1);
    // Two of them run again on the other node, once it has room.
    go();
    wait_until([&] { return started().size() >= 6; }, "the second start of two workers");
    check_whole(driver.finish());
    slurm.start_node(1);
    slurm.wait_for_nodes();
}

BOOST_FIXTURE_TEST_CASE(a_controller_that_dies_and_comes_back_loses_nothing, fixture) {
    all_wait();
    started_program driver(folder, command());
    wait_until([&] { return started() == "0123"; }, "the start of all workers");
    slurm.kill_controller();
    slurm.start_controller();
    slurm.wait_for_nodes();
    go();
    check_whole(driver.finish());
}

BOOST_FIXTURE_TEST_CASE(a_driver_that_dies_finds_its_workers_again, fixture) {
    all_wait();
    {
        started_program driver(folder, command());
        wait_until([&] { return started() == "0123"; }, "the start of all workers");
        driver.kill();
        BOOST_TEST(driver.finish().status == -SIGKILL);
    }
    auto again = command();
    again[2] += "/"; // as a shell completes it: another name of the same directory
    started_program driver(folder, again);
    wait_until([&] { return content_of(folder / "stderr").find("Slurm still has 4") != std::string::npos; },
               "the workers' being found again");
    go();
    check_whole(driver.finish());
    BOOST_TEST(started() == "0123");
}

BOOST_FIXTURE_TEST_CASE(submitted_only_it_goes_on_without_a_driver, fixture) {
    all_wait();
    const auto ended = run({"--submit-only", "--min-workers", "3"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    const auto twice = run({"--submit-only"});
    BOOST_TEST(twice.status == 1);
    BOOST_TEST(twice.err.find("LIPT-J03") != std::string::npos, twice.err);
    go();
    BOOST_TEST(ended.out.find("workers 0-3: Slurm job ") != std::string::npos, ended.out);
    BOOST_TEST(ended.out.find("lipt select --run '") != std::string::npos, ended.out);
    go_on_without_driver();
    check_whole(ended);
}

BOOST_FIXTURE_TEST_CASE(rounds_follow_each_other_without_a_driver, fixture) {
    const std::vector<std::string> rounds{"--rounds", "2"};
    const whole_run two(rounds);
    const auto ended = run(rounds + std::vector<std::string>{"--submit-only"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    BOOST_TEST(ended.out.find("workers 4-7: Slurm job ") != std::string::npos, ended.out);
    go_on_without_driver();
    two.check_like(path, ended);
}

BOOST_FIXTURE_TEST_CASE(a_task_over_its_time_limit_is_named, fixture) {
    faulty_worker(folder);
    fault(2, "hang");
    const auto ended = run({"--time-limit", "30"}); // a minute for Slurm
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    BOOST_TEST(reason(2).find("is TIMEOUT (TimeLimit)") != std::string::npos, reason(2));
    BOOST_TEST(soup().at("ingredients").size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(what_sbatch_refuses_is_an_error_with_its_words, fixture) {
    const auto ended = run({"--sbatch=--partition=nowhere"});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("LIPT-J02") != std::string::npos, ended.err);
    BOOST_TEST(ended.err.find("invalid partition") != std::string::npos, ended.err);
}

BOOST_AUTO_TEST_SUITE_END()
