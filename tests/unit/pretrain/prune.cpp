#include <lipt/backends/reference/tensor.hpp>
#include <lipt/pretrain/prune.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace {

using lipt_test::error_id;
using floats = std::vector<float>;

const lipt::reference::tensor tensor;

/// Two prunable tensors of 4 and 2 weights with a bias and batch-norm between and after them.
std::vector<lipt::weight_entry> small_layout() {
    return {{.name = "conv",
             .shape = {1, 1, 2, 2},
             .kind = lipt::weight_kind::convolution,
             .offset = 0,
             .size = 4},
            {.name = "bn.scale", .shape = {1}, .kind = lipt::weight_kind::scale, .offset = 4, .size = 1},
            {.name = "fc", .shape = {1, 2}, .kind = lipt::weight_kind::linear, .offset = 5, .size = 2},
            {.name = "fc.bias", .shape = {1}, .kind = lipt::weight_kind::bias, .offset = 7, .size = 1}};
}

const floats small_weights{0.1f, -4.0f, 3.0f, -0.2f, 0.01f, 0.3f, -5.0f, 0.0f};

lipt::prune_options exactly(double density, lipt::prune_method method = lipt::prune_method::magnitude,
                            lipt::prune_scope scope = lipt::prune_scope::global) {
    return {.method = method, .scope = scope, .density_min = density, .density_max = density};
}

floats mask_of(const lipt::prune_options &options, const floats &gradient = {}, std::uint64_t seed = 1) {
    return lipt::make_prune_mask(tensor, small_layout(), small_weights, gradient, options, seed, 0).keep;
}

} // namespace

BOOST_AUTO_TEST_SUITE(prune)

