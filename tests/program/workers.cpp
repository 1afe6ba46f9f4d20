// Workers apart from the run: on their shards alone, as processes, failing, too slow, and tried again.
#include "program.hpp"

#include <sys/stat.h>

#include <algorithm>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(workers)

namespace {

namespace fs = std::filesystem;
using words = std::vector<std::string>;

struct fixture {
    temporary_directory folder;
    fs::path data = folder / "data";
    fixture() { write_data(data); }

    outcome run(const std::string &name, const words &more = {}) {
        return run_lipt(folder, words{"run", "--out", (folder / name).string()} + small_run(data) + more);
    }
    fs::path good_run(const std::string &name, const words &more = {}) {
        const auto ended = run(name, more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return folder / name;
    }
    /// Flags of workers in processes whose faults stand in the folder.
    words faulty(const words &more = {}) {
        return words{"--launcher", "processes", "--worker-program", faulty_worker(folder).string()} + more;
    }
    void fault(int worker, const std::string &what) const {
        faulty_worker(folder); // makes the folder of faults
        folder.write("faults/" + std::to_string(worker), what);
    }
    /// The workers that were started since the last call, in any order.
    std::string started() {
        auto numbers = content_of(folder / "started");
        std::erase(numbers, '\n');
        std::sort(numbers.begin(), numbers.end());
        fs::remove(folder / "started");
        return numbers;
    }
    void check_named(const outcome &ended, const words &sentences) {
        for (const auto &sentence : sentences)
            BOOST_TEST(ended.err.find(sentence) != std::string::npos,
                       sentence << " is not in: " << ended.err);
    }
};

nlohmann::json soup_of(const fs::path &run) { return nlohmann::json::parse(content_of(run / "soup.json")); }

void check_same(const fs::path &a, const fs::path &b) {
    for (const char *file : {"workers/00.safetensors", "workers/01.safetensors", "workers/02.safetensors",
                             "soup.safetensors", "soup.json", "subset.npy", "final.safetensors"}) {
        BOOST_TEST(!content_of(a / file).empty(), file << " is missing");
        BOOST_TEST((content_of(a / file) == content_of(b / file)), file << " differs");
    }
    BOOST_TEST(result_of(a) == result_of(b));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(processes_give_what_threads_give_at_any_number_of_slots, fixture) {
    const auto threads = good_run("threads");
    for (const char *slots : {"1", "2", "4"})
        check_same(threads, good_run(std::string("processes-") + slots,
                                     {"--launcher", "processes", "--slots", slots}));
}

BOOST_FIXTURE_TEST_CASE(rounds_one_by_one_give_what_run_gives, fixture) {
    const words two{"--rounds", "2"};
    const auto whole = good_run("whole", two);
    const auto run = folder / "parts";
    const auto does = [&](const words &command) { return run_lipt(folder, command).status; };
    const auto worker = [&](int number) {
        return run_lipt(folder, {"worker", "--run", run.string(), "--worker", std::to_string(number)});
    };
    BOOST_TEST_REQUIRE(does(words{"plan", "--out", run.string()} + small_run(data) + two) == 0);
    const auto early = worker(4);
    BOOST_TEST(early.status == 1);
    check_named(early, {"LIPT-S06", "has no theta_star-2.safetensors yet", "`lipt merge`"});
    check_named(worker(6), {"LIPT-Q03", "expected 0 to 5"});
    for (const int number : {0, 1, 2}) BOOST_TEST(worker(number).status == 0);
    BOOST_TEST(does({"merge", "--run", run.string(), "--expect", "3"}) == 0);
    for (const int number : {5, 4, 3}) BOOST_TEST(worker(number).status == 0);
    for (const char *stage : {"merge", "select", "train"})
        BOOST_TEST(does({stage, "--run", run.string()}) == 0);
    check_same(whole, run);
    for (const char *file : {"theta_star-2.safetensors", "soup-1.json", "workers/05.safetensors"})
        BOOST_TEST((content_of(whole / file) == content_of(run / file)), file << " differs");
    check_same(whole, good_run("processes", two + words{"--launcher", "processes"}));
}

BOOST_FIXTURE_TEST_CASE(a_worker_lost_in_a_round_is_named_and_the_last_round_mended, fixture) {
    const words two{"--rounds", "2"};
    fault(1, "exit"), fault(5, "exit");
    const auto ended = run("run", two + faulty());
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_named(ended, {"worker 1 is not in the soup", "worker 5 is not in the soup"});
    started();
    fs::remove_all(folder / "faults");
    BOOST_TEST(run("run", two + faulty()).status == 0);
    BOOST_TEST(started() == "5"); // the first round's soup stays
    BOOST_TEST(soup_of(folder / "run").at("refused").empty());
}

BOOST_FIXTURE_TEST_CASE(what_a_worker_says_last_is_shown_as_text_whatever_it_is, fixture) {
    fault(0, "noise"), fault(1, "nothing");
    const auto ended = run("run", faulty());
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_named(ended,
                {"its process ended with status 1: before ??[31m after", "its process left no upload"});
    started();
    fault(0, "kill");
    fs::remove(folder / "faults/1");
    const auto again = run("run", faulty());
    BOOST_TEST_REQUIRE(again.status == 0, again.err);
    check_named(again, {"worker 0 is not in the soup: its process was ended by signal 9"});
    BOOST_TEST(again.err.find("before") == std::string::npos, again.err); // that was the first time
    fs::remove_all(folder / "faults");
    const auto mended = run("run", faulty({"--min-workers", "3"}));
    BOOST_TEST_REQUIRE(mended.status == 0, mended.err);
    BOOST_TEST(soup_of(folder / "run").at("ingredients").size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_soup_of_too_few_is_not_enough_later_either, fixture) {
    fault(0, "exit");
    BOOST_TEST(run("run", faulty()).status == 0);
    const auto path = (folder / "run").string();
    const auto merged = run_lipt(folder, {"merge", "--run", path, "--min-workers", "3"});
    BOOST_TEST(merged.status == 1);
    check_named(merged, {"LIPT-S07", "2 of 3 workers"});
    BOOST_TEST(run_lipt(folder, {"merge", "--run", path, "--min-workers", "2"}).status == 0);
    BOOST_TEST(run_lipt(folder, {"merge", "--run", path, "--min-workers", "0"}).status == 2);
}

BOOST_FIXTURE_TEST_CASE(a_worker_needs_no_more_than_its_shard, fixture) {
    const auto whole = good_run("whole");
    const auto away = folder / "away";
    fs::create_directories(away / "shards");
    for (const char *file : {"config.json", "theta_star.safetensors", "shards/01.safetensors"})
        fs::copy_file(whole / file, away / file);
    fs::remove_all(data);
    const words first{"worker", "--run", away.string(), "--worker", "1"};
    BOOST_TEST(run_lipt(folder, first).status == 0);
    BOOST_TEST((content_of(away / "workers/01.safetensors") == content_of(whole / "workers/01.safetensors")));
    const auto other = run_lipt(folder, {"worker", "--run", away.string(), "--worker", "0"});
    BOOST_TEST(other.status == 1);
    check_named(other, {"LIPT-S06"});
}

BOOST_FIXTURE_TEST_CASE(what_travels_is_counted, fixture) {
    const auto path = good_run("run");
    const auto result = result_of(path);
    const auto &moved = result.at("communication");
    std::uint64_t down = 0, up = 0;
    constexpr std::uint64_t header = 16 * 1024; // names, shapes and metadata of a file
    for (const char *name : {"00.safetensors", "01.safetensors", "02.safetensors"}) {
        down += fs::file_size(path / "shards" / name) + fs::file_size(path / "theta_star.safetensors");
        up += fs::file_size(path / "workers" / name);
    }
    const auto counted_down = moved.at("bytes_to_workers").get<std::uint64_t>();
    const auto counted_up = moved.at("bytes_from_workers").get<std::uint64_t>();
    BOOST_TEST((counted_down <= down && counted_down + 6 * header > down));
    BOOST_TEST((counted_up <= up && counted_up + 3 * header > up));
    // At most a shard as it is and a model down, a model with a bit a weight up.
    const auto model = fs::file_size(path / "theta_star.safetensors");
    BOOST_TEST(counted_down <= 3 * (32 * (784 + 4) + model));
    BOOST_TEST(counted_up <= 3 * (model + model / 32));
    BOOST_TEST(moved.at("lipt").at("messages") == 9);
    BOOST_TEST(moved.at("lipt").at("bytes") == counted_down + counted_up);
    BOOST_TEST(moved.at("steps_a_worker") == 2);
    BOOST_TEST(moved.at("full_data").at("bytes").get<std::uint64_t>() > counted_down + counted_up);
    // A damaged shard is refused by the worker that it is for.
    auto damaged = content_of(path / "shards/01.safetensors");
    damaged[damaged.size() - 5] ^= 1;
    std::ofstream(path / "shards/01.safetensors", std::ios::binary) << damaged;
    fs::remove(path / "workers/01.safetensors");
    const auto ended = run_lipt(folder, {"worker", "--run", path.string(), "--worker", "1"});
    BOOST_TEST(ended.status == 1);
    check_named(ended, {"LIPT-F27"});
}

BOOST_FIXTURE_TEST_CASE(no_workers_end_loses_anothers_work_and_a_rerun_does_what_is_missing, fixture) {
    const auto whole = good_run("whole");
    fault(0, "exit"), fault(1, "kill");
    const auto ended = run("broken", faulty());
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_named(ended, {"worker 0 is not in the soup: its process ended with status 1: it broke",
                        "worker 1 is not in the soup: its process was ended by signal 9"});
    BOOST_TEST(started() == "012");
    const auto broken = folder / "broken";
    BOOST_TEST(soup_of(broken).at("ingredients").size() == 1u);
    BOOST_TEST(soup_of(broken).at("refused").size() == 2u);
    BOOST_TEST(result_of(broken).at("communication").at("workers") == 1);

    // Still broken: both are tried again, and nothing is made anew.
    const auto before = content_of(broken / "soup.json");
    fs::remove(folder / "faults/1");
    fault(1, "exit");
    const auto again = run("broken", faulty());
    BOOST_TEST(started() == "01");
    BOOST_TEST(again.status == 0);
    BOOST_TEST(content_of(broken / "soup.json") == before);

    fs::remove(folder / "faults/0"), fs::remove(folder / "faults/1");
    BOOST_TEST(run("broken", faulty()).status == 0);
    BOOST_TEST(started() == "01");
    check_same(whole, broken);
    BOOST_TEST(run("broken", faulty()).status == 0);
    BOOST_TEST(started().empty());
}

BOOST_FIXTURE_TEST_CASE(a_worker_is_tried_again_as_often_as_asked, fixture) {
    const auto whole = good_run("whole");
    fault(0, "once"), fault(2, "once");
    check_same(whole, good_run("tried", faulty({"--retries", "1"})));
    BOOST_TEST(started() == "00122");
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_is_too_slow_is_given_up, fixture) {
    const auto whole = good_run("whole");
    fault(1, "hang");
    // The others are done long before.
    const auto ended = run("slow", faulty({"--deadline", "20"}));
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    check_named(ended, {"worker 1 is not in the soup: given up at the deadline, while it ran"});
    BOOST_TEST(soup_of(folder / "slow").at("ingredients").size() == 2u);
    const auto limited = run("limited", faulty({"--time-limit", "20"}));
    check_named(limited, {"worker 1 is not in the soup: its process was ended after its time limit of 20 s"});
    fs::remove(folder / "faults/1");
    check_same(whole, good_run("slow", faulty()));
}

BOOST_FIXTURE_TEST_CASE(too_few_workers_are_one_clear_error, fixture) {
    for (int worker = 0; worker < 3; ++worker) fault(worker, "exit");
    const auto none = run("few", faulty());
    BOOST_TEST(none.status == 1);
    check_named(
        none,
        {"[LIPT-S05] merge: none of 3 workers has delivered: worker 0: its process ended with status 1"});
    fs::remove(folder / "faults/2");
    const auto one = run("few", faulty({"--min-workers", "2"}));
    BOOST_TEST(one.status == 1);
    check_named(one,
                {"[LIPT-S07] merge: 1 of 3 workers have delivered, --min-workers asks for 2: worker 0: "});
    const auto few = (folder / "few").string();
    BOOST_TEST(run_lipt(folder, {"merge", "--run", few, "--min-workers", "2"}).status == 1);
    BOOST_TEST(!fs::exists(folder / "few" / "soup.json"));
    BOOST_TEST(run_lipt(folder, {"merge", "--run", few, "--expect", "3", "--min-workers", "1"}).status == 0);
    const auto other = run_lipt(folder, {"merge", "--run", few, "--expect", "4"});
    BOOST_TEST(other.status == 2);
    check_named(other, {"LIPT-U44"});
}

BOOST_FIXTURE_TEST_CASE(the_order_in_which_workers_come_changes_nothing, fixture) {
    const auto whole = good_run("whole");
    const auto path = (folder / "parts").string();
    const auto stage = [&](const words &arguments) {
        const auto ended = run_lipt(folder, arguments);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    };
    stage(words{"plan", "--out", path} + small_run(data));
    stage({"worker", "--run", path, "--worker", "2"});
    stage({"merge", "--run", path});
    stage({"select", "--run", path});
    BOOST_TEST(soup_of(path).at("refused").size() == 2u);
    stage({"worker", "--run", path, "--worker", "1"});
    stage({"worker", "--run", path, "--worker", "0"});
    // What came since makes the soup anew, and with it the subset.
    stage({"merge", "--run", path});
    BOOST_TEST(!fs::exists(fs::path(path) / "subset.npy"));
    stage({"select", "--run", path});
    stage({"train", "--run", path});
    check_same(whole, path);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_shard_is_cut_again, fixture) {
    const auto whole = good_run("whole");
    fs::copy(whole, folder / "cut", fs::copy_options::recursive);
    const auto path = folder / "cut";
    const std::string shard = "cut/shards/01.safetensors", indices = "cut/shards/02.npy";
    for (const auto &file : {shard, indices}) {
        auto content = content_of(folder / file);
        folder.write(file, content.substr(0, content.size() - 3));
    }
    for (const char *file : {"01.safetensors", "02.safetensors"}) fs::remove(path / "workers" / file);
    fs::remove(path / "soup.safetensors");
    check_same(good_run("cut"), whole);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_start_is_refused_and_no_upload_lost, fixture) {
    const auto path = good_run("run");
    const auto upload = content_of(path / "workers/00.safetensors");
    auto start = content_of(path / "theta_star.safetensors");
    start[start.size() - 100] ^= 1;
    folder.write("run/theta_star.safetensors", start);
    for (const char *gone : {"workers/01.safetensors", "soup.safetensors"}) fs::remove(path / gone);
    const auto ended = run("run");
    BOOST_TEST(ended.status == 1);
    check_named(ended, {"[LIPT-F27]", "theta_star.safetensors"});
    BOOST_TEST((content_of(path / "workers/00.safetensors") == upload));
}

BOOST_FIXTURE_TEST_CASE(a_pipe_where_a_file_should_be_holds_nobody_up, fixture) {
    good_run("run");
    fs::remove(folder / "run/metrics.jsonl");
    BOOST_REQUIRE(::mkfifo((folder / "run/metrics.jsonl").c_str(), 0600) == 0);
    const auto ended = run("run");
    BOOST_TEST(ended.status == 1);
    check_named(ended, {"[LIPT-F03]", "metrics.jsonl"});
}

BOOST_FIXTURE_TEST_CASE(workers_lost_in_an_early_round_are_not_counted_as_having_worked, fixture) {
    faulty_worker(folder);
    fault(1, "exit");
    const auto path = good_run("run", faulty({"--rounds", "2"}));
    const auto moved = result_of(path).at("communication");
    BOOST_TEST((moved.at("workers") == 3 && moved.at("uploads") == 5));
    BOOST_TEST(moved.at("lipt").at("messages") == 15);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_written_through_a_link_that_leads_out_of_the_run, fixture) {
    const auto path = folder / "run";
    BOOST_TEST(run_lipt(folder, words{"plan", "--out", path.string()} + small_run(data)).status == 0);
    const auto precious = folder.write("precious", "mine");
    fs::create_symlink(precious, path / "workers/00.safetensors");
    const auto refused = [&](const words &arguments) {
        const auto ended = run_lipt(folder, arguments);
        BOOST_TEST(ended.status == 1);
        check_named(ended, {"LIPT-R12"});
        BOOST_TEST(content_of(precious) == "mine");
    };
    refused({"worker", "--run", path.string(), "--worker", "0"});
    fs::remove(path / "workers/00.safetensors");
    fs::create_directories(folder / "elsewhere");
    fs::create_directory_symlink(folder / "elsewhere", path / "launch");
    refused(words{"run", "--out", path.string()} + small_run(data) + words{"--launcher", "processes"});
    BOOST_TEST(fs::is_empty(folder / "elsewhere"));
    // A directory that is itself reached by a link is as good as any.
    fs::remove(path / "launch");
    fs::create_directory_symlink(path, folder / "link");
    const auto link = (folder / "link").string();
    BOOST_TEST(run_lipt(folder, {"worker", "--run", link, "--worker", "0"}).status == 0);
}

BOOST_FIXTURE_TEST_CASE(no_file_of_a_run_is_written_through_a_link, fixture) {
    const auto precious = folder.write("precious", "mine");
    const auto planned = folder / "planned";
    BOOST_TEST(run_lipt(folder, words{"plan", "--out", planned.string()} + small_run(data)).status == 0);
    for (const char *name :
         {".lock", "metrics.jsonl", "theta_star.safetensors", "shards/00.npy", "shards/00.safetensors",
          "plan.json", "workers/00.json", "workers/00.safetensors", "launch/worker-0.log", "soup.json",
          "soup.safetensors", "subset.npy", "weights.npy", "main/checkpoint-00004.safetensors",
          "final.safetensors", "result.json", "report.html"}) {
        const auto path = folder / "run";
        fs::create_directories((path / name).parent_path());
        fs::create_symlink(precious, path / name);
        fs::copy_file(planned / "config.json", path / "config.json");
        const auto ended = run("run", {"--launcher", "processes"});
        BOOST_TEST(content_of(precious) == "mine", name);
        const bool said = ended.err.find("LIPT-R12") != std::string::npos ||
                          ended.err.find("it is a link") != std::string::npos;
        BOOST_TEST(said, name << ": " << ended.err);
        fs::remove_all(path);
    }
}

BOOST_FIXTURE_TEST_CASE(flags_that_a_launcher_has_no_use_for_are_wrong_use, fixture) {
    const auto refused = [&](const words &more, const std::string &id) {
        const auto ended = run("none", more);
        BOOST_TEST(ended.status == 2, ended.err);
        check_named(ended, {id});
        BOOST_TEST(!fs::exists(folder / "none"));
    };
    refused({"--launcher", "pigeons"}, "LIPT-U03");
    refused({"--slots", "-1"}, "LIPT-U03");
    refused({"--launcher", "processes", "--deadline", "-1"}, "LIPT-U03");
    refused({"--min-workers", "0"}, "LIPT-U03");
    refused({"--deadline", "5"}, "LIPT-U40");
    refused({"--retries", "1"}, "LIPT-U40");
    refused({"--submit-only"}, "LIPT-U40");
    refused({"--launcher", "processes", "--sbatch=--partition=x"}, "LIPT-U40");
    refused({"--launcher", "slurm", "--submit-only", "--deadline", "5"}, "LIPT-U40");
    refused({"--launcher", "processes", "--worker-program", data.string() + "/none"}, "LIPT-U41");
    refused({"--launcher", "slurm", "--sbatch=script.sh"}, "LIPT-U42");
    refused({"--min-workers", "4"}, "LIPT-U43");
}

BOOST_AUTO_TEST_SUITE_END()
