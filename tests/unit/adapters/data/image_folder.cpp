#include <lipt/adapters/data/image_folder.hpp>
#include <lipt/adapters/data/image_listing.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/image_files.hpp>
#include <support/temporary_directory.hpp>

#include <algorithm>
#include <numeric>

namespace {

using namespace lipt::adapters;
using namespace lipt_test;
namespace fs = std::filesystem;

/// Two classes; "ant" has five training images, one of them in a folder of its own, "bee" three.
struct tree {
    temporary_directory folder;
    std::vector<std::string> notices;

    tree() {
        put("train/bee/1.png", png_of(waves(40, 60, 1)));
        put("train/bee/2.jpg", jpeg_of(waves(50, 45, 2)));
        put("train/bee/10.JPEG", jpeg_of(waves(70, 75, 3)));
        put("train/ant/b.jpeg", jpeg_of(waves(61, 47, 4)));
        put("train/ant/a.PNG", png_of(waves(33, 36, 5, 1)));
        put("train/ant/inner/c.png", png_of(waves(55, 40, 6)));
        put("train/ant/d.jpg", jpeg_of(waves(90, 40, 7, 1)));
        put("train/ant/z.jpg", png_of(waves(44, 44, 8))); // its name is wrong
        put("train/ant/notes.txt", "no image");
        put("val/ant/1.png", png_of(waves(40, 40, 9)));
        put("val/bee/1.png", png_of(waves(40, 40, 10)));
    }
    void put(const std::string &name, const std::string &content) const {
        fs::create_directories((folder / name).parent_path());
        folder.write(name, content);
    }
    image_folder open(corrupt_images corrupt = corrupt_images::refuse, std::size_t threads = 2,
                      image_check check = image_check::large_ends) {
        notices.clear();
        return open_image_folder(folder.path(),
                                 {.size = 24,
                                  .corrupt = corrupt,
                                  .check = check,
                                  .threads = threads,
                                  .notice = [this](const std::string &line) { notices.push_back(line); }});
    }
    std::string fault(corrupt_images corrupt = corrupt_images::refuse,
                      image_check check = image_check::large_ends) {
        return error_id([&] { open(corrupt, 2, check); });
    }
};

std::vector<std::uint8_t> all_of(const labelled_images &images) {
    std::vector<std::int64_t> indices(images.size());
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
    lipt::image_batch batch;
    lipt::gather(images.view(), indices, batch);
    return batch.pixels;
}

} // namespace

BOOST_AUTO_TEST_SUITE(image_folder_)

BOOST_FIXTURE_TEST_CASE(images_are_numbered_as_torchvision_numbers_them, tree) {
    const auto classes = class_folders(folder / "train");
    BOOST_TEST((classes == std::vector<std::string>{"ant", "bee"}));
    const auto listing = list_images(folder / "train", classes);
    std::vector<std::string> names;
    for (const auto &image : listing.images)
        names.push_back(listing.folders[image.folder] + "/" + image.name);
    // By folder, then by name, byte by byte: capitals first, 10 before 2.
    BOOST_TEST(
        (names == std::vector<std::string>{"ant/a.PNG", "ant/b.jpeg", "ant/d.jpg", "ant/z.jpg",
                                           "ant/inner/c.png", "bee/1.png", "bee/10.JPEG", "bee/2.jpg"}));
    const auto set = open();
    BOOST_TEST((set.class_names == classes));
    BOOST_TEST((set.train.labels == std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 1, 1}));
    BOOST_TEST((set.test.labels == std::vector<std::int32_t>{0, 1}));
    BOOST_TEST((set.train.shape == lipt::image_shape{3, 24, 24}));
    BOOST_TEST((set.train.reader->extent(2) == lipt::image_extent{90, 40}));
    lipt::check(set.train.view());
    BOOST_TEST(notices.empty());
}

