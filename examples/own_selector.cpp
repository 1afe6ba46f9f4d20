// A selector of one's own: a struct with `info` and `pick`. It runs beside a built-in method, by name, and
// the same check that every built-in method passes says whether its subsets are sound.
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/lipt.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

/// Samples of every difficulty: the lengths of the gradients in order, read at even steps.
struct every_difficulty {
    static constexpr lipt::method_info info{.name = "every-difficulty",
                                            .summary = "gradient lengths at even steps of their rank",
                                            .gradients = true};

    template <lipt::tensor_backend Tensor>
    static lipt::pool_picks pick(const Tensor &tensor, const lipt::selection_pool<Tensor> &pool,
                                 const lipt::select_options &) {
        lipt::pool_picks picks{.scores = lipt::norms(tensor, pool.gradients)};
        const auto ranked = lipt::highest(picks.scores, picks.scores.size());
        for (std::size_t i = 0; i < pool.quota; ++i)
            picks.order.push_back(ranked[(2 * i + 1) * ranked.size() / (2 * pool.quota)]);
        return picks;
    }
};

int main() {
    // What a network would say of 60 samples of three classes: here, whatever chance says.
    const std::size_t samples = 60, classes = 3, width = 4;
    lipt::rng draw({.seed = 3});
    auto logits = lipt::host_matrix::from_shape({samples, classes});
    auto embeddings = lipt::host_matrix::from_shape({samples, width});
    for (float &value : logits) value = draw.uniform(-2, 2);
    for (float &value : embeddings) value = draw.uniform();
    std::vector<std::int32_t> labels(samples);
    for (std::size_t i = 0; i < samples; ++i) labels[i] = static_cast<std::int32_t>(i % classes);

    const lipt::reference::tensor tensor;
    const auto gradients = lipt::make_gradients(tensor, logits, embeddings, labels);
    const lipt::selection_problem<lipt::reference::tensor> problem{.labels = labels,
                                                                   .classes = classes,
                                                                   .fraction = 0.2,
                                                                   .gradients =
                                                                       lipt::from_memory(tensor, gradients)};

    using methods = lipt::method_list<lipt::methods::grand, every_difficulty>;
    for (const auto &info : methods::infos) {
        const auto chosen = methods::select(tensor, info.name, problem, {});
        std::printf("%s:\n", std::string(info.name).c_str());
        for (const auto index : chosen.indices) {
            const auto i = static_cast<std::size_t>(index);
            std::printf("  sample %2zu of class %d, gradient %.2f\n", i, static_cast<int>(labels[i]),
                        static_cast<double>(chosen.scores[i]));
        }
        const auto broken =
            lipt::broken_invariant(chosen, labels, classes, problem.fraction, info, problem.balanced);
        std::printf("  invariants: %s\n", broken.empty() ? "all hold" : broken.c_str());
    }
}
