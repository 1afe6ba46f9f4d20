// A TorchScript module as a network, held against the same network as a list of layers.
#include <lipt/backends/torch/script.hpp>
#include <lipt/backends/torch/training.hpp>

#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>
#include <torch/script.h>

#include <fstream>
#include <string>

using namespace lipt_test;
using lipt::torch::script_network;
using lipt::torch::training;

namespace {

const lipt::network_options options{.image = {3, 8, 8}, .classes = 5};

/// One convolution, batch-norm, ReLU, pooling and a linear layer, as layers.
lipt::network_spec as_layers() {
    lipt::detail::network_builder build("tiny", options);
    return build.finish("linear", build.batch_norm("bn1", build.convolution("conv1", 0, 16, 3, 1), true));
}

torch::jit::Module with(const std::string &name,
                        const std::vector<std::pair<std::string, at::Tensor>> &parameters,
                        const std::vector<std::pair<std::string, at::Tensor>> &buffers = {}) {
    torch::jit::Module made(name);
    for (const auto &[own, values] : parameters)
        made.register_parameter(own, values.set_requires_grad(true), false);
    for (const auto &[own, values] : buffers) made.register_buffer(own, values);
    return made;
}

/// How a module may be written: its batch-norm, what it gives for the last layer's output `z` and its input
/// `y`, and whether its convolution is trained. It has a buffer that is no statistic.
struct writing {
    double momentum = 0.1;
    std::string trains = "self.training", gives = "z";
    bool frozen = false;
};

/// The same as TorchScript, in a file.
std::string as_module(const temporary_directory &folder, const writing &how = {}) {
    torch::jit::Module made("tiny");
    made.register_attribute("training", c10::BoolType::get(), true);
    auto convolution = with("conv", {{"weight", at::full({16, 3, 3, 3}, 0.5)}});
    convolution.attr("weight").toTensor().set_requires_grad(!how.frozen);
    made.register_module("conv1", convolution);
    auto norm = with("norm", {{"weight", at::ones({16})}, {"bias", at::zeros({16})}},
                     {{"running_mean", at::zeros({16})},
                      {"running_var", at::ones({16})},
                      {"num_batches_tracked", at::zeros({}, at::kLong)}});
    norm.register_attribute("momentum", c10::FloatType::get(), how.momentum);
    made.register_module("bn1", norm);
    made.register_module("linear",
                         with("linear", {{"weight", at::zeros({5, 16})}, {"bias", at::zeros({5})}}));
    made.register_buffer("one", at::ones({16}));
    made.define(R"(
        def forward(self, x):
            y = torch.conv2d(x, self.conv1.weight, None, [1, 1], [1, 1])
            y = torch.batch_norm(y, self.bn1.weight, self.bn1.bias, self.bn1.running_mean, self.bn1.running_var,
                                 )" +
                how.trains + R"(, 0.1, 1e-05, True)
            y = self.one * torch.mean(torch.relu(y), [2, 3])
            z = torch.addmm(self.linear.bias, y, torch.t(self.linear.weight))
            return )" +
                how.gives + "\n");
    const auto file = (folder.path() / "tiny.pt").string();
    made.save(file);
    return file;
}

/// Weights of one layout in the order of another, by name.
std::vector<float> reordered(const lipt::network_spec &from, const std::vector<float> &weights,
                             const lipt::network_spec &to) {
    std::vector<float> out(to.state_size());
    for (const auto &entry : to.weights) {
        for (const auto &other : from.weights) {
            if (other.name == entry.name) std::copy_n(&weights[other.offset], entry.size, &out[entry.offset]);
        }
    }
    return out;
}

struct pair_of_networks {
    temporary_directory folder;
    lipt::network_spec layers = as_layers(), module = script_network(as_module(folder), options);
    training one = training::make(layers, {.threads = 1}), other = training::make(module, {.threads = 1});

