// What embedded_size.sh measures: a mask, a soup of four models and a subset by facility location, on the
// reference backend. Prints the peak of the heap and the bytes of the input, which is kept outside of it.
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/pretrain/prune.hpp>
#include <lipt/pretrain/soup.hpp>
#include <lipt/select/facility_location.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>
#include <vector>

namespace {

std::size_t held = 0, peak = 0;

// Every block begins with its size, in a place as wide as the strictest alignment.
constexpr std::size_t head = alignof(std::max_align_t);

void *take(std::size_t size) {
    auto *block = static_cast<std::byte *>(std::malloc(size + head));
    if (block == nullptr) std::abort();
    ::new (block) std::size_t(size);
    held += size;
    if (held > peak) peak = held;
    return block + head;
}

void give(void *memory) {
    if (memory == nullptr) return;
    auto *block = static_cast<std::byte *>(memory) - head;
    held -= *reinterpret_cast<std::size_t *>(block);
    std::free(block);
}

constexpr std::size_t width = 64, classes = 10, workers = 4, samples = 200,
                      weights_of_model = width * classes;
std::array<std::array<float, weights_of_model>, workers> models;
std::array<float, samples * width> embeddings;
std::array<float, samples * classes> logits;
std::array<std::int32_t, samples> labels;

} // namespace

void *operator new(std::size_t size) { return take(size); }
void operator delete(void *memory) noexcept { give(memory); }
void operator delete(void *memory, std::size_t) noexcept { give(memory); }

int main() {
    lipt::rng draw({.seed = 1});
    for (auto &model : models) {
        for (auto &weight : model) weight = draw.uniform(-1, 1);
    }
    for (auto &value : embeddings) value = draw.uniform(-1, 1);
    for (auto &value : logits) value = draw.uniform(-1, 1);
    for (std::size_t n = 0; n < samples; ++n) labels[n] = static_cast<std::int32_t>(n % classes);

    const lipt::reference::tensor tensor;
    const std::array<lipt::weight_entry, 1> layout{
        {{"weight", {classes, width}, lipt::weight_kind::linear, 0, weights_of_model}}};
    std::vector<lipt::host_matrix> pruned;
    for (std::uint32_t w = 0; w < workers; ++w) {
        const auto mask = lipt::make_prune_mask(tensor, layout, models[w], {}, {}, 1, w);
        lipt::apply_mask(models[w], mask.keep);
        auto &matrix = pruned.emplace_back(lipt::host_matrix::from_shape({1, weights_of_model}));
        std::copy(models[w].begin(), models[w].end(), matrix.begin());
    }
    const auto score = [](const lipt::host_matrix &weights) { return -static_cast<double>(weights(0, 0)); };
    const auto soup = lipt::make_soup(tensor, std::span<const lipt::host_matrix>(pruned), score);

    auto logit_matrix = lipt::host_matrix::from_shape({samples, classes});
    std::copy(logits.begin(), logits.end(), logit_matrix.begin());
    auto embedding_matrix = lipt::host_matrix::from_shape({samples, width});
    std::copy(embeddings.begin(), embeddings.end(), embedding_matrix.begin());
    const auto gradients = lipt::make_gradients(tensor, logit_matrix, embedding_matrix, labels);
    lipt::selection_problem<lipt::reference::tensor> problem{.labels = labels, .classes = classes};
    problem.fraction = 0.1, problem.gradients = lipt::from_memory(tensor, gradients);
    const auto subset = lipt::select_with<lipt::methods::facility_location>(tensor, problem);

    std::printf("%zu %zu\n", peak, sizeof models + sizeof embeddings + sizeof logits + sizeof labels);
    return subset.indices.size() == samples / 10 && soup.weights.size() == weights_of_model ? 0 : 1;
}
