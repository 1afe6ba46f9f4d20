// A torch::nn::Module as a flat vector and its layout.
#include <lipt/backends/torch/module.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <torch/nn.h>

#include <algorithm>

using lipt_test::error_id;

BOOST_AUTO_TEST_SUITE(torch_module)

BOOST_AUTO_TEST_CASE(weights_come_out_flat_and_go_back_in) {
    namespace nn = torch::nn;
    nn::Sequential made(nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::Linear(2, 3));
    const auto tensors = lipt::torch::tensors_of(*made);
    const auto layout = lipt::torch::layout_of(tensors);
    const std::pair<const char *, lipt::weight_kind> expected[] = {
        {"0.weight", lipt::weight_kind::convolution},
        {"0.bias", lipt::weight_kind::bias},
        {"1.weight", lipt::weight_kind::scale},
        {"1.bias", lipt::weight_kind::shift},
        {"2.weight", lipt::weight_kind::linear},
        {"2.bias", lipt::weight_kind::bias},
        {"1.running_mean", lipt::weight_kind::running_mean},
        {"1.running_var", lipt::weight_kind::running_variance}};
    BOOST_REQUIRE(layout.size() == std::size(expected)); // num_batches_tracked is no weight
    for (std::size_t i = 0; i < layout.size(); ++i) {
        BOOST_TEST(layout[i].name == expected[i].first);
        BOOST_TEST((layout[i].kind == expected[i].second), layout[i].name);
    }
    BOOST_TEST(layout.back().offset + layout.back().size == 18u + 2 + 2 + 2 + 6 + 3 + 2 + 2);

    const auto flat = lipt::torch::flat_weights(tensors);
    BOOST_TEST(flat.size(1) == 37);
    lipt::torch::load_weights(tensors, at::arange(37, at::kFloat));
    BOOST_TEST(made->named_parameters()["0.bias"][1].item<float>() == 19.0f);
    BOOST_TEST(made->named_buffers()["1.running_var"][1].item<float>() == 36.0f);
    lipt::torch::load_weights(tensors, flat);
    BOOST_TEST(at::equal(lipt::torch::flat_weights(tensors), flat));
    BOOST_TEST(error_id([&] { lipt::torch::load_weights(tensors, at::zeros({36})); }) == "LIPT-L10");
}

BOOST_AUTO_TEST_CASE(what_belongs_to_no_known_layer_starts_as_it_is) {
    namespace nn = torch::nn;
    nn::Sequential made(nn::Conv1d(2, 3, 5), nn::PReLU(), nn::LayerNorm(nn::LayerNormOptions({4})));
    made->register_parameter("gate", at::full({4}, 0.75f));
    made->register_parameter("position", at::full({1, 3, 4}, 0.5f));
    const auto layout = lipt::torch::layout_of(lipt::torch::tensors_of(*made));
    const auto entry = [&](const std::string &name) -> const lipt::weight_entry & {
        const auto found = std::ranges::find(layout, name, &lipt::weight_entry::name);
        BOOST_REQUIRE((found != layout.end()));
        return *found;
    };
    BOOST_TEST((entry("0.weight").kind == lipt::weight_kind::convolution));
    BOOST_TEST((entry("2.weight").kind == lipt::weight_kind::scale));
    BOOST_TEST((entry("2.bias").kind == lipt::weight_kind::shift));
    BOOST_TEST(entry("0.weight").start.empty());
    BOOST_TEST(entry("1.weight").start == std::vector<float>{0.25f},
               boost::test_tools::per_element()); // PReLU
    BOOST_TEST(entry("gate").start == std::vector<float>(4, 0.75f), boost::test_tools::per_element());
    BOOST_TEST(entry("position").start == std::vector<float>(12, 0.5f), boost::test_tools::per_element());
    BOOST_TEST(!lipt::is_prunable(entry("position").kind));
}

BOOST_AUTO_TEST_CASE(a_layer_used_twice_has_its_weights_once) {
    namespace nn = torch::nn;
    nn::Linear shared(3, 3);
    nn::Sequential made(shared, nn::ReLU(), shared);
    BOOST_TEST(lipt::torch::tensors_of(*made).size() == 2u);
}

BOOST_AUTO_TEST_CASE(frozen_parameters_are_no_weights) {
    namespace nn = torch::nn;
    nn::Sequential made(nn::Linear(2, 3), nn::Linear(3, 2));
    made->named_parameters()["0.weight"].set_requires_grad(false);
    const auto tensors = lipt::torch::tensors_of(*made);
    BOOST_REQUIRE(tensors.size() == 3u);
    BOOST_TEST(tensors[0].name == "0.bias");
    BOOST_TEST(tensors[1].name == "1.weight");
}

BOOST_AUTO_TEST_SUITE_END()
