#include <lipt/adapters/arrays/masks.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <limits>
#include <string>
#include <vector>

namespace {

using namespace lipt::arrays;
using lipt_test::error_id;

std::vector<int> bits(const kept_tensor &tensor) {
    std::vector<int> result;
    for (const auto byte : *tensor.bytes) result.push_back(std::to_integer<int>(byte));
    return result;
}

/// A matrix, a bias, a second matrix that is the smaller one throughout, and whole numbers.
struct fixture {
    std::vector<float> first{1, -9, 3, 8, 0.5f, -7}, bias{100, 100};
    std::vector<double> second{0.1, -0.4, 0.3, 0.2};
    std::vector<std::int64_t> table{1, 2, 3, 4};
    std::vector<named_tensor> tensors{
        {"a", array_view::of(std::span<const float>(first), {2, 3})},
        {"bias", array_view::of(std::span<const float>(bias))},
        {"b", array_view::of(std::span<const double>(second), {2, 2})},
        {"table", array_view::of(std::span<const std::int64_t>(table), {2, 2})}};
    mask_options half{.density_min = 0.5, .density_max = 0.5};
};

using ints = std::vector<int>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(masks, fixture)

BOOST_AUTO_TEST_CASE(the_largest_of_all_matrices_stay) {
    const auto mask = magnitude_mask(tensors, half);
    BOOST_TEST(mask.keep.size() == 2u);
    BOOST_TEST((mask.keep[0].name == "a" && mask.keep[0].boolean && mask.keep[1].name == "b"));
    BOOST_TEST((mask.keep[0].shape == std::vector<std::size_t>{2, 3}));
    BOOST_TEST(bits(mask.keep[0]) == (ints{1, 1, 1, 1, 0, 1}), boost::test_tools::per_element());
    BOOST_TEST(bits(mask.keep[1]) == (ints{0, 0, 0, 0}), boost::test_tools::per_element());
    BOOST_TEST(mask.density == 0.5);
    BOOST_TEST(mask.emptied == std::vector<std::string>{"b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_layer_keeps_its_share) {
    half.scope = mask_scope::per_layer;
    const auto mask = magnitude_mask(tensors, half);
    BOOST_TEST(bits(mask.keep[0]) == (ints{0, 1, 0, 1, 0, 1}), boost::test_tools::per_element());
    BOOST_TEST(bits(mask.keep[1]) == (ints{0, 1, 1, 0}), boost::test_tools::per_element());
    BOOST_TEST(mask.emptied.empty());
}

BOOST_AUTO_TEST_CASE(a_list_says_what_is_pruned) {
    half.prunable = std::vector<std::string>{"b", "bias"};
    const auto mask = magnitude_mask(tensors, half);
    BOOST_TEST(mask.keep.size() == 2u);
    BOOST_TEST(bits(mask.keep[0]) == (ints{1, 1}), boost::test_tools::per_element());
    BOOST_TEST(bits(mask.keep[1]) == (ints{0, 1, 0, 0}), boost::test_tools::per_element());
    half.prunable = std::vector<std::string>{"c"};
    BOOST_TEST(error_id([&] { magnitude_mask(tensors, half); }) == "LIPT-P08");
    half.prunable = std::vector<std::string>{"table"};
    BOOST_TEST(error_id([&] { magnitude_mask(tensors, half); }) == "LIPT-P09");
}

BOOST_AUTO_TEST_CASE(tied_tensors_count_once_and_share_their_mask) {
    tensors.push_back({"again", tensors[0].values});
    const auto mask = magnitude_mask(tensors, half);
    BOOST_TEST(bits(mask.keep[0]) == (ints{1, 1, 1, 1, 0, 1}), boost::test_tools::per_element());
    BOOST_TEST(mask.keep.back().name == "again");
    BOOST_TEST(mask.keep.back().bytes.get() == mask.keep[0].bytes.get());
}

BOOST_AUTO_TEST_CASE(densities_are_drawn_as_workers_draw_them) {
    const mask_options drawn{.density_min = 0.2, .density_max = 0.9, .seed = 3};
    const auto again = magnitude_mask(tensors, drawn);
    BOOST_TEST(again.density == magnitude_mask(tensors, drawn).density);
    bool differs = false;
    for (std::uint32_t worker = 1; worker < 8; ++worker) {
        auto other = drawn;
        other.worker = worker;
        differs = differs || magnitude_mask(tensors, other).density != again.density;
    }
    BOOST_TEST(differs);
}

BOOST_AUTO_TEST_CASE(wrong_use_is_refused) {
    BOOST_TEST(error_id([&] { magnitude_mask(tensors, {.density_min = 0.9, .density_max = 0.8}); }) ==
               "LIPT-P01");
    BOOST_TEST(error_id([&] { magnitude_mask(std::vector<named_tensor>{tensors[1]}, half); }) == "LIPT-P04");
    first[3] = std::numeric_limits<float>::infinity();
    BOOST_TEST(error_id([&] { magnitude_mask(tensors, half); }) == "LIPT-P07");
    first[3] = 1;
    second[0] = 1e300; // no float32 holds it, and it is the largest all the same
    BOOST_TEST(bits(magnitude_mask(tensors, half).keep[1])[0] == 1);
    BOOST_TEST((mask_scope_of("per-layer") == mask_scope::per_layer));
    BOOST_TEST(error_id([] { mask_scope_of("layer"); }) == "LIPT-P11");
}

BOOST_AUTO_TEST_SUITE_END()
