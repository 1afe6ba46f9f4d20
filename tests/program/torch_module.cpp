// A TorchScript file as the network of a run, through all stages and again from a directory that has them.
#include "program.hpp"

#include <lipt/adapters/store/safetensors.hpp>

#include <torch/script.h>

using namespace lipt_test;

namespace {

/// A convolution and a linear layer, all weights 1/8; the last of them for so many classes.
std::filesystem::path save_module(const temporary_directory &folder, std::int64_t classes,
                                  std::int64_t width = 5) {
    const auto weights = [](at::IntArrayRef shape) { return at::full(shape, 0.125).set_requires_grad(true); };
    torch::jit::Module model("model"), conv("conv"), head("head");
    conv.register_parameter("weight", weights({8, 1, width, width}), false);
    head.register_parameter("weight", weights({classes, 8}), false);
    head.register_parameter("bias", weights({classes}), false);
    model.register_module("conv", conv);
    model.register_module("head", head);
    model.define(R"(
        def forward(self, x):
            x = torch.relu(torch.conv2d(x, self.conv.weight, None, [2, 2]))
            return torch.addmm(self.head.bias, torch.mean(x, [2, 3]), torch.t(self.head.weight))
    )");
    const auto file = folder / "model.pt";
    model.save(file.string());
    return file;
}

} // namespace

BOOST_AUTO_TEST_SUITE(torch_module)

BOOST_AUTO_TEST_CASE(a_module_goes_through_every_stage_and_twice_alike) {
    temporary_directory folder;
    write_data(folder / "data");
    const auto module = save_module(folder, 10).string();
    for (const char *name : {"one", "two"}) {
        const auto ended = run_lipt(folder, std::vector<std::string>{"run", "--out", (folder / name).string(),
                                                                     "--network", module, "--threads", "1"} +
                                                small_run(folder / "data"));
        BOOST_TEST(ended.status == 0, ended.err);
    }
    BOOST_TEST(result_of(folder / "one") == result_of(folder / "two"));
    BOOST_TEST(content_of(folder / "one" / "subset.npy") == content_of(folder / "two" / "subset.npy"));
    BOOST_TEST(content_of(folder / "one" / "final.safetensors").find("head.weight") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_keeps_to_the_file_that_it_began_with) {
    temporary_directory folder;
    write_data(folder / "data");
    const auto run = (folder / "run").string();
    const auto module = save_module(folder, 10);
    const auto stage = [&](const std::vector<std::string> &arguments) { return run_lipt(folder, arguments); };
    const std::vector<std::string> settings =
        std::vector<std::string>{"--network", module.string(), "--head", "head"} + small_run(folder / "data");
    const auto planned = stage(std::vector<std::string>{"plan", "--out", run} + settings);
    BOOST_TEST_REQUIRE(planned.status == 0, planned.err);
    BOOST_TEST(stage({"worker", "--run", run, "--worker", "0"}).status == 0);
    const auto kept = content_of(module);
    save_module(folder, 10, 3);
    for (const auto &arguments : {std::vector<std::string>{"worker", "--run", run, "--worker", "1"},
                                  std::vector<std::string>{"run", "--out", run} + settings}) {
        const auto ended = stage(arguments);
        BOOST_TEST(ended.status != 0);
        BOOST_TEST(ended.err.find("LIPT-R01") != std::string::npos, ended.err);
    }
    std::ofstream(module, std::ios::binary) << kept;
    BOOST_TEST(stage({"worker", "--run", run, "--worker", "1"}).status == 0);
}

BOOST_AUTO_TEST_CASE(a_run_may_start_from_the_weights_that_a_file_has) {
    temporary_directory folder;
    write_data(folder / "data");
    const auto run = (folder / "run").string();
    const auto module = save_module(folder, 10).string();
    const auto planned = run_lipt(folder, std::vector<std::string>{"plan", "--out", run, "--network", module,
                                                                   "--init-weights", module} +
                                              without(small_run(folder / "data"), {"--init-epochs"}));
    BOOST_TEST_REQUIRE(planned.status == 0, planned.err);
    const lipt::adapters::safetensors_file start(run + "/theta_star.safetensors");
    for (const auto &tensor : start.tensors())
        BOOST_TEST(std::ranges::all_of(start.values<float>(tensor.name),
                                       [](float value) { return value == 0.125f; }),
                   tensor.name);
    save_module(folder, 7);
    const auto ended = run_lipt(folder, std::vector<std::string>{"plan", "--out", (folder / "other").string(),
                                                                 "--init-weights", module} +
                                            without(small_run(folder / "data"), {"--init-epochs"}));
    BOOST_TEST(ended.status == 2, ended.err);
    BOOST_TEST(ended.err.find("LIPT-L13") != std::string::npos, ended.err);
    BOOST_TEST(!std::filesystem::exists(folder / "other"));
}

BOOST_AUTO_TEST_CASE(what_a_module_cannot_be_is_refused_before_a_directory_is_made) {
    temporary_directory folder;
    write_data(folder / "data");
    const auto run = (folder / "run").string();
    const auto module = save_module(folder, 10).string();
    for (const auto &[flag, value, id] :
         {std::tuple{"--precision", "bfloat16", "LIPT-L06"}, std::tuple{"--head", "conv", "LIPT-L08"}}) {
        const auto ended =
            run_lipt(folder, std::vector<std::string>{"run", "--out", run, "--network", module, flag, value} +
                                 small_run(folder / "data"));
        BOOST_TEST(ended.status == 2, ended.err);
        BOOST_TEST(ended.err.find(id) != std::string::npos, ended.err);
        BOOST_TEST(!std::filesystem::exists(run));
    }
}

BOOST_AUTO_TEST_CASE(a_module_that_does_not_fit_is_wrong_use) {
    temporary_directory folder;
    write_data(folder / "data");
    for (const auto &[module, id] : {std::pair{save_module(folder, 7).string(), "LIPT-L08"},
                                     std::pair{(folder / "none.pt").string(), "LIPT-L07"}}) {
        const auto ended = run_lipt(
            folder, std::vector<std::string>{"run", "--out", (folder / "run").string(), "--network", module} +
                        small_run(folder / "data"));
        BOOST_TEST(ended.status == 2, ended.err);
        BOOST_TEST(ended.err.find(id) != std::string::npos, ended.err);
        BOOST_TEST(!std::filesystem::exists(folder / "run"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
