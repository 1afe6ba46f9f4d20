#include <lipt/augment/rand_augment.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using bytes = std::vector<std::uint8_t>;
constexpr lipt::image_shape grey{1, 28, 28};

bytes gradient_image(const lipt::image_shape &shape) {
    bytes image(shape.size());
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(20 + i * 37 % 211);
    return image;
}

bytes augmented(lipt::rand_augmenter &augment, const lipt::image_shape &shape, std::uint32_t sample) {
    auto image = gradient_image(shape);
    lipt::rng draw({.seed = 3, .stage = lipt::stream::local_augment, .sample = sample});
    augment(image, shape, draw);
    return image;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rand_augment)

BOOST_AUTO_TEST_CASE(magnitudes_follow_torchvisions_space) {
    using enum lipt::image_operation;
    const auto at = [](lipt::image_operation operation, std::size_t bin,
                       lipt::image_shape shape = {3, 32, 32}) {
        return lipt::operation_magnitude(operation, bin, 31, shape);
    };
    BOOST_TEST(at(shear_x, 30) == static_cast<double>(0.3f));
    BOOST_TEST(at(rotate, 9) == 9.0);
    BOOST_TEST(at(brightness, 9) == static_cast<double>(0.27f), boost::test_tools::tolerance(1e-6));
    BOOST_TEST(at(solarize, 0) == 255.0);
    BOOST_TEST(at(solarize, 9) == 178.5);
    BOOST_TEST(at(posterize, 9) == 7.0);
    BOOST_TEST(at(posterize, 30) == 4.0);
    BOOST_TEST(at(identity, 30) == 0.0);
    BOOST_TEST(at(translate_x, 30) == 150.0 / 331.0 * 32, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(at(translate_x, 30, {1, 28, 64}) == 150.0 / 331.0 * 64, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(at(translate_y, 30, {1, 28, 64}) == 150.0 / 331.0 * 28, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(the_same_stream_gives_the_same_image_whatever_came_before) {
    lipt::rand_augmenter used, fresh_for_each;
    for (const auto &shape : {grey, lipt::image_shape{3, 32, 32}, lipt::image_shape{3, 7, 19}}) {
        std::size_t changed = 0;
        for (std::uint32_t sample = 0; sample < 60; ++sample) {
            lipt::rand_augmenter fresh;
            const auto image = augmented(used, shape, sample);
            BOOST_TEST(image == augmented(fresh, shape, sample));
            changed += image != gradient_image(shape);
        }
        BOOST_TEST((changed > 40 && changed <= 60));
    }
}

BOOST_AUTO_TEST_CASE(an_image_gets_the_operations_its_stream_draws) {
    const lipt::image_shape shape{3, 32, 32};
    lipt::rand_augmenter augment({.operations = 3, .magnitude = 12});
    lipt::image_operations operations;
    for (std::uint32_t sample = 0; sample < 100; ++sample) {
        lipt::rng draw({.seed = 3, .stage = lipt::stream::local_augment, .sample = sample});
        auto expected = gradient_image(shape);
        for (int i = 0; i < 3; ++i) {
            const auto operation = static_cast<lipt::image_operation>(draw.below(14));
            const double sign = draw.below(2) == 1 && lipt::is_signed(operation) ? -1 : 1;
            operations.apply(operation, sign * lipt::operation_magnitude(operation, 12, 31, shape), expected,
                             shape);
        }
        BOOST_TEST(augmented(augment, shape, sample) == expected);
    }
}

BOOST_AUTO_TEST_CASE(every_operation_and_sign_is_chosen_about_equally_often) {
    // At bin 30 the 14 operations give 23 images of one gradient, told apart by their pixels: 9 signed ones
    // with two signs, 5 others. Color does nothing on grey images, so those images are RGB.
    const lipt::image_shape shape{3, 32, 32};
    auto image = gradient_image(shape);
    for (std::size_t i = 0; i < 1024; ++i) image[i] = static_cast<std::uint8_t>(image[i] / 2); // tint it
    std::vector<bytes> outcomes;
    std::vector<std::size_t> operation_of;
    lipt::image_operations operations;
    for (std::size_t o = 0; o < 14; ++o) {
        const auto operation = static_cast<lipt::image_operation>(o);
        for (int sign = 1; sign >= (lipt::is_signed(operation) ? -1 : 1); sign -= 2) {
            outcomes.push_back(image);
            operation_of.push_back(o);
            operations.apply(operation, sign * lipt::operation_magnitude(operation, 30, 31, shape),
                             outcomes.back(), shape);
        }
    }
    BOOST_TEST(outcomes.size() == 23u);
    for (std::size_t a = 0; a < outcomes.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) BOOST_TEST(outcomes[a] != outcomes[b]);
    }
    std::vector<int> count(outcomes.size(), 0);
    lipt::rand_augmenter augment({.operations = 1, .magnitude = 30});
    constexpr int draws = 14000; // 1000 an operation, deviation 31; 500 a sign, deviation 22
    for (std::uint32_t sample = 0; sample < draws; ++sample) {
        lipt::rng draw({.seed = 9, .sample = sample});
        auto result = image;
        augment(result, shape, draw);
        const auto found = std::find(outcomes.begin(), outcomes.end(), result);
        BOOST_REQUIRE((found != outcomes.end()));
        ++count[static_cast<std::size_t>(found - outcomes.begin())];
    }
    for (std::size_t i = 0; i < count.size(); ++i) {
        const bool is_signed = lipt::is_signed(static_cast<lipt::image_operation>(operation_of[i]));
        BOOST_TEST_CONTEXT(lipt::image_operation_names[operation_of[i]] << " " << count[i]) {
            BOOST_TEST((is_signed ? count[i] > 390 && count[i] < 610 : count[i] > 845 && count[i] < 1155));
        }
    }
}

BOOST_AUTO_TEST_CASE(bins_are_checked) {
    const auto id = [](lipt::rand_augment_options options) {
        return lipt_test::error_id([&] { lipt::rand_augmenter augment(options); });
    };
    BOOST_TEST(id({.magnitude = 30}) == "");
    BOOST_TEST(id({.magnitude = 31}) == "LIPT-A03");
    BOOST_TEST(id({.magnitude = 0, .bins = 1}) == "LIPT-A03");
}

BOOST_AUTO_TEST_SUITE_END()
