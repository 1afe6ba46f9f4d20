// Any TorchScript module, loaded from its file: its last linear layer is found by name, and the module is
// trained, merged and selected with like one of LiPT's own networks. `lipt run --network FILE.pt` does the
// same with files.
#include <lipt/backends/torch/script.hpp>
#include <lipt/backends/torch/tensor.hpp>
#include <lipt/backends/torch/training.hpp>
#include <lipt/lipt.hpp>

#include <torch/script.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

/// Stands for a file from Python: torch.jit.script(model).save("model.pt").
void save_some_module(const std::string &file) {
    torch::jit::Module model("model"), conv("conv"), fc("fc");
    conv.register_parameter("weight", at::zeros({8, 1, 3, 3}).set_requires_grad(true), false);
    fc.register_parameter("weight", at::zeros({3, 8}).set_requires_grad(true), false);
    fc.register_parameter("bias", at::zeros({3}).set_requires_grad(true), false);
    model.register_module("conv", conv);
    model.register_module("fc", fc);
    model.define(R"(
        def forward(self, x):
            x = torch.relu(torch.conv2d(x, self.conv.weight, None, [1, 1], [1, 1]))
            return torch.addmm(self.fc.bias, torch.mean(x, [2, 3]), torch.t(self.fc.weight))
    )");
    model.save(file);
}

/// Stripes that lie, stand or slant, as bytes.
struct data {
    data() {
        lipt::rng draw({.seed = 1});
        for (std::uint32_t n = 0; n < 300; ++n) {
            labels.push_back(static_cast<std::int32_t>(n % 3));
            for (std::uint32_t i = 0; i < 64; ++i) {
                const auto line = n % 3 == 0 ? i / 8 : n % 3 == 1 ? i % 8 : i / 8 + i % 8;
                pixels.push_back(static_cast<std::uint8_t>(draw.below(128) + (line % 4 < 2 ? 96 : 0)));
            }
        }
    }
    lipt::image_set view() const {
        return {.pixels = pixels, .labels = labels, .shape = {1, 8, 8}, .classes = 3};
    }
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
};

} // namespace

int main(int argc, char **argv) {
    const std::string file = argc > 1 ? argv[1] : "model.pt";
    if (argc < 2) save_some_module(file);
    const data own;
    const auto set = own.view();
    const auto spec =
        lipt::torch::script_network(file, {.image = set.shape, .classes = set.classes, .last_layer = "fc"});
    std::printf("%zu weights in %zu tensors; embeddings of %zu\n", spec.state_size(), spec.weights.size(),
                spec.embedding_size());

    auto network = lipt::torch::training::make(spec, {.threads = 1});
    network.load(lipt::initial_weights(spec, 1));
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < set.size(); ++i) all.push_back(static_cast<std::int64_t>(i));
    double first = 0, last = 0;
    lipt::train(
        network, set, {.epochs = 20, .batch_size = 60, .augment = {.crop_flip = false}}, {.seed = 1},
        [&](std::size_t) { return lipt::epoch_samples{.indices = all}; },
        [&](const lipt::epoch_report &epoch) { (epoch.epoch == 1 ? first : last) = epoch.loss; });
    std::printf("the loss went down: %s\n", last < 0.5 * first ? "yes" : "no");

    const lipt::torch::tensor tensor(1);
    const auto output = network.forward(set.pixels, set.size());
    const auto gradients = lipt::make_gradients(tensor, tensor.from_host(output.logits),
                                                tensor.from_host(output.embeddings), set.labels);
    const auto subset = lipt::select(
        tensor, "gradmatch",
        lipt::selection_problem<lipt::torch::tensor>{.labels = set.labels,
                                                     .classes = 3,
                                                     .fraction = 0.1,
                                                     .gradients = lipt::from_memory(tensor, gradients)});
    std::printf("kept: %zu of %zu, ten a class: %s\n", subset.indices.size(), set.size(),
                own.labels[static_cast<std::size_t>(subset.indices[9])] == 0 &&
                        own.labels[static_cast<std::size_t>(subset.indices[10])] == 1
                    ? "yes"
                    : "no");
}