BOOST_FIXTURE_TEST_CASE(pixels_depend_on_neither_threads_nor_the_batch, tree) {
    const auto one = open(corrupt_images::refuse, 1), two = open(corrupt_images::refuse, 2);
    const auto pixels = all_of(one.train);
    BOOST_TEST(pixels.size() == 8u * 3 * 24 * 24);
    BOOST_TEST(pixels == all_of(two.train));
    const std::vector<std::int64_t> indices{6, 6, 1};
    const std::vector<lipt::crop_box> boxes{{0, 0, 10, 10}, {3, 4, 50, 60}, {60, 0, 1, 47}};
    lipt::image_batch all, single, alone;
    lipt::gather(two.train.view(), {.indices = indices, .boxes = boxes}, all);
    lipt::gather(two.train.view(), {.indices = indices, .boxes = boxes, .alone = true}, alone);
    BOOST_TEST(all.pixels == alone.pixels);
    for (std::size_t b = 0; b < 3; ++b) {
        lipt::gather(one.train.view(),
                     {.indices = std::span(indices).subspan(b, 1), .boxes = std::span(boxes).subspan(b, 1)},
                     single);
        BOOST_TEST(std::equal(single.pixels.begin(), single.pixels.end(),
                              all.pixels.begin() + static_cast<std::ptrdiff_t>(b * single.pixels.size())));
    }
    BOOST_TEST((all.labels == std::vector<std::int32_t>{1, 1, 0}));
}

BOOST_FIXTURE_TEST_CASE(the_fingerprint_sees_names_and_contents_and_not_the_place, tree) {
    const auto before = open().fingerprint;
    BOOST_TEST(before.size() == 16u);
    tree other;
    BOOST_TEST(other.open().fingerprint == before);
    fs::rename(other.folder / "train/bee/1.png", other.folder / "train/bee/3.png");
    BOOST_TEST(other.open().fingerprint != before);
    fs::rename(other.folder / "train/bee/3.png", other.folder / "train/bee/1.png");
    BOOST_TEST(other.open().fingerprint == before);
    other.put("train/bee/1.png", png_of(waves(40, 60, 2)));
    BOOST_TEST(other.open().fingerprint != before);
    other.put("train/bee/1.png", png_of(waves(40, 60, 1)));
    other.put("train/ant/late.png", "no image");
    BOOST_TEST(other.open(corrupt_images::skip).fingerprint == before); // of the images in use
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_read_is_refused_by_name_or_left_out, tree) {
    const auto whole = open();
    const auto good = jpeg_of(waves(80, 90, 3));
    put("train/ant/cut.jpg", good.substr(0, good.size() / 2));
    put("train/bee/0.png", "no image at all");
    fs::create_symlink("nowhere", folder / "train/bee/broken.png");
    try {
        open();
        BOOST_TEST(false, "opened with images that cannot be read");
    } catch (const lipt::error &failure) {
        const std::string what = failure.what();
        BOOST_TEST(failure.id() == "LIPT-D20");
        BOOST_TEST(what.find("3 of 11 images") != std::string::npos, what);
        BOOST_TEST(what.find("train/ant/cut.jpg") != std::string::npos, what); // the first of them
        BOOST_TEST(what.find("bee") == std::string::npos, what);
        BOOST_TEST(what.find("--corrupt-images skip") != std::string::npos, what);
    }
    const auto rest = open(corrupt_images::skip);
    BOOST_TEST(rest.train.size() == 8u);
    BOOST_TEST((rest.train.labels == whole.train.labels));
    BOOST_TEST(all_of(rest.train) == all_of(whole.train));
    // Numbered as they stand among all files, a.PNG b.jpeg cut.jpg d.jpg z.jpg inner/c.png 0.png 1.png ...
    BOOST_TEST((rest.train.numbers == std::vector<std::int64_t>{0, 1, 3, 4, 5, 7, 8, 9}));
    BOOST_TEST((rest.train.left_out ==
                std::vector<std::string>{"train/ant/cut.jpg", "train/bee/0.png", "train/bee/broken.png"}));
    BOOST_TEST((whole.train.numbers.empty() && whole.train.left_out.empty() && rest.test.numbers.empty()));
    BOOST_TEST_REQUIRE(notices.size() == 1u);
    for (const char *name : {"3 of 11", "cut.jpg", "0.png", "broken.png"})
        BOOST_TEST(notices[0].find(name) != std::string::npos, notices[0]);
}

