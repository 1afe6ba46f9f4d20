#include <lipt/adapters/launch/slurm.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <cstdlib>

namespace {

using namespace lipt::adapters;
using numbers = std::vector<std::size_t>;

/// Programs of Slurm's names in front of PATH, which write down their arguments.
struct fixture {
    lipt_test::temporary_directory folder;
    std::string path = std::getenv("PATH");

    fixture() { std::filesystem::create_directories(folder / "run"); }
    ~fixture() { setenv("PATH", path.c_str(), 1); }

    void sbatch(const std::string &script) {
        std::filesystem::create_directories(folder / "bin");
        folder.write("bin/sbatch", "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done >" +
                                       (folder / "seen").string() + "\n" + script);
        std::filesystem::permissions(folder / "bin/sbatch", std::filesystem::perms::owner_all);
        setenv("PATH", ((folder / "bin").string() + ":" + path).c_str(), 1);
    }
    slurm_options options() const {
        return {.start = {.program = "/opt/lipt's", .run = folder / "run"},
                .throttle = 2,
                .time_limit_s = 61,
                .arguments = {"--comment=$(id); 'x'"}};
    }
    std::string seen() const { return lipt_test::content_of(folder / "seen"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(slurm)

BOOST_AUTO_TEST_CASE(arrays_are_written_as_ranges) {
    BOOST_TEST(array_of(numbers{0}, 0) == "0");
    BOOST_TEST(array_of(numbers{0, 1, 2, 3}, 0) == "0-3");
    BOOST_TEST(array_of(numbers{1, 4, 7, 8, 9, 11}, 2) == "1,4,7-9,11%2");
}

BOOST_AUTO_TEST_CASE(what_squeue_says_is_read) {
    const auto answer = parse_squeue("12|0|COMPLETED|None|lipt-worker|/a|b\n12|10|PENDING|launch failed "
                                     "requeued held|lipt-worker|/a\nnoise\n"
                                     "12|1|RUNNING|None\n13|1|TIMEOUT|x|other|/\n\n");
    BOOST_TEST(answer.ok);
    BOOST_TEST(answer.tasks.size() == 3u);
    BOOST_TEST(!answer.tasks.at({"12", 0}).active());
    BOOST_TEST(answer.tasks.at({"12", 0}).name == "lipt-worker");
    BOOST_TEST(answer.tasks.at({"12", 0}).directory == "/a|b");
    BOOST_TEST(answer.tasks.at({"12", 10}).active());
    BOOST_TEST(answer.tasks.at({"12", 10}).reason == "launch failed requeued held");
    BOOST_TEST(!answer.tasks.at({"13", 1}).active());
    BOOST_TEST(parse_squeue("").tasks.empty());
}

BOOST_FIXTURE_TEST_CASE(everything_that_a_user_gave_is_an_argument_of_its_own, fixture) {
    sbatch("echo '12;cluster'");
    BOOST_TEST(submit_workers(numbers{0, 1, 5}, options()) == "12");
    const auto run = (folder / "run").string();
    for (const auto &part :
         {std::string("<--array=0-1,5%2>"), std::string("<--requeue>"), std::string("<--time=2>"),
          std::string("<--comment=$(id); 'x'>"), "<--chdir=" + run + ">",
          "<" + run + "/launch/worker.sh></opt/lipt's><" + run + ">"})
        BOOST_TEST(seen().find(part) != std::string::npos, part << " is not in " << seen());
    // The script is the same for everybody.
    const auto script = lipt_test::content_of(folder / "run/launch/worker.sh");
    BOOST_TEST(script.find("opt") == std::string::npos);
    BOOST_TEST(submit_merge("12", {"--min-workers", "3"}, options()) == "12");
    BOOST_TEST(seen().find("<--dependency=afterany:12>") != std::string::npos, seen());
    BOOST_TEST(seen().ends_with("</opt/lipt's><merge><--run><" + run + "><--min-workers><3>"), seen());
}

BOOST_FIXTURE_TEST_CASE(a_refusal_of_sbatch_is_an_error_with_its_words, fixture) {
    sbatch("echo 'invalid partition' >&2; exit 1");
    BOOST_TEST(lipt_test::error_id([&] { submit_workers(numbers{0}, options()); }) == "LIPT-J02");
    sbatch("echo 'something else'");
    BOOST_TEST(lipt_test::error_id([&] { submit_workers(numbers{0}, options()); }) == "LIPT-J02");
}

BOOST_AUTO_TEST_SUITE_END()
