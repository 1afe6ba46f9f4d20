// The whole pipeline on a folder of real images, decoded as they are read: Fashion-MNIST as PNG and JPEG
// files.
#include "program.hpp"

#include <lipt/adapters/data/dataset.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <support/image_files.hpp>

#include <algorithm>
#include <array>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(folders)

namespace {

namespace fs = std::filesystem;

/// The first so many images of each class, in a folder a class; JPEG and PNG in turn, some below another
/// folder.
void write_class_folders(const fs::path &root, const lipt::adapters::labelled_images &images,
                         std::size_t each) {
    const auto view = images.view();
    std::vector<std::size_t> written(images.classes);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto label = static_cast<std::size_t>(images.labels[i]);
        const std::size_t number = written[label]++;
        if (number >= each) continue;
        const auto pixels = view.image(i);
        const picture image{28, 28, 1, {pixels.begin(), pixels.end()}};
        auto folder = root / ("class-" + std::to_string(label));
        if (number % 5 == 4) folder /= "more";
        fs::create_directories(folder);
        const bool jpeg = number % 2 == 0;
        const auto name = std::to_string(number) + (jpeg ? ".jpg" : ".png");
        std::ofstream(folder / name, std::ios::binary) << (jpeg ? jpeg_of(image) : png_of(image));
    }
}

const lipt::adapters::dataset &fashion() {
    static const auto set = lipt::adapters::open_dataset("fashion-mnist");
    return set;
}

struct fixture {
    temporary_directory folder;
    fs::path data = folder / "images";

    fixture() {
        write_class_folders(data / "train", fashion().train, 40);
        write_class_folders(data / "val", fashion().test, 8);
    }
    outcome run(const std::string &name, const std::vector<std::string> &more = {}) const {
        return run_lipt(
            folder, std::vector<std::string>{"run", "--out", (folder / name).string()} + small_run(data) +
                        std::vector<std::string>{"--dataset", "image-folder", "--image-size", "24"} + more);
    }
    fs::path finished(const std::string &name, const std::vector<std::string> &more = {}) const {
        const auto ended = run(name, more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return folder / name;
    }
    void check_refused(const std::vector<std::string> &more, int status, const std::string &id) const {
        const auto ended = run("refused", more);
        BOOST_TEST(ended.status == status, ended.err);
        BOOST_TEST(ended.err.find(id) != std::string::npos, "expected " << id << " in: " << ended.err);
        BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1, ended.err);
        BOOST_TEST(!fs::exists(folder / "refused"));
    }
};

std::vector<std::int64_t> indices_of(const fs::path &file) {
    return lipt::adapters::read_npy<std::int64_t>(file).values;
}

