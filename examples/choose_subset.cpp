// One piece in one's own trainer: choose a tenth of the samples from any model's logits and embeddings.
#include <lipt/backends/reference/backend.hpp>
#include <lipt/lipt.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

/// shapes: logits (N,C), embeddings (N,E), labels (N)
lipt::selection choose(const lipt::host_matrix &logits, const lipt::host_matrix &embeddings,
                       const std::vector<std::int32_t> &labels, std::size_t classes) {
    const auto tensor = lipt::reference::make_tensor({});
    const auto gradients =
        lipt::make_gradients(tensor, tensor.from_host(logits), tensor.from_host(embeddings), labels);
    const lipt::selection_problem<lipt::reference::tensor> problem{.labels = labels,
                                                                   .classes = classes,
                                                                   .fraction = 0.1,
                                                                   .gradients =
                                                                       lipt::from_memory(tensor, gradients)};
    return lipt::select(tensor, "facility-location", problem);
}

int main() {
    // What your own network would say of 40 samples of two classes: here, whatever chance says.
    const std::size_t samples = 40, classes = 2, width = 4;
    lipt::rng draw({.seed = 7});
    auto logits = lipt::host_matrix::from_shape({samples, classes});
    auto embeddings = lipt::host_matrix::from_shape({samples, width});
    for (float &value : logits) value = draw.uniform(-1, 1);
    for (float &value : embeddings) value = draw.uniform();
    std::vector<std::int32_t> labels(samples);
    for (std::size_t i = 0; i < samples; ++i) labels[i] = static_cast<std::int32_t>(i % classes);

    for (const auto index : choose(logits, embeddings, labels, classes).indices) {
        std::printf("keep sample %d of class %d\n", static_cast<int>(index),
                    static_cast<int>(labels[static_cast<std::size_t>(index)]));
    }
}
