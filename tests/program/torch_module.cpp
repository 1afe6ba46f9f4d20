// A TorchScript file as the network of a run, through all stages and again from a directory that has them.
#include "program.hpp"

#include <torch/script.h>

using namespace lipt_test;

namespace {

/// A convolution and a linear layer; the last of them for so many classes.
std::filesystem::path save_module(const temporary_directory &folder, std::int64_t classes) {
    torch::jit::Module model("model"), conv("conv"), head("head");
    conv.register_parameter("weight", at::zeros({8, 1, 5, 5}), false);
    head.register_parameter("weight", at::zeros({classes, 8}), false);
    head.register_parameter("bias", at::zeros({classes}), false);
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