    pair_of_networks() {
        const auto weights = weights_of(layers);
        one.load(weights);
        other.load(reordered(layers, weights, module));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(torch_script)

BOOST_AUTO_TEST_CASE(a_module_is_described_by_its_tensors_and_its_last_layer) {
    const pair_of_networks both;
    BOOST_TEST(both.module.state_size() == both.layers.state_size());
    BOOST_TEST(both.module.parameter_count() == both.layers.parameter_count());
    BOOST_TEST(both.module.embedding_size() == 16u);
    for (const auto &entry : both.layers.weights) {
        const auto found =
            std::ranges::find_if(both.module.weights, [&](const auto &e) { return e.name == entry.name; });
        BOOST_REQUIRE((found != both.module.weights.end()));
        BOOST_TEST((found->kind == entry.kind), entry.name);
        BOOST_TEST((found->shape == entry.shape), entry.name);
    }
}

BOOST_AUTO_TEST_CASE(outputs_gradients_steps_and_statistics_are_those_of_the_layers) {
    pair_of_networks both;
    const auto batch = batch_of(both.layers, 20);
    const auto near = [&](const std::vector<float> &got, const std::vector<float> &expected) {
        return relative_distance(reordered(both.module, got, both.layers), expected) < 1e-5;
    };
    BOOST_TEST(near(both.other.gradient(batch.weighted_view()), both.one.gradient(batch.weighted_view())));
    BOOST_TEST(near(both.other.read().weights, both.one.read().weights));
    for (int step = 0; step < 3; ++step) {
        const float loss = both.one.train_step(batch.weighted_view(), {}),
                    scripted = both.other.train_step(batch.weighted_view(), {});
        BOOST_TEST(std::abs(scripted / loss - 1) < 1e-5);
    }
    both.one.observe(batch.pixels, 20, 0.25f);
    both.other.observe(batch.pixels, 20, 0.25f);
    BOOST_TEST(near(both.other.read().weights, both.one.read().weights));
    BOOST_TEST(near(both.other.read().momentum, both.one.read().momentum));
    const auto expected = both.one.forward(batch.pixels, 20), got = both.other.forward(batch.pixels, 20);
    BOOST_TEST(relative_distance(got.logits, expected.logits) < 1e-5);
    BOOST_TEST(relative_distance(got.embeddings, expected.embeddings) < 1e-5);
}

BOOST_AUTO_TEST_CASE(modules_that_cannot_be_used_say_why) {
    temporary_directory folder;
    const auto file = as_module(folder);
    BOOST_TEST(error_id([&] { script_network((folder.path() / "none.pt").string(), options); }) ==
               "LIPT-L07");
    const auto damaged = (folder.path() / "damaged.pt").string();
    std::ofstream(damaged) << "not a module";
    BOOST_TEST(error_id([&] { script_network(damaged, options); }) == "LIPT-L07");
    BOOST_TEST(error_id([&] { script_network(file, {.image = {3, 8, 8}, .classes = 6}); }) == "LIPT-L08");
    auto named = options;
    named.last_layer = "head";
    BOOST_TEST(error_id([&] { script_network(file, named); }) == "LIPT-L08");
    named.last_layer = "linear";
    BOOST_TEST(script_network(file, named).state_size() > 0u);
    BOOST_TEST(error_id([&] { script_network(as_module(folder, {.momentum = 0.3}), options); }) ==
               "LIPT-L09");
    // Images that the module cannot take.
    BOOST_TEST(error_id([&] {
                   script_network(as_module(folder), {.image = {1, 8, 8}, .classes = 5});
               }) == "LIPT-L11");
}

// What is evaluated is the last layer on its input: a module that does more than that would be evaluated
// wrongly.
BOOST_AUTO_TEST_CASE(modules_that_end_otherwise_are_refused) {
    temporary_directory folder;
    const auto id = [&](const writing &how) {
        return error_id([&] { script_network(as_module(folder, how), options); });
    };
    BOOST_TEST(id({}) == "");
    BOOST_TEST(id({.gives = "torch.log_softmax(z, 1)"}) == "LIPT-L12");
    BOOST_TEST(id({.gives = "3 * z"}) == "LIPT-L12");
    BOOST_TEST(id({.gives = "z + torch.mean(y)"}) == "LIPT-L12");
    BOOST_TEST(id({.gives = "y"}) == "LIPT-L11"); // as many columns as the embedding
    BOOST_TEST(id({.gives = "torch.mean(z, 1)"}) == "LIPT-L11");
    BOOST_TEST(id({.trains = "False"}) == "LIPT-L12"); // traced in evaluation
}

BOOST_AUTO_TEST_CASE(a_buffer_that_is_no_statistic_stays_as_it_is) {
    temporary_directory folder;
    const auto spec = script_network(as_module(folder), options);
    for (const auto &entry : spec.weights) BOOST_TEST(entry.name != "one");
}

BOOST_AUTO_TEST_CASE(a_frozen_parameter_stays_as_the_file_has_it) {
    temporary_directory folder, other_folder;
    const auto all = script_network(as_module(folder), options);
    const auto spec = script_network(as_module(other_folder, {.frozen = true}), options);
    BOOST_TEST(spec.state_size() + 16 * 3 * 9 == all.state_size());
    for (const auto &entry : spec.weights) BOOST_TEST(entry.name != "conv1.weight");
    // As the same network with that weight, as far as it is trained.
    auto one = training::make(all, {.threads = 1}), other = training::make(spec, {.threads = 1});
    auto weights = weights_of(all);
    for (const auto &entry : all.weights) {
        if (entry.name == "conv1.weight") std::fill_n(&weights[entry.offset], entry.size, 0.5f);
    }
    one.load(weights);
    other.load(reordered(all, weights, spec));
    const auto batch = batch_of(all, 20);
    const auto expected = one.forward(batch.pixels, 20), got = other.forward(batch.pixels, 20);
    BOOST_TEST(relative_distance(got.logits, expected.logits) < 1e-6);
    const auto slope = reordered(all, one.gradient(batch.weighted_view()), spec);
    BOOST_TEST(relative_distance(other.gradient(batch.weighted_view()), slope) < 1e-5);
}

BOOST_AUTO_TEST_CASE(the_weights_of_a_file_come_out_in_the_order_of_its_network) {
    temporary_directory folder;
    const auto file = as_module(folder);
    const auto spec = script_network(file, options);
    const auto weights = lipt::torch::script_weights(file, spec);
    BOOST_REQUIRE(weights.size() == spec.state_size());
    for (const auto &entry : spec.weights) {
        const float expected = entry.name == "conv1.weight"                                    ? 0.5f
                               : entry.name == "bn1.weight" || entry.name == "bn1.running_var" ? 1.0f
                                                                                               : 0.0f;
        BOOST_TEST(std::all_of(&weights[entry.offset], &weights[entry.offset] + entry.size,
                               [&](float value) { return value == expected; }),
                   entry.name);
    }
    BOOST_TEST(error_id([&] { lipt::torch::script_weights(file, as_layers()); }) ==
               "LIPT-L13"); // another order
}

BOOST_AUTO_TEST_SUITE_END()
