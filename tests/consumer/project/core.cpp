// The core alone: a stratified split of labels, without any backend.
#include <lipt/lipt.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    const std::vector<std::int32_t> labels{0, 1, 0, 1, 0, 1, 0, 1};
    const auto split = lipt::split_stratified(labels, 2, 0.5, {.seed = 1});
    std::printf("%zu of %zu\n", split.part.size(), labels.size());
    return split.part.size() == 4 && split.rest.size() == 4 ? 0 : 1;
}
