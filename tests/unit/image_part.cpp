#include <lipt/image_part.hpp>

#include <boost/test/unit_test.hpp>
#include <support/read_images.hpp>
#include <support/toy_images.hpp>

#include <utility>

BOOST_AUTO_TEST_SUITE(image_part)

namespace {

using bytes = std::vector<std::uint8_t>;

bytes pixels_of(const lipt::image_set &set, std::vector<std::int64_t> indices) {
    lipt::image_batch batch;
    lipt::gather(set, indices, batch);
    return batch.pixels;
}

} // namespace

BOOST_AUTO_TEST_CASE(blocks_of_a_read_set_are_bounded_and_in_order) {
    const lipt_test::toy_images images(7, 1);
    lipt_test::read_images read(images.view());
    bytes seen;
    std::vector<std::size_t> firsts;
    const auto visit = [&](std::span<const std::uint8_t> pixels, std::size_t first, std::size_t count) {
        BOOST_TEST(pixels.size() == count * 64);
        seen.insert(seen.end(), pixels.begin(), pixels.end());
        firsts.push_back(first);
    };
    lipt::for_each_block(read.view(), visit, 3 * 64 + 1);
    BOOST_TEST((firsts == std::vector<std::size_t>{0, 3, 6}));
    BOOST_TEST(read.most == 3u);
    const auto whole = images.view().pixels;
    BOOST_TEST(seen == bytes(whole.begin(), whole.end()));
    firsts.clear();
    lipt::for_each_block(read.view(), visit, 1); // less than an image: one at a time
    BOOST_TEST(firsts.size() == 7u);
    firsts.clear();
    lipt::for_each_block(images.view(), visit, 64); // in memory: all at once, and not copied
    BOOST_TEST((firsts == std::vector<std::size_t>{0}));
}

BOOST_AUTO_TEST_CASE(a_part_holds_its_images_or_reads_them_again) {
    const lipt_test::toy_images images(7, 1);
    lipt_test::read_images read(images.view());
    const std::vector<std::int64_t> chosen{5, 0, 2};
    const auto expected = pixels_of(images.view(), chosen);

    const lipt::image_part copied(images.view(), chosen, 0);
    BOOST_TEST(copied.view().reader == nullptr);
    BOOST_TEST(bytes(copied.view().pixels.begin(), copied.view().pixels.end()) == expected);

    const lipt::image_part held(read.view(), chosen, 3 * 64);
    BOOST_TEST(held.view().reader == nullptr);
    BOOST_TEST(read.total == 3u);
    BOOST_TEST(bytes(held.view().pixels.begin(), held.view().pixels.end()) == expected);

    lipt::image_part again(read.view(), chosen, 3 * 64 - 1);
    const lipt::image_part moved = std::move(again);
    BOOST_TEST(read.total == 3u);
    const auto view = moved.view();
    lipt::check(view);
    BOOST_TEST(view.pixels.empty());
    BOOST_TEST(pixels_of(view, {0, 1, 2}) == expected);
    BOOST_TEST(pixels_of(view, {2}) == pixels_of(images.view(), {2}));
    BOOST_TEST(view.reader->extent(0).height == 45u);
    for (const auto &set : {copied.view(), held.view(), view}) {
        BOOST_TEST((std::vector(set.labels.begin(), set.labels.end()) == std::vector<std::int32_t>{2, 0, 2}));
        BOOST_TEST(set.classes == 3u);
    }
    // Boxes and the wish to be alone are passed on.
    const std::vector<std::int64_t> two{1, 2};
    const std::vector<lipt::crop_box> boxes{{1, 2, 3, 4}, {5, 6, 7, 8}};
    lipt::image_batch batch;
    read.all_alone = true;
    lipt::gather(view, {.indices = two, .boxes = boxes, .alone = true}, batch);
    BOOST_TEST((read.boxes == boxes));
    BOOST_TEST(read.all_alone);
    BOOST_TEST((batch.labels == std::vector<std::int32_t>{0, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