BOOST_FIXTURE_TEST_CASE(damage_in_the_middle_of_a_small_image_is_found_when_the_folder_is_opened, tree) {
    const auto whole = open();
    put("train/bee/0.png", damaged(png_of(waves(40, 60, 1))));
    BOOST_TEST(fault() == "LIPT-D20");
    const auto rest = open(corrupt_images::skip);
    BOOST_TEST(all_of(rest.train) == all_of(whole.train));
    BOOST_TEST(rest.fingerprint == whole.fingerprint);
    BOOST_TEST_REQUIRE(notices.size() == 1u);
    BOOST_TEST(notices[0].find("train/bee/0.png") != std::string::npos, notices[0]);
}

BOOST_FIXTURE_TEST_CASE(a_jpeg_whose_code_makes_no_sense_is_damaged, tree) {
    const auto whole = jpeg_of(waves(120, 120, 3));
    auto cut = whole.substr(0, whole.size() / 2) + "\xff\xd9"; // an end put behind half of it
    put("train/bee/0.jpg", cut);
    BOOST_TEST(fault() == "LIPT-D20");
    auto zeros = whole;
    std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2), zeros.end() - 2, '\xfe');
    put("train/bee/0.jpg", zeros);
    BOOST_TEST(fault() == "LIPT-D20");
    put("train/bee/0.jpg", whole);
    BOOST_TEST(fault() == "");
}

