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

/// How a module may be written: its batch-norm and how often that runs, what it gives for the last layer's
/// output `z` and its input `y`, whether its convolution is trained, and the last layer's bias. It has a
/// buffer that is no statistic, and a factor where it gives one.
struct writing {
    double momentum = 0.1;
    int norms = 1;
    std::string trains = "self.training", gives = "z", before_norm = "y";
    bool frozen = false, bias = true;
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
    auto linear = with("linear", {{"weight", at::zeros({5, 16})}});
    if (how.bias) linear.register_parameter("bias", at::zeros({5}).set_requires_grad(true), false);
    made.register_module("linear", linear);
    made.register_buffer("one", at::ones({16}));
    if (how.gives.find("factor") != std::string::npos)
        made.register_parameter("factor", at::ones({1}).set_requires_grad(true), false);
    const std::string norm_line =
        "            y = torch.batch_norm(y, self.bn1.weight, self.bn1.bias, self.bn1.running_mean, "
        "self.bn1.running_var, " +
        how.trains + ", " + std::to_string(how.momentum) + ", 1e-05, True)\n";
    std::string norms = "            y = " + how.before_norm + "\n";
    for (int i = 0; i < how.norms; ++i) norms += norm_line;
    made.define(R"(
        def forward(self, x):
            y = torch.conv2d(x, self.conv1.weight, None, [1, 1], [1, 1])
)" + norms +
                R"(            y = self.one * torch.mean(torch.relu(y), [2, 3])
            z = )" +
                (how.bias ? "torch.addmm(self.linear.bias, y, torch.t(self.linear.weight))"
                          : "torch.mm(y, torch.t(self.linear.weight))") +
                R"(
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
    BOOST_TEST(id({.gives = "self.factor * z"}) == "LIPT-L12"); // one at first, and learned
    BOOST_TEST(id({.trains = "False"}) == "LIPT-L12");          // traced in evaluation
    BOOST_TEST(id({.trains = "True"}) == "LIPT-L12");           // traced in training
    BOOST_TEST(id({.norms = 0}) == "LIPT-L12");                 // a batch-norm that does not run
    BOOST_TEST(id({.trains = "self.training and bool(torch.rand([1]) < 0.5)"}) == "LIPT-L12"); // or by chance
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
    // By name: LiPT's own networks have another order.
    const auto layers = as_layers();
    BOOST_TEST(lipt::torch::script_weights(file, layers) == reordered(spec, weights, layers),
               boost::test_tools::per_element());
    lipt::detail::network_builder build("other", options);
    const auto other = build.finish("linear", build.convolution("conv1", 0, 8, 3, 1));
    BOOST_TEST(error_id([&] { lipt::torch::script_weights(file, other); }) == "LIPT-L13");
}

// What a batch-norm's own momentum and its number of runs make of a pass is the module's affair; an
// observation moves the statistics by its share to where such passes lead in the end.
BOOST_AUTO_TEST_CASE(statistics_move_as_the_module_moves_them) {
    for (const auto &how : {writing{}, writing{.momentum = 0.3}, writing{.norms = 2}}) {
        temporary_directory folder;
        const auto spec = script_network(as_module(folder, how), options);
        auto made = training::make(spec, {.threads = 1});
        const auto weights = weights_of(spec);
        const auto batch = batch_of(spec, 20);
        const auto statistics = [&] { return values_of(spec, made.read().weights, statistic); };
        made.load(weights);
        made.observe(batch.pixels, 20, 1.0f);
        const auto all = statistics();
        made.load(weights);
        const auto before = statistics();
        made.observe(batch.pixels, 20, 0.25f);
        const auto part = statistics();
        made.load(weights);
        for (int step = 0; step < 150; ++step)
            made.train_step(batch.view(), {.learning_rate = 0, .weight_decay = 0});
        const auto in_the_end = statistics();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const double near = 1e-4 * (1 + std::abs(all[i]));
            BOOST_TEST(std::abs(all[i] - in_the_end[i]) < near);
            BOOST_TEST(std::abs(part[i] - (0.75f * before[i] + 0.25f * all[i])) < near);
        }
        made.gradient(batch.view());
        BOOST_TEST(same_bits(statistics(), in_the_end));
    }
}

BOOST_AUTO_TEST_CASE(statistics_behind_dropout_are_observed_as_others) {
    temporary_directory folder;
    const auto spec =
        script_network(as_module(folder, {.before_norm = "torch.dropout(y, 0.5, self.training)"}), options);
    auto weights = weights_of(spec);
    for (const auto &entry : spec.weights) {
        if (entry.name != "conv1.weight") continue;
        for (std::size_t i = 0; i < entry.size; ++i)
            weights[entry.offset + i] *= 100; // variances far above 1
    }
    const auto batch = batch_of(spec, 20);
    const auto total = [&](training &made) {
        double sum = 0;
        for (const float value : values_of(spec, made.read().weights, statistic)) sum += std::abs(value);
        return sum;
    };
    auto steady = training::make(spec, {.threads = 1});
    steady.load(weights);
    for (int step = 0; step < 150; ++step)
        steady.train_step(batch.view(), {.learning_rate = 0, .weight_decay = 0});
    for (int time = 0; time < 10; ++time) {
        auto made = training::make(spec, {.threads = 1}); // each finds its shares anew
        made.load(weights);
        made.observe(batch.pixels, 20, 1.0f);
        BOOST_TEST(std::abs(total(made) / total(steady) - 1) < 0.1);
    }
}

BOOST_AUTO_TEST_CASE(a_last_layer_needs_no_bias_and_weights_must_be_float) {
    temporary_directory folder;
    const auto spec = script_network(as_module(folder, {.bias = false}), options);
    auto made = training::make(spec, {.threads = 1});
    made.load(weights_of(spec));
    const auto batch = batch_of(spec, 20);
    const auto output = made.forward(batch.pixels, 20);
    BOOST_TEST(output.embeddings.shape(1) == 16u);
    BOOST_TEST(*std::max_element(output.logits.begin(), output.logits.end()) > 0);
    auto module = torch::jit::load(as_module(folder));
    module.to(at::kDouble);
    const auto file = (folder.path() / "double.pt").string();
    module.save(file);
    BOOST_TEST(error_id([&] { script_network(file, options); }) == "LIPT-L14");
}

BOOST_AUTO_TEST_SUITE_END()
