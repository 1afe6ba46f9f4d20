// Workers as ranks of MPI: the same bytes as in threads, and a clear end whatever dies.
#include "whole_run.hpp"

#include <lipt/adapters/launch/child.hpp>

#include <cstdlib>
#include <map>
#include <optional>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(mpi)

namespace {

namespace fs = std::filesystem;
using words = std::vector<std::string>;

/// One run for all cases.
struct shared_run {
    static inline std::optional<whole_run> one;
    void setup() {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1), setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
        setenv("OMPI_MCA_btl", "self,tcp", 1); // shared memory would leave segments of killed ranks behind
        setenv("OMPI_MCA_btl_tcp_if_include", "lo", 1);
        one.emplace();
    }
    void teardown() { one.reset(); }
};

struct fixture {
    whole_run &all = *shared_run::one;
    temporary_directory folder;
    fs::path path = folder / "run";

    fixture() {
        fs::create_directories(folder / "ranks");
        setenv("TMPDIR", (folder / "ranks").c_str(), 1); // a killed rank cannot remove what it had
    }
    ~fixture() { unsetenv("TMPDIR"); }

    outcome run(const words &more = {}) const {
        return run_lipt(folder, words{"run", "--out", path.string()} + all.flags() +
                                    words{"--launcher", "mpi", "--slots", "2", "--silence", "10",
                                          "--worker-program", faulty_worker(folder).string()} +
                                    more);
    }
    void fault(int worker, const std::string &what) const {
        faulty_worker(folder);
        folder.write("faults/" + std::to_string(worker), what);
    }
    void mend() const { fs::remove_all(folder / "faults"); }
    /// A program that does this in a shell, and goes on as lipt.
    std::string script(const std::string &first) const {
        const auto file =
            folder.write("script", "#!/bin/sh\n" + first + "\nexec '" LIPT_PROGRAM "' \"$@\"\n");
        fs::permissions(file, fs::perms::owner_all);
        return file.string();
    }
    nlohmann::json soup() const { return soup_of(path); }
    void check_reason(std::size_t worker, const std::string &part) const {
        const auto reason = refusal_of(path, worker);
        BOOST_TEST(reason.find(part) != std::string::npos, worker << ": " << reason);
    }
    void check_whole(const outcome &ended) const {
        all.check_like(path, ended);
        BOOST_TEST(fs::is_empty(folder / "ranks"));
    }
};

BOOST_TEST_GLOBAL_FIXTURE(shared_run);

} // namespace

BOOST_FIXTURE_TEST_CASE(the_same_as_in_threads_at_any_number_of_ranks, fixture) {
    for (const char *slots : {"1", "2", "4"}) {
        check_whole(run({"--slots", slots}));
        // What the workers took comes back with their models.
        for (const auto &stage : nlohmann::json::parse(content_of(path / "result.json")).at("stages")) {
            if (stage.at("name") != "local") continue;
            for (const char *key : {"wall_s", "cpu_s", "peak_mib"}) BOOST_TEST(stage.at(key) > 0.0, key);
        }
        fs::remove_all(path);
    }
}

BOOST_FIXTURE_TEST_CASE(rounds_are_like_those_in_threads, fixture) {
    const words rounds{"--rounds", "2"};
    const whole_run two(rounds);
    two.check_like(path, run(rounds));
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_fails_is_named_and_tried_again, fixture) {
    fault(0, "exit"), fault(2, "kill");
    const auto ended = run();
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_reason(0, "its process ended with status 1: it broke");
    check_reason(2, "its process was ended by signal 9");
    mend();
    fault(0, "once"), fault(2, "once");
    check_whole(run({"--retries", "1"}));
}

BOOST_FIXTURE_TEST_CASE(a_host_that_fails_every_worker_loses_none, fixture) {
    check_whole(run({"--worker-program", script("[ \"$OMPI_COMM_WORLD_RANK\" != 1 ] || exit 127")}));
}

