// A run directory that was damaged: one clear error, whatever it is that is not as it was written.
#include "program.hpp"

#include <algorithm>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(damage)

namespace {

struct fixture : one_run {
    /// The run begins, and ends with that error.
    void check_stopped(const std::string &id) {
        const auto ended = run({});
        BOOST_TEST(ended.status == 1, ended.err);
        BOOST_TEST(ended.err.find(id) != std::string::npos, "expected " << id << " in: " << ended.err);
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_cost_that_was_lost_is_not_taken_for_none, fixture) {
    const auto path = folder / "run";
    BOOST_TEST(run({}).status == 0);
    std::filesystem::remove(path / "result.json");
    const auto metrics = content_of(path / "metrics.jsonl");
    std::filesystem::remove(path / "metrics.jsonl");
    check_stopped("LIPT-R03");
    BOOST_TEST(!std::filesystem::exists(path / "result.json"));
    std::ofstream(path / "metrics.jsonl") << metrics;
    BOOST_TEST(run({}).status == 0);
    std::filesystem::remove(path / "soup.json");
    check_stopped("LIPT-R03");
}

BOOST_FIXTURE_TEST_CASE(a_damaged_checkpoint_is_refused, fixture) {
    BOOST_TEST(run({}).status == 0);
    for (const auto &entry : std::filesystem::directory_iterator(folder / "run/main")) {
        if (!entry.path().filename().string().starts_with("checkpoint-")) continue;
        auto content = content_of(entry.path());
        content[content.size() - 50] ^= 1;
        std::ofstream(entry.path(), std::ios::binary) << content;
    }
    check_stopped("LIPT-F27");
}

BOOST_FIXTURE_TEST_CASE(damaged_files_of_a_run_are_refused, fixture) {
    const auto path = folder / "run";
    BOOST_TEST(run({}).status == 0);
    const auto good = content_of(path / "subset.npy");
    auto wild = good;
    wild[wild.size() - 3] = 100; // some index of millions
    std::ofstream(path / "subset.npy", std::ios::binary) << wild;
    check_refused(run_lipt(folder, {"train", "--run", path.string()}), 1, "LIPT-R06");
    std::ofstream(path / "subset.npy", std::ios::binary) << good;
    auto twice = good; // the last index again, in place of the one before
    twice.replace(twice.size() - 16, 8, twice.substr(twice.size() - 8));
    std::ofstream(path / "subset.npy", std::ios::binary) << twice;
    check_refused(run_lipt(folder, {"train", "--run", path.string()}), 1, "twice");
    std::ofstream(path / "subset.npy", std::ios::binary) << good;
    std::filesystem::copy_file(path / "scores.npy", path / "weights.npy",
                               std::filesystem::copy_options::overwrite_existing);
    check_refused(run_lipt(folder, {"train", "--run", path.string()}), 1, "LIPT-R06");
}

BOOST_FIXTURE_TEST_CASE(json_with_fields_of_another_type_is_refused_by_name, fixture) {
    const auto path = folder / "run";
    BOOST_TEST(run({}).status == 0);
    const auto with = [&](const std::string &name, const std::string &content,
                          const std::vector<std::string> &command) {
        const auto good = content_of(path / name);
        std::ofstream(path / name, std::ios::binary) << content;
        const auto ended = run_lipt(folder, command);
        BOOST_TEST_CONTEXT(name) {
            check_refused(ended, 1, "LIPT-R03");
            BOOST_TEST(ended.err.find((path / name).string()) != std::string::npos, ended.err);
        }
        std::ofstream(path / name, std::ios::binary) << good;
    };
    const std::vector<std::string> merge{"merge", "--run", path.string()};
    with("metrics.jsonl", "{\"event\":\"stage\",\"name\":5}\n", merge);
    with("metrics.jsonl", "{\"event\":7}\n", merge);
    with("soup.json", "{\"refused\":[1]}", merge);
    with("soup.json", "{}", merge);
    with("config.json", "{\"version\":\"1\",\"settings\":{},\"data\":{}}", merge);
    const auto plan = std::vector<std::string>{"plan", "--out", path.string()} + small_run(data);
    with("plan.json", "{\"workers\":\"3\",\"training_samples\":600}", plan);
    with("plan.json", "[]", plan);
    BOOST_TEST(run_lipt(folder, merge).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