BOOST_FIXTURE_TEST_CASE(damage_in_the_middle_of_a_large_image_is_found_where_all_are_decoded, tree) {
    const auto whole = open(corrupt_images::refuse, 2, image_check::whole);
    put("train/bee/0.png", damaged(png_of(noise(300, 300, 1))));
    BOOST_TEST(fault() == "");
    BOOST_TEST(fault(corrupt_images::refuse, image_check::whole) == "LIPT-D20");
    const auto rest = open(corrupt_images::skip, 2, image_check::whole);
    BOOST_TEST(all_of(rest.train) == all_of(whole.train));
    BOOST_TEST(rest.fingerprint == whole.fingerprint);
    BOOST_TEST_REQUIRE(notices.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(images_of_other_formats_are_counted_by_their_endings, tree) {
    const auto before = open();
    for (const char *name : {"train/ant/1.webp", "train/ant/inner/2.WEBP", "train/bee/x.bmp",
                             "train/bee/y.tif", "val/bee/z.gif"})
        put(name, "an image of another format");
    put("train/bee/.hidden.webp", "");
    const auto after = open();
    BOOST_TEST(after.fingerprint == before.fingerprint);
    BOOST_TEST_REQUIRE(notices.size() == 2u);
    BOOST_TEST(notices[0].find("4 images in ") == 0u, notices[0]);
    BOOST_TEST(notices[0].find("train of formats that are not read: 1 .bmp, 1 .tif, 2 .webp") !=
                   std::string::npos,
               notices[0]);
    BOOST_TEST(notices[1].find("1 .gif") != std::string::npos, notices[1]);
    put("train/cat/1.webp", "");
    put("train/cat/2.webp", "");
    try {
        open();
        BOOST_TEST(false, "opened with a class of no image");
    } catch (const lipt::error &failure) {
        BOOST_TEST(failure.id() == "LIPT-D18");
        BOOST_TEST(std::string(failure.what()).find("but 2 .webp") != std::string::npos, failure.what());
    }
}

BOOST_FIXTURE_TEST_CASE(grey_of_sixteen_bits_is_named, tree) {
    const auto deep = content_of(fs::path(LIPT_TEST_DATA) / "images/grey-16.png");
    put("train/ant/deep.png", deep);
    for (const char *name : {"rgb-16.png", "grey-8-transparent.png", "grey-alpha-16.png"})
        put(std::string("train/bee/") + name, content_of(fs::path(LIPT_TEST_DATA) / "images" / name));
    open();
    BOOST_TEST_REQUIRE(notices.size() == 1u);
    BOOST_TEST(notices[0].find("1 of 12 images") == 0u, notices[0]);
    BOOST_TEST(notices[0].find("16-bit grey") != std::string::npos, notices[0]);
    BOOST_TEST(notices[0].find("train/ant/deep.png") != std::string::npos, notices[0]);
}

BOOST_FIXTURE_TEST_CASE(hidden_folders_and_files_are_passed_over, tree) {
    const auto before = open();
    put("train/.git/objects/1.png", png_of(waves(40, 40, 1)));
    put("train/ant/.thumbnails/1.png", png_of(waves(40, 40, 1)));
    put("train/ant/._a.png", "what another system keeps of a.png");
    const auto after = open();
    BOOST_TEST(after.fingerprint == before.fingerprint);
    BOOST_TEST(after.class_names == before.class_names);
    BOOST_TEST(after.train.size() == before.train.size());
}

BOOST_FIXTURE_TEST_CASE(damage_in_the_middle_otherwise_is_an_error_when_it_is_read_or_one_colour, tree) {
    put("train/bee/1.png", damaged(png_of(noise(300, 300, 1))));
    const auto strict = open();
    BOOST_TEST(strict.train.size() == 8u);
    BOOST_TEST(error_id([&] { all_of(strict.train); }) == "LIPT-D19");
    try {
        all_of(strict.train);
    } catch (const lipt::error &failure) {
        BOOST_TEST(std::string(failure.what()).find("train/bee/1.png") != std::string::npos);
    }
    const auto lenient = open(corrupt_images::skip);
    BOOST_TEST(notices.empty());
    const auto pixels = all_of(lenient.train);
    BOOST_TEST(pixels == all_of(lenient.train));
    BOOST_TEST(notices.size() == 1u); // once, however often it is read
    const std::size_t plane = 24 * 24;
    for (std::size_t c = 0; c < 3; ++c) { // 255 times the mean of ImageNet
        const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>((5 * 3 + c) * plane);
        const int mean[] = {124, 116, 104};
        BOOST_TEST(std::all_of(begin, begin + plane, [&](int value) { return value == mean[c]; }));
    }
    fs::remove(folder / "train/bee/2.jpg"); // gone since: the same
    BOOST_TEST(all_of(lenient.train).size() == pixels.size());
    BOOST_TEST(notices.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(folders_that_are_not_as_expected_are_refused, tree) {
    put("val/wasp/1.png", png_of(waves(40, 40, 1)));
    BOOST_TEST(fault() == "LIPT-D18");
    fs::remove_all(folder / "val/wasp");
    fs::remove_all(folder / "val/ant"); // a test set may lack a class: the others keep their numbers
    BOOST_TEST((open().test.labels == std::vector<std::int32_t>{1}));
    BOOST_REQUIRE(notices.size() == 1u);
    BOOST_TEST(notices[0].find("val/ant") != std::string::npos, notices[0]);
    fs::create_directory(folder / "train/cat");
    BOOST_TEST(fault() == "LIPT-D18");
    put("train/cat/1.jpg", "no image");
    BOOST_TEST(fault() == "LIPT-D20");
    BOOST_TEST(fault(corrupt_images::skip) == "LIPT-D18");
    fs::remove_all(folder / "train/cat");
    fs::rename(folder / "val", folder / "test");
    BOOST_TEST(fault() == "");
    fs::remove_all(folder / "test");
    BOOST_TEST(fault() == "LIPT-D10");
    fs::create_directory(folder / "test");
    BOOST_TEST(fault() == "LIPT-D18");
}

BOOST_FIXTURE_TEST_CASE(links_are_followed_but_not_in_circles, tree) {
    const auto before = all_of(open().train);
    fs::rename(folder / "train/bee", folder / "elsewhere");
    fs::create_directory_symlink(folder / "elsewhere", folder / "train/bee");
    fs::rename(folder / "train/ant/a.PNG", folder / "a.PNG");
    fs::create_symlink("../../a.PNG", folder / "train/ant/a.PNG");
    BOOST_TEST(all_of(open().train) == before);
    fs::create_directory_symlink("..", folder / "train/ant/inner/back");
    BOOST_TEST(fault() == "LIPT-D22");
}

BOOST_AUTO_TEST_SUITE_END()
