// A plain LibTorch trainer that has a module, a loop and a score of its own; LiPT gives it the shards, the
// masks, one model of many and the samples to keep. Only the tensors of LiPT's torch backend are used, not
// its networks.
#include <lipt/backends/torch/module.hpp>
#include <lipt/backends/torch/tensor.hpp>
#include <lipt/lipt.hpp>

#include <c10/core/GradMode.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace {

namespace nn = torch::nn;
constexpr std::int64_t samples = 600, classes = 3, side = 8;

/// The user's own network; its embedding is what its last layer takes.
struct tiny : nn::Module {
    tiny() { register_module("conv", conv), register_module("norm", norm), register_module("head", head); }
    at::Tensor embed(const at::Tensor &x) { return torch::relu(norm(conv(x))).mean({2, 3}); }
    at::Tensor forward(const at::Tensor &x) { return head(embed(x)); }

    nn::Conv2d conv{nn::Conv2dOptions(1, 8, 3).padding(1).bias(false)};
    nn::BatchNorm2d norm{8};
    nn::Linear head{8, classes};
};

/// Stripes that lie, stand or slant, under noise: the user's own data, in the user's own tensors.
struct data {
    data() {
        const auto i = at::arange(side * side), row = i.floor_divide(side), column = i.remainder(side);
        const auto lines = at::stack({row, column, row + column}).index_select(0, y).remainder(4).lt(2);
        x = (lines * 2.0 + at::rand({samples, side * side}) * 2 - 2)
                .view({samples, 1, side, side})
                .to(at::kFloat);
        labels.assign(y.data_ptr<std::int64_t>(), y.data_ptr<std::int64_t>() + samples);
    }
    at::Tensor x, y = at::arange(samples).remainder(classes);
    std::vector<std::int32_t> labels;
};

auto rows(std::span<const std::int64_t> of) { return at::tensor(std::vector(of.begin(), of.end())); }

/// The user's own loop.
void train(tiny &network, const data &on, std::span<const std::int64_t> chosen, int steps) {
    const auto inputs = on.x.index_select(0, rows(chosen)), targets = on.y.index_select(0, rows(chosen));
    torch::optim::SGD optimizer(network.parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
    network.train();
    for (int step = 0; step < steps; ++step) {
        optimizer.zero_grad();
        nn::functional::cross_entropy(network.forward(inputs), targets).backward();
        optimizer.step();
    }
}

/// The user's own score: the share of some samples that the network has right.
double evaluate(tiny &network, const data &of, std::span<const std::int64_t> among) {
    const c10::NoGradGuard no_graph;
    network.eval();
    const auto found = network.forward(of.x.index_select(0, rows(among))).argmax(1);
    return found.eq(of.y.index_select(0, rows(among))).to(at::kDouble).mean().item<double>();
}

} // namespace

int main() {
    at::manual_seed(1);
    const lipt::torch::tensor tensor(1);
    const data set, fresh;
    const auto split = lipt::split_stratified(set.labels, classes, 0.1, {.seed = 1});
    tiny network;
    const auto weights = lipt::torch::tensors_of(network);
    const auto layout = lipt::torch::layout_of(weights);
    train(network, set, split.rest, 2);
    const auto start = lipt::torch::flat_weights(weights);

    // Each worker alone, on a shard of its own, from the same start; its smallest weights go to zero.
    const auto plan = lipt::plan_shards(split.rest, set.labels, classes, {.workers = 4, .batch_size = 48}, 1);
    std::vector<lipt::torch::matrix> workers;
    for (std::uint32_t w = 0; w < plan.shards.size(); ++w) {
        lipt::torch::load_weights(weights, start);
        train(network, set, plan.shards[w], 20);
        const lipt::torch::matrix own(lipt::torch::flat_weights(weights));
        const auto host = tensor.to_host(own);
        const auto mask = lipt::make_prune_mask(tensor, layout, {host.data(), host.size()}, {}, {}, 1, w);
        workers.emplace_back(own.values() * at::tensor(mask.keep));
        std::printf("worker %u: %.2f of its weights kept\n", w, mask.density);
    }

    // One model of them all; the statistics of its batch-norm are found anew before each score.
    const auto score = [&](const lipt::torch::matrix &mixed) {
        lipt::torch::load_weights(weights, mixed.values());
        network.train();
        for (int pass = 0; pass < 30; ++pass) network.forward(set.x);
        return evaluate(network, set, split.part);
    };
    const auto soup = lipt::make_soup(tensor, std::span<const lipt::torch::matrix>(workers), score);
    lipt::torch::load_weights(weights, soup.weights.values());
    const bool better = soup.score >= soup.ingredients[0].score_alone;
    std::printf("soup no worse than the best worker: %s\n", better ? "yes" : "no");

    // Its gradients choose the samples that the main training goes through.
    network.eval();
    const auto embeddings = network.embed(set.x).detach(), logits = network.head(embeddings).detach();
    const auto gradients =
        lipt::make_gradients(tensor, tensor.from_tensor(logits), tensor.from_tensor(embeddings), set.labels);
    lipt::selection_problem<lipt::torch::tensor> problem{.labels = set.labels, .classes = classes};
    problem.fraction = 0.1, problem.gradients = lipt::from_memory(tensor, gradients);
    const auto subset = lipt::select(tensor, "facility-location", problem);
    train(network, set, subset.indices, 60);
    const bool learned = evaluate(network, fresh, split.rest) > 0.9;
    std::printf("%zu kept; above 90 %% of new ones right: %s\n", subset.indices.size(),
                learned ? "yes" : "no");
}
