// A trainer with no framework: softmax regression in plain loops over xtensor arrays, its own data, its own
// score. LiPT gives the pieces around it: shards, masks, one model of many, the samples to keep.
#include <lipt/backends/reference/tensor.hpp> // what the pieces compute with: a header, nothing to link
#include <lipt/lipt.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

namespace {

constexpr std::size_t samples = 600, width = 20, classes = 3, bias = classes * width;

/// What LiPT must know of a network of one's own: name, shape, kind and place of its weights in one vector.
const std::vector<lipt::weight_entry> layout{{"weight", {classes, width}, lipt::weight_kind::linear, 0, bias},
                                             {"bias", {classes}, lipt::weight_kind::bias, bias, classes}};

/// Noise around three places, one a class.
struct data {
    explicit data(std::uint64_t seed) {
        lipt::rng draw({.seed = seed});
        for (std::size_t n = 0; n < samples; ++n) {
            labels.push_back(static_cast<std::int32_t>(n % classes));
            for (std::size_t i = 0; i < width; ++i)
                points(n, i) = draw.uniform(-1, 1) + (i % classes == n % classes ? 0.8f : 0.0f);
        }
    }
    xt::xtensor<float, 2> points = xt::xtensor<float, 2>::from_shape({samples, width});
    std::vector<std::int32_t> labels;
};

/// The network: logits from points. shapes: (N,C)
xt::xtensor<float, 2> forward(std::span<const float> weights, const data &of) {
    auto logits = xt::xtensor<float, 2>::from_shape({samples, classes});
    for (std::size_t n = 0; n < samples; ++n) {
        for (std::size_t c = 0; c < classes; ++c) {
            logits(n, c) = weights[bias + c];
            for (std::size_t i = 0; i < width; ++i) logits(n, c) += weights[c * width + i] * of.points(n, i);
        }
    }
    return logits;
}

/// Plain gradient descent on all of the chosen samples at once; in_loss: what each counts, or all 1.
void train(std::vector<float> &weights, const data &on, std::span<const std::int64_t> chosen, int steps,
           std::span<const float> in_loss = {}) {
    const float rate = 0.5f / static_cast<float>(chosen.size());
    for (int step = 0; step < steps; ++step) {
        const auto logits = forward(weights, on);
        for (std::size_t k = 0; k < chosen.size(); ++k) {
            const auto n = chosen[k];
            const float weight = in_loss.empty() ? 1.0f : in_loss[k];
            float sum = 0;
            for (std::size_t c = 0; c < classes; ++c) sum += std::exp(logits(n, c));
            for (std::size_t c = 0; c < classes; ++c) {
                const float residual =
                    std::exp(logits(n, c)) / sum - (on.labels[n] == static_cast<int>(c) ? 1.0f : 0.0f);
                for (std::size_t i = 0; i < width; ++i)
                    weights[c * width + i] -= rate * weight * residual * on.points(n, i);
                weights[bias + c] -= rate * weight * residual;
            }
        }
    }
}

/// One's own evaluate function: the share of some samples that the network has right.
double share_right(std::span<const float> weights, const data &of, std::span<const std::int64_t> among) {
    const auto logits = forward(weights, of);
    double right = 0;
    for (const auto n : among) {
        const float *row = &logits(n, 0);
        right += std::max_element(row, row + classes) - row == of.labels[n];
    }
    return right / static_cast<double>(among.size());
}

} // namespace

int main() {
    const lipt::reference::tensor tensor;
    const data set(1), fresh(2);
    const auto split = lipt::split_stratified(set.labels, classes, 0.1, {.seed = 1});
    std::vector<float> start(bias + classes, 0.0f);
    train(start, set, split.rest, 1);

    // Each worker alone, on a shard of its own, from the same start; its smallest weights go to zero.
    const auto plan = lipt::plan_shards(split.rest, set.labels, classes, {.workers = 4, .batch_size = 48}, 1);
    std::vector<lipt::host_matrix> workers;
    for (std::uint32_t w = 0; w < plan.shards.size(); ++w) {
        auto weights = start;
        train(weights, set, plan.shards[w], 20);
        const auto mask = lipt::make_prune_mask(tensor, layout, weights, {}, {}, 1, w);
        lipt::apply_mask(weights, mask.keep);
        std::printf("worker %u: %zu samples, %.2f of its weights kept\n", w, plan.shards[w].size(),
                    mask.density);
        auto &matrix = workers.emplace_back(lipt::host_matrix::from_shape({1, weights.size()}));
        std::copy(weights.begin(), weights.end(), matrix.begin());
    }

    // One model of them all, as good on the held-out samples as can be.
    const auto score = [&](const lipt::host_matrix &weights) {
        return share_right({weights.data(), weights.size()}, set, split.part);
    };
    const auto soup = lipt::make_soup(tensor, std::span<const lipt::host_matrix>(workers), score);
    std::printf("soup of %zu workers, no worse than the best of them: %s\n", workers.size(),
                soup.score >= soup.ingredients[0].score_alone ? "yes" : "no");

    // Its gradients choose the samples that the main training, from the soup on, goes through, each with a
    // weight for those that it stands for: of mean 1, so that the rate stays.
    std::vector<float> weights(soup.weights.begin(), soup.weights.end());
    const auto gradients = lipt::make_gradients(tensor, forward(weights, set), set.points, set.labels);
    lipt::selection_problem<lipt::reference::tensor> problem{.labels = set.labels, .classes = classes};
    problem.fraction = 0.1, problem.gradients = lipt::from_memory(tensor, gradients);
    const auto subset = lipt::select(tensor, "craig", problem);
    train(weights, set, subset.indices, 50, subset.weights);
    std::printf("%zu of %zu samples kept; above 90 %% of new ones right: %s\n", subset.indices.size(),
                samples, share_right(weights, fresh, split.rest) > 0.9 ? "yes" : "no");
}
