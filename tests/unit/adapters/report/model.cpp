#include <lipt/adapters/report/png.hpp>
#include <lipt/adapters/report/report.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/read_images.hpp>
#include <support/report_models.hpp>
#include <support/temporary_directory.hpp>

#include <limits>

using lipt::adapters::model_of_run;
using nlohmann::json;

namespace {

/// Six grey images of one row of two pixels, two classes.
struct small_set {
    std::vector<std::uint8_t> pixels{0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
    std::vector<std::int32_t> labels{0, 1, 0, 1, 0, 1};
    lipt::image_set view{.pixels = pixels, .labels = labels, .shape = {1, 1, 2}, .classes = 2};
};

/// A finished run on that set, as the pipeline writes it.
struct small_run : lipt_test::temporary_directory, small_set {
    small_run() {
        const auto model = lipt_test::full_model();
        write("config.json", model["config"].dump());
        write("result.json", model["result"].dump());
        write("soup.json", model["soup"].dump());
        write_scores({0.5f, 0.5f, 9.0f, -2.0f, std::numeric_limits<float>::quiet_NaN(), 0.5f});
        const std::vector<std::int64_t> subset{2, 1};
        lipt::adapters::write_npy<std::int64_t>(*this / "subset.npy", subset);
    }

    void write_scores(const std::vector<float> &scores) const {
        lipt::adapters::write_npy<float>(*this / "scores.npy", scores);
    }
};

std::vector<int> indices_of(const json &sheet) {
    std::vector<int> indices;
    for (const auto &image : sheet["images"]) indices.push_back(image["index"].get<int>());
    return indices;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(report_model, small_run)

BOOST_AUTO_TEST_CASE(sheets_show_both_ends_of_the_ranking) {
    const auto model = model_of_run(path(), view, {.images_per_sheet = 3});
    BOOST_REQUIRE(model["sheets"].size() == 2u);
    // Of the three equal scores the lowest index comes first; the one that is not a number is nowhere.
    BOOST_TEST(indices_of(model["sheets"][0]) == std::vector<int>({2, 0, 1}),
               boost::test_tools::per_element());
    BOOST_TEST(indices_of(model["sheets"][1]) == std::vector<int>({3, 0, 1}),
               boost::test_tools::per_element());
    const auto &first = model["sheets"][0]["images"][0];
    BOOST_TEST(first["label"].get<int>() == 0);
    BOOST_TEST(first["score"].get<double>() == 9.0);
    BOOST_TEST(first["kept"].get<bool>());
    BOOST_TEST(!model["sheets"][0]["images"][1]["kept"].get<bool>());
    BOOST_TEST(first["png"].get<std::string>() == lipt::adapters::png_data_uri(view.image(2), view.shape));
}

BOOST_AUTO_TEST_CASE(large_images_are_read_and_shown_small) {
    // Two rows of 194 pixels: of every third column and both rows, the mean.
    std::vector<std::uint8_t> wide;
    for (int i = 0; i < 6; ++i) {
        wide.insert(wide.end(), 194, static_cast<std::uint8_t>(10 * i));
        wide.insert(wide.end(), 194, static_cast<std::uint8_t>(10 * i + 2));
    }
    const lipt::image_set held{.pixels = wide, .labels = labels, .shape = {1, 2, 194}, .classes = 2};
    const lipt_test::read_images read(held);
    const auto model = model_of_run(path(), read.view(), {.images_per_sheet = 3});
    BOOST_TEST(read.most == 1u);
    const std::vector<std::uint8_t> small(64, 21);
    BOOST_TEST(model["sheets"][0]["images"][0]["png"].get<std::string>() ==
               lipt::adapters::png_data_uri(small, {1, 1, 64}));
}

BOOST_AUTO_TEST_CASE(a_sheet_is_never_longer_than_the_ranking) {
    const auto model = model_of_run(path(), view, {.images_per_sheet = 100});
    BOOST_TEST(model["sheets"][0]["images"].size() == 5u);
}

BOOST_AUTO_TEST_CASE(without_the_images_there_are_no_sheets) {
    const auto model = model_of_run(path());
    BOOST_TEST(!model.contains("sheets"));
    BOOST_TEST(model["soup"]["accuracy"].get<double>() == 0.566);
    BOOST_TEST(model["name"].get<std::string>() == "LiPT");
}

BOOST_AUTO_TEST_CASE(epochs_are_those_of_the_main_training_last_word_first) {
    write("metrics.jsonl", R"({"event":"epoch","stage":"initialize","epoch":1,"loss":9}
{"event":"epoch","stage":"train","epoch":1,"loss":1.5}
{"event":"epoch","stage":"train","epoch":2,"loss":1.25}
{"event":"stage","stage":"train"}
{"event":"epoch","stage":"train","epoch":2,"loss":1.0,"accuracy":0.5}
{"event":"epoch","stage":"train","epo)"); // killed in the middle of a line
    const auto epochs = model_of_run(path())["epochs"];
    BOOST_REQUIRE(epochs.size() == 2u);
    BOOST_TEST(epochs[0]["loss"].get<double>() == 1.5);
    BOOST_TEST(epochs[1]["loss"].get<double>() == 1.0);
}

BOOST_AUTO_TEST_CASE(weights_are_summed_up) {
    const std::vector<float> weights{0.5f, 1.0f, 3.0f};
    lipt::adapters::write_npy<float>(*this / "weights.npy", weights);
    const auto summary = model_of_run(path())["weights"];
    BOOST_TEST(summary["min"].get<double>() == 0.5);
    BOOST_TEST(summary["max"].get<double>() == 3.0);
    BOOST_TEST(summary["mean"].get<double>() == 1.5);
}

BOOST_AUTO_TEST_CASE(a_run_without_a_name_is_called_after_what_it_does) {
    const auto name_with = [&](const char *pretrain, const char *selector) {
        write("result.json", "{}");
        write("config.json", json{{"settings", {{"pretrain", pretrain}, {"selector", selector}}}}.dump());
        return model_of_run(path())["name"].get<std::string>();
    };
    BOOST_TEST(name_with("lipt", "grand") == "LiPT");
    BOOST_TEST(name_with("full", "grand") == "conventional");
    BOOST_TEST(name_with("none", "stratified") == "stratified");
    write("config.json", "{}");
    BOOST_TEST(model_of_run(path())["name"].get<std::string>() == path().filename().string());
}

BOOST_AUTO_TEST_CASE(images_of_a_part_have_their_numbers_in_the_whole_set) {
    auto config = lipt_test::full_model()["config"];
    config["data"]["all"] = 20;
    write("config.json", config.dump());
    const std::vector<std::int64_t> numbers{3, 5, 8, 11, 14, 19}, subset{8, 5};
    lipt::adapters::write_npy<std::int64_t>(*this / "sample_numbers.npy", numbers);
    lipt::adapters::write_npy<std::int64_t>(*this / "subset.npy", subset);
    std::vector<float> scores(20, std::numeric_limits<float>::quiet_NaN());
    const float own[] = {0.5f, 0.25f, 9, -2, 1, 0};
    for (std::size_t i = 0; i < numbers.size(); ++i) scores[static_cast<std::size_t>(numbers[i])] = own[i];
    write_scores(scores);
    const auto model = model_of_run(path(), view, {.images_per_sheet = 2});
    BOOST_TEST(indices_of(model["sheets"][0]) == std::vector<int>({8, 14}), boost::test_tools::per_element());
    BOOST_TEST(indices_of(model["sheets"][1]) == std::vector<int>({11, 19}),
               boost::test_tools::per_element());
    const auto &best = model["sheets"][0]["images"];
    BOOST_TEST((best[0]["label"] == 0 && best[0]["kept"] == true && best[1]["kept"] == false));
}

BOOST_AUTO_TEST_CASE(damaged_and_foreign_files_are_named) {
    const auto id = [&] { return lipt_test::error_id([&] { model_of_run(path(), view); }); };
    BOOST_TEST(id() == "");
    write("soup.json", "{\"accuracy\": 0.5");
    BOOST_TEST(id() == "LIPT-H01");
    std::filesystem::remove(*this / "soup.json");
    write_scores({1.0f, 2.0f});
    BOOST_TEST(id() == "LIPT-H03");
    write_scores({1, 2, 3, 4, 5, 6});
    const std::vector<std::int64_t> beyond{6};
    lipt::adapters::write_npy<std::int64_t>(*this / "subset.npy", beyond);
    BOOST_TEST(id() == "LIPT-H03");
    std::filesystem::remove(*this / "config.json");
    std::filesystem::remove(*this / "result.json");
    BOOST_TEST(id() == "LIPT-H02");
}

BOOST_AUTO_TEST_SUITE_END()
