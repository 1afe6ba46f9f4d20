// What the ways to merge share: the merged tensors in the making, and the greedy soup.
#pragma once

#include <lipt/adapters/arrays/soup.hpp>
#include <lipt/adapters/arrays/tensor_merging.hpp>

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lipt::arrays {

/// A merged model whose tensors `fill(place, bytes)` fills; tied ones are filled once and share their bytes.
template <class Fill>
std::vector<kept_tensor> make_tensors(std::span<const matched_tensor> tensors, Fill &&fill) {
    std::vector<kept_tensor> made;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        const auto &tensor = tensors[t];
        made.push_back(
            {.name = tensor.name, .type = tensor.type, .boolean = tensor.boolean, .shape = tensor.shape});
        if (tensor.tied_to != t) {
            made.back().bytes = made[tensor.tied_to].bytes;
            continue;
        }
        made.back().bytes = std::make_shared<std::vector<std::byte>>(tensor.count() * size_of(tensor.type));
        fill(t, std::span<std::byte>(*made.back().bytes));
    }
    return made;
}

/// The greedy soup of the ingredients. errors: S03, S09, S13
soup_result greedy_soup_of(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                           const soup_options &options, const soup_score &score);

} // namespace lipt::arrays
