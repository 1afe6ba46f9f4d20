// Which samples a run directory names: those of the whole data set, whatever part of it the run worked on.
#include "program.hpp"

#include <lipt/adapters/store/npy.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(sample_numbers)

namespace {

using indices = std::vector<std::int64_t>;

indices indices_of(const std::filesystem::path &file) {
    return lipt::adapters::read_npy<std::int64_t>(file).values;
}

/// Labels of the training set that write_data makes, in class order for a subset that is.
std::vector<std::int32_t> labels_at(const indices &subset) {
    const toy_images images(600, 1, 28, 1, 10);
    std::vector<std::int32_t> labels;
    for (const auto index : subset) labels.push_back(images.view().labels[static_cast<std::size_t>(index)]);
    return labels;
}

struct fixture : one_run {
    const std::vector<std::string> part{"--train-samples", "200", "--selector", "grand"};

    void check_run(const std::vector<std::string> &more) {
        const auto ended = run(more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    }
    nlohmann::json config() const { return nlohmann::json::parse(content_of(folder / "run/config.json")); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_part_of_the_set_is_named_by_the_numbers_of_the_whole, fixture) {
    check_run(part);
    const auto numbers = indices_of(folder / "run/sample_numbers.npy");
    BOOST_TEST((numbers.size() == 200u && std::is_sorted(numbers.begin(), numbers.end())));
    BOOST_TEST(numbers.back() > 500); // drawn from all 600
    const auto is_one = [&](std::int64_t index) {
        return std::binary_search(numbers.begin(), numbers.end(), index);
    };
    const auto subset = indices_of(folder / "run/subset.npy");
    BOOST_TEST(subset.size() == 40u);
    BOOST_TEST(std::all_of(subset.begin(), subset.end(), is_one));
    const auto labels = labels_at(subset);
    BOOST_TEST(std::is_sorted(labels.begin(), labels.end())); // class order, of the set's own labels
    for (const char *shard : {"00", "01", "02"}) {
        const auto drawn = indices_of(folder / "run/shards" / (std::string(shard) + ".npy"));
        BOOST_TEST(std::all_of(drawn.begin(), drawn.end(), is_one));
    }
    const auto scores = lipt::adapters::read_npy<float>(folder / "run/scores.npy").values;
    BOOST_TEST_REQUIRE(scores.size() == 600u);
    for (std::size_t i = 0; i < scores.size(); ++i)
        BOOST_TEST(std::isnan(scores[i]) != is_one(static_cast<std::int64_t>(i)), i);
    BOOST_TEST((config().at("data").at("train") == 200 && config().at("data").at("all") == 600));
    BOOST_TEST(config().at("version") == 2);
    // The picture of the highest score is that of its number.
    const auto best = std::max_element(scores.begin(), scores.end(), [](float a, float b) {
        return std::isnan(a) ? !std::isnan(b) : a < b;
    });
    BOOST_TEST(content_of(folder / "run/report.html")
                   .find("alt=\"training image " + std::to_string(best - scores.begin()) + ", labelled " +
                         std::to_string(labels_at({best - scores.begin()}).front())) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_part_goes_on_from_every_stage, fixture) {
    check_run(part);
    const auto run_path = folder / "run";
    const std::vector<std::string> files{"subset.npy", "scores.npy", "shards/01.npy", "final.safetensors"};
    std::vector<std::string> before;
    for (const auto &file : files) before.push_back(content_of(run_path / file));
    const auto result = result_of(run_path);
    for (const char *lost : {"result.json", "final.safetensors", "subset.npy", "plan.json"}) {
        std::filesystem::remove(run_path / lost);
        std::filesystem::remove_all(run_path / "main");
        check_run(part);
        for (std::size_t f = 0; f < files.size(); ++f)
            BOOST_TEST((content_of(run_path / files[f]) == before[f]), files[f] << " without " << lost);
        BOOST_TEST((result_of(run_path) == result), lost);
    }
}

BOOST_FIXTURE_TEST_CASE(a_subset_of_other_samples_is_refused, fixture) {
    check_run(part);
    auto subset = indices_of(folder / "run/subset.npy");
    const auto numbers = indices_of(folder / "run/sample_numbers.npy");
    std::int64_t stranger = 0;
    while (std::binary_search(numbers.begin(), numbers.end(), stranger)) ++stranger;
    subset[3] = stranger;
    lipt::adapters::write_npy<std::int64_t>(folder / "run/subset.npy", subset);
    check_refused(run_lipt(folder, {"train", "--run", (folder / "run").string()}), 1, "LIPT-R06");
    std::filesystem::remove(folder / "run/sample_numbers.npy");
    check_refused(run(part), 1, "LIPT-R01");
}

BOOST_FIXTURE_TEST_CASE(an_older_directory_of_a_part_is_refused_in_a_sentence, fixture) {
    check_run(part);
    auto older = config();
    older["version"] = 1;
    older["data"].erase("all");
    std::ofstream(folder / "run/config.json") << older.dump();
    const auto path = (folder / "run").string();
    check_refused(run(part), 1, "LIPT-R13");
    for (const char *command : {"merge", "select", "train"})
        check_refused(run_lipt(folder, {command, "--run", path}), 1, "count within the part");
    check_refused(run_lipt(folder, {"report", path}), 1, "LIPT-R13");
    check_refused(run_lipt(folder, {"stability", path, path}), 1, "LIPT-R13");
}

BOOST_FIXTURE_TEST_CASE(an_older_directory_of_the_whole_set_goes_on, fixture) {
    check_run({});
    BOOST_TEST(!std::filesystem::exists(folder / "run/sample_numbers.npy"));
    auto older = config();
    older["version"] = 1;
    std::ofstream(folder / "run/config.json") << older.dump();
    const auto subset = content_of(folder / "run/subset.npy");
    std::filesystem::remove(folder / "run/result.json");
    check_run({});
    BOOST_TEST((content_of(folder / "run/subset.npy") == subset));
}

BOOST_AUTO_TEST_SUITE_END()
