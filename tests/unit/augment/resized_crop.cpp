#include <lipt/augment/augment.hpp>

#include <boost/test/unit_test.hpp>
#include <support/read_images.hpp>
#include <support/toy_images.hpp>

BOOST_AUTO_TEST_SUITE(resized_crop)

namespace {

using bytes = std::vector<std::uint8_t>;

lipt::rng stream_of(std::uint32_t sample) {
    return lipt::rng({.seed = 4, .stage = lipt::stream::train_augment, .pass = 2, .sample = sample});
}

} // namespace

BOOST_AUTO_TEST_CASE(parts_are_inside_and_of_the_area_and_ratio_asked_for) {
    const lipt::image_extent extent{375, 500};
    double areas = 0;
    constexpr std::uint32_t draws = 4000;
    for (std::uint32_t i = 0; i < draws; ++i) {
        auto draw = stream_of(i);
        const auto box = lipt::draw_resized_crop(extent, {}, draw);
        BOOST_REQUIRE((box.top + box.height <= 375 && box.left + box.width <= 500));
        const auto height = static_cast<double>(box.height), width = static_cast<double>(box.width);
        // One pixel of rounding on each side.
        BOOST_REQUIRE((height + 1) * (width + 1) >= 0.08 * 375 * 500);
        BOOST_REQUIRE((width + 1) / (height - 1) >= 0.75);
        BOOST_REQUIRE((width - 1) / (height + 1) <= 4.0 / 3.0);
        areas += height * width / (375.0 * 500.0);
    }
    // torchvision's mean over 20,000 draws at this size is 0.432, with a deviation of 0.217 a draw.
    BOOST_TEST(std::abs(areas / draws - 0.432) < 4 * 0.217 / std::sqrt(draws));
}

BOOST_AUTO_TEST_CASE(the_whole_image_and_the_middle_by_hand) {
    auto draw = stream_of(1);
    const lipt::resized_crop_options whole{.scale_min = 1, .scale_max = 1, .ratio_min = 1, .ratio_max = 1};
    BOOST_TEST((lipt::draw_resized_crop({30, 30}, whole, draw) == lipt::crop_box{0, 0, 30, 30}));
    // Nothing of the whole area and ratio 1 fits into these: the middle of ratio 1.
    BOOST_TEST((lipt::draw_resized_crop({10, 41}, whole, draw) == lipt::crop_box{0, 15, 10, 10}));
    BOOST_TEST((lipt::draw_resized_crop({41, 10}, whole, draw) == lipt::crop_box{15, 0, 10, 10}));
    BOOST_TEST((lipt::middle_crop({10, 40}, {}) == lipt::crop_box{0, 13, 10, 13}));
    BOOST_TEST((lipt::middle_crop({40, 10}, {}) == lipt::crop_box{13, 0, 13, 10}));
    BOOST_TEST((lipt::middle_crop({12, 10}, {}) == lipt::crop_box{0, 0, 12, 10}));
    BOOST_TEST((lipt::draw_resized_crop({1, 1}, {}, draw) == lipt::crop_box{0, 0, 1, 1}));
}

BOOST_AUTO_TEST_CASE(mirrors_every_row_of_every_channel) {
    bytes image{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};
    lipt::mirror(image, {2, 2, 3});
    BOOST_TEST(image == (bytes{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14}));
}

BOOST_AUTO_TEST_CASE(read_images_are_cropped_as_they_are_read_and_flipped_half_the_time) {
    const lipt_test::toy_images images(200, 1);
    lipt_test::read_images read(images.view());
    const lipt::stream_key key{.seed = 4, .stage = lipt::stream::train_augment, .pass = 2};
    lipt::augmenter augment(lipt::augment_options{});
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 199; i >= 0; --i) indices.push_back(i);
    lipt::image_batch batch, alone;
    augment(read.view(), indices, key, batch);
    BOOST_TEST_REQUIRE(read.boxes.size() == 200u);
    std::size_t mirrored = 0;
    for (std::size_t b = 0; b < 200; ++b) {
        // An image's stream is that of its index, wherever it stands in the batch.
        const auto i = static_cast<std::uint32_t>(indices[b]);
        auto draw = stream_of(i);
        BOOST_TEST((read.boxes[b] == lipt::draw_resized_crop({40 + i, 30 + i}, {}, draw)));
        const auto stored = images.view().image(i);
        bytes expected(stored.begin(), stored.end());
        if (draw.below(2) == 1) lipt::mirror(expected, images.view().shape), ++mirrored;
        BOOST_TEST(bytes(batch.pixels.begin() + static_cast<std::ptrdiff_t>(b * 64),
                         batch.pixels.begin() + static_cast<std::ptrdiff_t>(b * 64 + 64)) == expected);
    }
    BOOST_TEST((mirrored > 70 && mirrored < 130));
    augment(read.view(), std::span(indices).subspan(17, 1), key, alone);
    BOOST_TEST(alone.pixels == bytes(batch.pixels.begin() + 17 * 64, batch.pixels.begin() + 18 * 64));
}

BOOST_AUTO_TEST_CASE(without_crop_and_flip_the_view_for_evaluation_is_read) {
    const lipt_test::toy_images images(6, 1, 8, 3);
    lipt_test::read_images read(images.view());
    const std::vector<std::int64_t> indices{3, 1};
    const lipt::stream_key key{.seed = 4, .stage = lipt::stream::local_augment};
    lipt::image_batch batch, expected;
    for (const bool rand : {false, true}) {
        lipt::augmenter augment(lipt::augment_options{.rand_augment = rand, .crop_flip = false});
        augment(read.view(), indices, key, batch);
        augment(images.view(), indices, key, expected);
        BOOST_TEST(read.boxes.empty());
        BOOST_TEST(batch.pixels == expected.pixels); // RandAugment draws as on images in memory
        BOOST_TEST(batch.labels == expected.labels);
    }
}

BOOST_AUTO_TEST_SUITE_END()
