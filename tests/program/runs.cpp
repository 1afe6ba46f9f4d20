// Same seed, same result: at any number of threads, in one process or in stages, undisturbed or killed.
#include "program.hpp"

#include <lipt/random.hpp>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(runs)

namespace {

struct fixture {
    temporary_directory folder;
    std::filesystem::path data = folder / "data";
    fixture() { write_data(data); }

    std::filesystem::path run(const std::string &name, const std::vector<std::string> &more = {}) {
        const auto ended =
            run_lipt(folder, std::vector<std::string>{"run", "--out", (folder / name).string()} +
                                 small_run(data) + more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return folder / name;
    }
};

void check_same(const std::filesystem::path &a, const std::filesystem::path &b) {
    for (const char *file : {"subset.npy", "weights.npy", "theta_star.safetensors", "soup.safetensors",
                             "soup.json", "final.safetensors"}) {
        BOOST_TEST((content_of(a / file) == content_of(b / file)), file << " differs");
    }
    BOOST_TEST(result_of(a) == result_of(b));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(the_first_line_says_what_was_built, fixture) {
    const auto out = (folder / "run").string();
    const auto ended = run_lipt(folder, std::vector<std::string>{"run", "--out", out} + small_run(data) +
                                            std::vector<std::string>{"--selector", "rs2"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    const auto first = ended.err.substr(0, ended.err.find('\n'));
    BOOST_TEST(first.find("resnet8 (3x3 stem, depth 8, 77,754 parameters)") != std::string::npos, first);
}

BOOST_FIXTURE_TEST_CASE(threads_and_repetition_change_no_byte, fixture) {
    const auto one = run("one", {"--threads", "1"});
    check_same(one, run("two", {"--threads", "2"}));
    check_same(one, run("four", {"--threads", "4"}));
    check_same(one, run("again", {"--threads", "2"}));
}

BOOST_FIXTURE_TEST_CASE(stages_one_by_one_give_what_run_gives, fixture) {
    const auto whole = run("whole");
    const auto parts = (folder / "parts").string();
    const auto stage = [&](const std::vector<std::string> &arguments) {
        const auto ended = run_lipt(folder, arguments);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    };
    stage(std::vector<std::string>{"plan", "--out", parts} + small_run(data));
    for (const char *worker : {"2", "0", "1", "2"}) stage({"worker", "--run", parts, "--worker", worker});
    stage({"merge", "--run", parts});
    stage({"select", "--run", parts, "--threads", "1"});
    stage({"train", "--run", parts});
    check_same(whole, parts);
    BOOST_TEST(std::filesystem::exists(std::filesystem::path(parts) / "report.html"));
}

BOOST_FIXTURE_TEST_CASE(a_report_shows_the_images_of_a_run_beside_that_has_scores, fixture) {
    const auto fresh = run("fresh", {"--selector", "rs2"}), scored = run("scored", {"--selector", "grand"});
    const auto page = (folder / "page.html").string();
    const auto made = run_lipt(folder, {"report", fresh.string(), scored.string(), "--out", page});
    BOOST_TEST_REQUIRE(made.status == 0, made.err);
    BOOST_TEST(content_of(page).find("Highest scores, LiPT + grand") != std::string::npos);
    BOOST_TEST(content_of(fresh / "report.html").find("Highest scores") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_run_killed_at_any_moment_ends_the_same, fixture) {
    const auto whole = run("whole");
    const auto killed = folder / "killed";
    const auto arguments = std::vector<std::string>{"run", "--out", killed.string()} + small_run(data);
    lipt::rng draw({.seed = 11, .stage = lipt::stream::test});
    int kills = 0;
    bool finished = false;
    // Every round leaves the run a random time, so that it is caught in every stage; what it ends with must
    // not depend on when. Finished before twenty kills, it is begun anew.
    while (kills < 20 || !finished) {
        started_program program(folder, arguments);
        if (kills < 20) {
            usleep(draw.below(900'000));
            program.kill();
        }
        const auto ended = program.finish();
        finished = ended.status == 0;
        BOOST_TEST_REQUIRE((finished || ended.status == -SIGKILL), ended.err);
        if (!finished) ++kills;
        if (finished) check_same(whole, killed);
        if (finished && kills < 20) std::filesystem::remove_all(killed);
    }
    BOOST_TEST(kills >= 20);
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_is_an_error_and_loses_nothing, fixture) {
    const auto whole = run("whole");
    const auto full = folder / "full";
    const auto arguments = std::vector<std::string>{"run", "--out", full.string()} + small_run(data);
    // A state has some 315 kB, with momentum twice that: the limit lets everything through but checkpoints.
    const auto ended = run_lipt(folder, arguments, 400'000);
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("LIPT-F02") != std::string::npos, ended.err);
    for (const auto &entry : std::filesystem::recursive_directory_iterator(full)) {
        BOOST_TEST(!entry.path().filename().string().ends_with(".tmp"), entry.path());
    }
    BOOST_TEST(run_lipt(folder, arguments).status == 0);
    check_same(whole, full);
}

BOOST_FIXTURE_TEST_CASE(the_soup_goes_on_without_damaged_workers, fixture) {
    const auto path = folder / "run";
    const auto stage = [&](const std::vector<std::string> &arguments) {
        const auto ended = run_lipt(folder, arguments);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return ended;
    };
    stage(std::vector<std::string>{"plan", "--out", path.string()} + small_run(data) +
          std::vector<std::string>{"--workers", "6"});
    for (const char *worker : {"0", "1", "2", "3", "4"})
        stage({"worker", "--run", path.string(), "--worker", worker});
    const auto file = [&](int worker) {
        return path / "workers" / ("0" + std::to_string(worker) + ".safetensors");
    };

    auto truncated = content_of(file(1));
    std::ofstream(file(1), std::ios::binary) << truncated.substr(0, truncated.size() / 2);
    const auto nan = with_nan(file(2));
    std::ofstream(file(2), std::ios::binary) << nan;
    std::filesystem::copy_file(file(0), file(3),
                               std::filesystem::copy_options::overwrite_existing); // another's work
    // Of another network: the same program, other settings.
    const auto other = folder / "other";
    stage(std::vector<std::string>{"plan", "--out", other.string()} + small_run(data) +
          std::vector<std::string>{"--workers", "6", "--network", "resnet14"});
    stage({"worker", "--run", other.string(), "--worker", "4"});
    std::filesystem::copy_file(other / "workers/04.safetensors", file(4),
                               std::filesystem::copy_options::overwrite_existing);

    // Without its times, and without its cost: the counts are in the uploads that can still be read.
    std::filesystem::remove(path / "workers/00.json");
    std::filesystem::remove(path / "workers/01.json");

    const auto merged = stage({"merge", "--run", path.string()});
    const auto soup = nlohmann::json::parse(content_of(path / "soup.json"));
    BOOST_TEST(soup.at("ingredients").size() == 1u);
    BOOST_TEST(soup.at("refused").size() == 5u);
    for (const auto &one : soup.at("refused")) BOOST_TEST(!one.at("reason").get<std::string>().empty());
    for (const char *id : {"LIPT-F2", "LIPT-T02", "LIPT-R08", "LIPT-R05", "missing"}) {
        BOOST_TEST(merged.err.find(id) != std::string::npos, id << " is not in: " << merged.err);
    }
    stage({"select", "--run", path.string()});
    stage({"train", "--run", path.string()});
    // Two passes over 32 images each of workers 0 and 2 to 4; worker 5 never ran.
    const auto result = result_of(path);
    const auto &stages = result.at("stages");
    const auto local =
        std::find_if(stages.begin(), stages.end(), [](const auto &one) { return one.at("name") == "local"; });
    BOOST_TEST(local->at("backward") == 4 * 64);
}

BOOST_AUTO_TEST_SUITE_END()
