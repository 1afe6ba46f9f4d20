// A user of the run-time facade: no template, no backend in sight.
#include <lipt/arrays.hpp>

#include <cstdio>
#include <vector>

int main() {
    std::vector<float> embeddings;
    for (int i = 0; i < 60; ++i) {
        embeddings.push_back(static_cast<float>(i * i % 17));
        embeddings.push_back(static_cast<float>(i % 5));
    }
    lipt::arrays::select_request asked{.method = "k-center", .fraction = 0.1};
    asked.embeddings = lipt::arrays::array_view::of(std::span<const float>(embeddings), {60, 2});
    const auto chosen = lipt::arrays::select(asked);
    std::printf("%zu of %zu\n", chosen.indices.size(), chosen.samples);
    return chosen.indices.size() == 6 ? 0 : 1;
}