void check_same(const fs::path &a, const fs::path &b) {
    for (const char *file :
         {"subset.npy", "theta_star.safetensors", "soup.safetensors", "final.safetensors", "scores.npy"}) {
        BOOST_TEST((content_of(a / file) == content_of(b / file)), file << " differs");
    }
    BOOST_TEST(result_of(a) == result_of(b));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_folder_goes_through_the_pipeline_alike_at_any_number_of_threads, fixture) {
    const auto one = finished("one", {"--threads", "1"});
    check_same(one, finished("two", {"--threads", "2"}));
    check_same(one, finished("again", {"--threads", "2"}));
    const auto config = nlohmann::json::parse(content_of(one / "config.json"));
    BOOST_TEST(config.at("settings").at("image-size") == 24);
    BOOST_TEST(config.at("settings").at("corrupt-images") == "refuse");
    BOOST_TEST(config.at("data").at("train") == 400);
    BOOST_TEST(config.at("data").at("test") == 80);
    BOOST_TEST(config.at("data").at("shape") == (std::array{3, 24, 24}));
    BOOST_TEST(config.at("data").at("class_names").at(7) == "class-7");
    // Ten classes, five epochs in all on forty images each and less: better than one in ten by far.
    BOOST_TEST(result_of(one).at("accuracy").at("final").get<double>() > 0.2);
    BOOST_TEST(content_of(one / "report.html").find("data:image/png;base64,") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(part_of_a_folder_and_its_stages_one_by_one, fixture) {
    const std::vector<std::string> part{"--train-samples",    "300", "--selector", "auto",
                                        "--trial-candidates", "el2n"};
    const auto whole = finished("whole", part);
    const auto parts = (folder / "parts").string();
    const auto stage = [&](const std::vector<std::string> &arguments) {
        const auto ended = run_lipt(folder, arguments);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    };
    stage(std::vector<std::string>{"plan", "--out", parts} + small_run(data) +
          std::vector<std::string>{"--dataset", "image-folder", "--image-size", "24"} + part);
    for (const char *worker : {"1", "2", "0"}) stage({"worker", "--run", parts, "--worker", worker});
    stage({"merge", "--run", parts});
    stage({"select", "--run", parts});
    stage({"train", "--run", parts, "--threads", "1"});
    check_same(whole, parts);
    BOOST_TEST(nlohmann::json::parse(content_of(whole / "config.json")).at("data").at("train") == 300);
}

BOOST_FIXTURE_TEST_CASE(corrupt_images_are_refused_by_name_or_skipped_by_choice, fixture) {
    const auto clean = finished("clean");
    const auto good = content_of(data / "train/class-3/0.jpg");
    std::ofstream(data / "train/class-3/cut.jpg", std::ios::binary) << good.substr(0, good.size() - 30);
    std::ofstream(data / "train/class-5/0a.png") << "no image at all";
    std::ofstream(data / "train/class-6/0b.png", std::ios::binary)
        << damaged(content_of(data / "train/class-6/1.png"));
    std::ofstream(data / "val/class-1/empty.jpeg");
    check_refused({}, 1, "LIPT-D20");
    check_refused({}, 1, "3 of 403 images");
    check_refused({}, 1, "train/class-3/cut.jpg");
    const auto skipped = run("skipped", {"--corrupt-images", "skip"});
    BOOST_TEST_REQUIRE(skipped.status == 0, skipped.err);
    for (const char *name : {"cut.jpg", "0a.png", "0b.png", "empty.jpeg"})
        BOOST_TEST(skipped.err.find(name) != std::string::npos, name << " is not named in: " << skipped.err);
    BOOST_TEST(result_of(clean) == result_of(folder / "skipped"));
    // The same images are kept, under the numbers that they have among all files.
    const auto numbers = indices_of(folder / "skipped/sample_numbers.npy");
    BOOST_TEST(numbers.size() == 400u);
    auto expected = indices_of(clean / "subset.npy");
    BOOST_TEST((indices_of(folder / "skipped/subset.npy") != expected));
    for (auto &index : expected) index = numbers[static_cast<std::size_t>(index)];
    BOOST_TEST((indices_of(folder / "skipped/subset.npy") == expected));
    const auto left_out = nlohmann::json::parse(content_of(folder / "skipped/left_out.json"));
    BOOST_TEST(left_out.at("train") ==
               (std::array{"train/class-3/cut.jpg", "train/class-5/0a.png", "train/class-6/0b.png"}));
    BOOST_TEST(left_out.at("test") == std::array{"val/class-1/empty.jpeg"});
    BOOST_TEST(!fs::exists(clean / "left_out.json"));
    // One more file that cannot be read, and the numbers are others.
    std::ofstream(data / "train/class-0/00.png") << "no image";
    const auto ended = run("skipped", {"--corrupt-images", "skip"});
    BOOST_TEST((ended.status == 1 && ended.err.find("LIPT-R01") != std::string::npos), ended.err);
}

BOOST_FIXTURE_TEST_CASE(damage_in_the_middle_of_a_large_file_is_found_where_all_are_decoded, fixture) {
    const auto clean = finished("clean");
    std::ofstream(data / "train/class-6/0.png", std::ios::binary) << damaged(png_of(noise(300, 300, 1)));
    const auto ended = run("run");
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("LIPT-D19") != std::string::npos, ended.err);
    BOOST_TEST(ended.err.find("class-6/0.png") != std::string::npos, ended.err);
    const auto coloured = run("coloured", {"--corrupt-images", "skip"});
    BOOST_TEST_REQUIRE(coloured.status == 0, coloured.err);
    BOOST_TEST(coloured.err.find("class-6/0.png") != std::string::npos, coloured.err);
    check_same(folder / "coloured", finished("again", {"--corrupt-images", "skip", "--threads", "1"}));
    check_refused({"--check-images", "whole"}, 1, "LIPT-D20");
    const auto skipped = finished("skipped", {"--corrupt-images", "skip", "--check-images", "whole"});
    BOOST_TEST(result_of(clean) == result_of(skipped));
    auto expected = indices_of(clean / "subset.npy");
    const auto numbers = indices_of(skipped / "sample_numbers.npy");
    for (auto &index : expected) index = numbers[static_cast<std::size_t>(index)];
    BOOST_TEST((indices_of(skipped / "subset.npy") == expected));
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_changed_is_another_data_set, fixture) {
    finished("run");
    fs::rename(data, folder / "moved");
    BOOST_TEST(run("run", {"--data", (folder / "moved").string()}).status == 0);
    std::ofstream(folder / "moved/train/class-2/new.png", std::ios::binary)
        << content_of(folder / "moved/train/class-2/1.png");
    const auto ended = run("run", {"--data", (folder / "moved").string()});
    BOOST_TEST(ended.status == 1);
    BOOST_TEST(ended.err.find("LIPT-R01") != std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(wrong_use_is_said, fixture) {
    check_refused({"--image-size", "4"}, 2, "LIPT-U37");
    check_refused({"--image-size", "5000"}, 2, "LIPT-U37");
    check_refused({"--image-size", "big"}, 2, "LIPT-U03");
    check_refused({"--corrupt-images", "maybe"}, 2, "LIPT-U03");
    check_refused({"--check-images", "some"}, 2, "LIPT-U03");
    check_refused({"--dataset", "fashion-mnist"}, 2, "LIPT-U37"); // --image-size is for folders
    check_refused({"--data", (folder / "absent").string()}, 1, "LIPT-D10");
    fs::rename(data / "val/class-9", data / "val/class-10");
    check_refused({}, 1, "LIPT-D18");
    const auto ended =
        run_lipt(folder, {"run", "--out", (folder / "refused").string(), "--dataset", "image-folder"});
    BOOST_TEST(ended.status == 2);
    BOOST_TEST(ended.err.find("LIPT-U36") != std::string::npos, ended.err);
}

BOOST_AUTO_TEST_SUITE_END()