BOOST_AUTO_TEST_CASE(global_magnitude_keeps_the_largest_prunable_weights) {
    // Magnitudes .1 4 3 .2 | .3 5: half of six stay; bias and scale do, small as they are.
    BOOST_TEST(mask_of(exactly(0.5)) == (floats{0, 1, 1, 0, 1, 0, 1, 1}), boost::test_tools::per_element());
    BOOST_TEST(mask_of(exactly(1.0)) == floats(8, 1.0f), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(per_layer_magnitude_keeps_a_share_of_each) {
    BOOST_TEST(mask_of(exactly(0.5, lipt::prune_method::magnitude, lipt::prune_scope::per_layer)) ==
                   (floats{0, 1, 1, 0, 1, 0, 1, 1}),
               boost::test_tools::per_element());
    // 0.75 of 4 and of 2: three and (rounded up) two.
    BOOST_TEST(mask_of(exactly(0.75, lipt::prune_method::magnitude, lipt::prune_scope::per_layer)) ==
                   (floats{0, 1, 1, 1, 1, 1, 1, 1}),
               boost::test_tools::per_element());
    // Globally a tensor of small weights may lose all of them.
    const floats weights{1, 1, 1, 1, 0, 0.1f, 0.2f, 0};
    const auto global = lipt::make_prune_mask(tensor, small_layout(), weights, {}, exactly(2.0 / 3), 1, 0);
    BOOST_TEST(global.keep == (floats{1, 1, 1, 1, 1, 0, 0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(snip_weighs_by_the_gradient) {
    // |w g|: .1*40=4, 4*0=0, 3*1=3, .2*30=6 | .3*20=6, 5*.1=.5; three of six stay.
    const floats gradient{40, 0, -1, 30, 1e9f, -20, 0.1f, 1e9f};
    BOOST_TEST(mask_of(exactly(0.5, lipt::prune_method::snip), gradient) == (floats{1, 0, 0, 1, 1, 1, 0, 1}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(random_masks_are_even_seeded_and_of_exact_size) {
    constexpr std::size_t size = 1000;
    const std::vector<lipt::weight_entry> layout{
        {.name = "w", .kind = lipt::weight_kind::linear, .size = size}};
    const floats weights(size, 1.0f);
    std::vector<int> kept(size);
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto options = exactly(0.9, lipt::prune_method::random);
        const auto mask = lipt::make_prune_mask(tensor, layout, weights, {}, options, seed, 3).keep;
        BOOST_TEST(std::accumulate(mask.begin(), mask.end(), 0.0) == 900);
        BOOST_TEST((mask == lipt::make_prune_mask(tensor, layout, weights, {}, options, seed, 3).keep));
        BOOST_TEST((mask != lipt::make_prune_mask(tensor, layout, weights, {}, options, seed, 4).keep));
        for (std::size_t i = 0; i < size; ++i) kept[i] += mask[i] == 1.0f ? 1 : 0;
    }
    // 100 draws of probability 0.9 have deviation 3; no weight is favoured.
    BOOST_TEST(*std::min_element(kept.begin(), kept.end()) > 90 - 18);
}

BOOST_AUTO_TEST_CASE(random_layers_differ) {
    const std::vector<lipt::weight_entry> layout{
        {.name = "a", .kind = lipt::weight_kind::linear, .offset = 0, .size = 64},
        {.name = "b", .kind = lipt::weight_kind::linear, .offset = 64, .size = 64}};
    const auto mask =
        lipt::make_prune_mask(tensor, layout, floats(128, 1.0f), {},
                              exactly(0.5, lipt::prune_method::random, lipt::prune_scope::per_layer), 1, 0)
            .keep;
    BOOST_TEST(std::accumulate(mask.begin(), mask.begin() + 64, 0.0f) == 32.0f);
    BOOST_TEST(!std::equal(mask.begin(), mask.begin() + 64, mask.begin() + 64));
}

BOOST_AUTO_TEST_CASE(density_is_drawn_per_worker_and_realised_exactly) {
    std::set<double> drawn;
    constexpr std::size_t size = 12345;
    const std::vector<lipt::weight_entry> layout{
        {.name = "w", .kind = lipt::weight_kind::linear, .size = size}};
    floats weights(size);
    std::iota(weights.begin(), weights.end(), 1.0f);
    for (std::uint32_t worker = 0; worker < 50; ++worker) {
        const double density = lipt::draw_density({}, 7, worker);
        drawn.insert(density);
        BOOST_TEST(density >= 0.85);
        BOOST_TEST(density < 0.95);
        const auto mask = lipt::make_prune_mask(tensor, layout, weights, {}, {}, 7, worker);
        const auto kept = std::accumulate(mask.keep.begin(), mask.keep.end(), 0.0);
        BOOST_TEST(kept == std::round(density * size));
        BOOST_TEST(mask.density == kept / size);
    }
    BOOST_TEST(drawn.size() == 50u);
    BOOST_TEST(*drawn.begin() < 0.87);
    BOOST_TEST(*drawn.rbegin() > 0.93);
}

BOOST_AUTO_TEST_CASE(applying_zeroes_even_what_is_not_finite) {
    floats weights{-1, std::numeric_limits<float>::quiet_NaN(), 2};
    lipt::apply_mask(weights, floats{0, 0, 1});
    BOOST_TEST(weights == (floats{0, 0, 2}), boost::test_tools::per_element());
    BOOST_TEST(!std::signbit(weights[0]));
}

BOOST_AUTO_TEST_CASE(packing_sends_one_bit_and_the_kept_values) {
    const floats weights{1, 2, 3, 4, 5, 6, 7, 8, 9}, keep{1, 0, 0, 1, 0, 0, 0, 1, 1};
    const auto packed = lipt::pack_mask(weights, keep);
    BOOST_TEST(packed.bits == (std::vector<std::uint8_t>{0b10001001, 1}), boost::test_tools::per_element());
    BOOST_TEST(packed.kept == (floats{1, 4, 8, 9}), boost::test_tools::per_element());
    const auto back = lipt::unpack_mask(packed);
    BOOST_TEST(back.weights == (floats{1, 0, 0, 4, 0, 0, 0, 8, 9}), boost::test_tools::per_element());
    BOOST_TEST(back.keep == keep, boost::test_tools::per_element());
    BOOST_TEST(lipt::unpack_mask(lipt::pack_mask({}, {})).weights.empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_pruned_is_an_error) {
    BOOST_TEST(error_id([] { mask_of(exactly(0.0)); }) == "LIPT-P01");
    BOOST_TEST(error_id([] { mask_of(exactly(1.1)); }) == "LIPT-P01");
    BOOST_TEST(error_id([] { mask_of({.density_min = 0.9, .density_max = 0.8}); }) == "LIPT-P01");
    BOOST_TEST(error_id([] { lipt::make_prune_mask(tensor, small_layout(), floats(6), {}, {}, 1, 0); }) ==
               "LIPT-P02");
    BOOST_TEST(error_id([] { mask_of(exactly(0.5, lipt::prune_method::snip), floats(3)); }) == "LIPT-P03");
    const std::vector<lipt::weight_entry> bias{{.name = "b", .kind = lipt::weight_kind::bias, .size = 2}};
    BOOST_TEST(error_id([&] { lipt::make_prune_mask(tensor, bias, floats(2), {}, {}, 1, 0); }) == "LIPT-P04");
    floats weights(3);
    BOOST_TEST(error_id([&] { lipt::apply_mask(weights, floats(2)); }) == "LIPT-P05");
    BOOST_TEST(error_id([&] { lipt::pack_mask(weights, floats(2)); }) == "LIPT-P05");
}

BOOST_AUTO_TEST_CASE(a_damaged_upload_is_an_error) {
    const auto packed = lipt::pack_mask(floats{1, 2, 3}, floats{1, 0, 1});
    auto fewer = packed, more = packed, shorter = packed;
    fewer.kept.pop_back();
    more.kept.push_back(1);
    shorter.bits.clear();
    for (const auto *damaged : {&fewer, &more, &shorter}) {
        BOOST_TEST(error_id([&] { lipt::unpack_mask(*damaged); }) == "LIPT-P06");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_refused_where_it_would_count_as_the_largest) {
    for (const float wrong :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        auto weights = small_weights;
        weights[5] = wrong;
        const auto made = [&](const lipt::prune_options &options, const floats &gradient) {
            return error_id(
                [&] { lipt::make_prune_mask(tensor, small_layout(), weights, gradient, options, 1, 0); });
        };
        const auto snip = exactly(0.5, lipt::prune_method::snip);
        BOOST_TEST(made(exactly(0.5), {}) == "LIPT-P07");
        BOOST_TEST(made(snip, floats(8, 1.0f)) == "LIPT-P07");
        weights = small_weights;
        floats gradient(8, 1.0f);
        gradient[2] = wrong;
        BOOST_TEST(made(snip, gradient) == "LIPT-P07");
        // What is not pruned is not looked at.
        gradient[2] = 1;
        weights[4] = gradient[4] = wrong;
        BOOST_TEST(made(snip, gradient) == "");
    }
}

BOOST_AUTO_TEST_CASE(a_tensor_of_which_nothing_is_kept_is_named) {
    const auto emptied = [](const lipt::prune_options &options) {
        return lipt::make_prune_mask(tensor, small_layout(), small_weights, {}, options, 1, 0).emptied;
    };
    BOOST_TEST(emptied(exactly(0.5)).empty());
    // A sixth of all is one weight, -5 of fc; a tenth of each layer is none.
    BOOST_TEST(emptied(exactly(1.0 / 6)) == (std::vector<std::string>{"conv"}),
               boost::test_tools::per_element());
    BOOST_TEST(emptied(exactly(0.1, lipt::prune_method::magnitude, lipt::prune_scope::per_layer)) ==
                   (std::vector<std::string>{"conv", "fc"}),
               boost::test_tools::per_element());
    // Told from pruned weights alone as well, whatever else is 0.
    BOOST_TEST(lipt::emptied_tensors(small_layout(), floats{0, 0, 0, 0, 0, 0, -5, 0}) ==
                   (std::vector<std::string>{"conv"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