BOOST_FIXTURE_TEST_CASE(a_program_that_cannot_be_started_there_is_told, fixture) {
    const auto wrong = folder.write("wrong", "#!/no/such/interpreter\n");
    fs::permissions(wrong, fs::perms::owner_all);
    const auto ended = run({"--worker-program", wrong.string()});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("cannot be started") != std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(a_shard_that_cannot_be_read_costs_its_worker_alone, fixture) {
    const auto shard = (path / "shards/01.safetensors").string();
    // Worker 0 is at work when the next shard is read.
    const auto breaks = script("[ \"$5\" != 0 ] || { rm '" + shard + "'; mkdir '" + shard + "'; }");
    const auto ended = run({"--slots", "1", "--worker-program", breaks});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_reason(1, "LIPT-F03");
    BOOST_TEST(soup().at("ingredients").size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_killed_rank_loses_its_own_worker_alone, fixture) {
    fault(1, "orphan");
    const auto ended = run();
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_reason(1, "has not answered for 10 s");
    BOOST_TEST(soup().at("ingredients").size() == 3u);
    mend();
    fs::remove_all(folder / "ranks"); // what the killed one left
    fs::create_directories(folder / "ranks");
    check_whole(run());
}

BOOST_FIXTURE_TEST_CASE(without_recovery_what_was_delivered_before_is_merged, fixture) {
    fault(2, "orphan");
    // One rank that trains: two workers have delivered when it dies, and mpirun ends all.
    const auto ended = run({"--slots", "1", "--mpirun=--oversubscribe"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    BOOST_TEST(soup().at("ingredients").size() == 2u);
    check_reason(2, "lost with its mpirun");
    check_reason(3, "lost with its mpirun");
}

BOOST_FIXTURE_TEST_CASE(with_no_rank_left_there_is_an_end, fixture) {
    fault(0, "orphan");
    const auto ended = run({"--slots", "1"});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("[LIPT-S05] merge: none of 4 workers has delivered") != std::string::npos,
               ended.err);
    BOOST_TEST(ended.err.find("has not answered for 10 s") != std::string::npos, ended.err);
    BOOST_TEST(ended.err.find("no rank is left") != std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(uploads_that_are_not_what_they_should_be_are_refused, fixture) {
    const auto upload = [&](int worker) {
        return all.path / "workers" / ("0" + std::to_string(worker) + ".safetensors");
    };
    const auto whole = content_of(upload(0));
    folder.write("replacement-0", whole.substr(0, whole.size() / 2));
    folder.write("replacement-1", whole); // another worker's
    folder.write("replacement-2", with_nan(upload(2)));
    for (const int worker : {0, 1, 2}) fault(worker, "replace");
    const auto ended = run();
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_reason(0, "LIPT-F2");
    check_reason(1, "LIPT-R08");
    check_reason(2, "LIPT-T02");
    BOOST_TEST(soup().at("ingredients").size() == 1u);
    mend();
    check_whole(run());
}

BOOST_FIXTURE_TEST_CASE(half_a_message_is_told_from_a_whole_one, fixture) {
    const auto ended = lipt::adapters::run_program(
        {LIPT_MPIRUN, "--enable-recovery", "--oversubscribe", "-n", "5", LIPT_HALF_MESSAGE},
        std::chrono::seconds(60));
    BOOST_TEST(ended.out ==
                   "1: its message did not go on for 2 s\n2: it sent less than it had announced\n3: 0 bytes\n"
                   "1048576 bytes\n4: it announced 1152921504606846976 bytes, expected at most "
                   "2097152\n",
               ended.out << ended.err);
}

BOOST_FIXTURE_TEST_CASE(a_straggler_is_given_up_at_the_deadline, fixture) {
    fault(3, "hang");
    const auto ended = run({"--deadline", "30"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_reason(3, "given up at the deadline");
    BOOST_TEST(soup().at("ingredients").size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(no_byte_goes_from_worker_to_worker, fixture) {
    const auto file = (folder / "traffic").string();
    words flags{"--slots", "4", "--mpirun=--oversubscribe"};
    for (const std::string &word :
         {std::string("--mca"), std::string("pml_monitoring_enable"), std::string("2"), std::string("--mca"),
          std::string("pml_monitoring_enable_output"), std::string("3"), std::string("--mca"),
          std::string("pml_monitoring_filename"), file})
        flags.push_back("--mpirun=" + word);
    check_whole(run(flags));
    // Lines "E <from> <to> <bytes> bytes ...": what Open MPI counted of messages of the program.
    std::map<std::pair<int, int>, std::uint64_t> bytes;
    for (int rank = 0; rank < 5; ++rank) {
        std::ifstream in(file + "." + std::to_string(rank) + ".prof");
        BOOST_TEST(in.good());
        for (std::string line; std::getline(in, line);) {
            int from = 0, to = 0;
            unsigned long long count = 0;
            if (std::sscanf(line.c_str(), "E %d %d %llu bytes", &from, &to, &count) == 3)
                bytes[{from, to}] += count;
        }
    }
    std::uint64_t down = 0, up = 0;
    for (const auto &[pair, count] : bytes) {
        const auto [from, to] = pair;
        BOOST_TEST((from == 0 || to == 0), "rank " << from << " sent " << count << " bytes to " << to);
        (from == 0 ? down : up) += count;
    }
    // What the files hold, and heads of messages.
    std::uint64_t files_down = 0, files_up = 0;
    for (int worker = 0; worker < 4; ++worker) {
        const auto name = "0" + std::to_string(worker) + ".safetensors";
        files_down += fs::file_size(path / "shards" / name) + fs::file_size(path / "theta_star.safetensors") +
                      fs::file_size(path / "config.json");
        files_up += fs::file_size(path / "workers" / name);
    }
    BOOST_TEST((down >= fs::file_size(path / "theta_star.safetensors") && down <= files_down + 8 * 1024));
    BOOST_TEST((up >= files_up && up <= files_up + 8 * 1024));
}

BOOST_AUTO_TEST_SUITE_END()
