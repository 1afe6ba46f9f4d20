#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/masks.hpp>
#include <lipt/adapters/arrays/matched_tensors.hpp>
#include <lipt/chosen.hpp>
#include <lipt/error.hpp>
#include <lipt/pretrain/prune.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>

namespace lipt::arrays {
namespace {

/// Places of the tensors to prune, tied ones once. errors: P08, P09
std::vector<std::size_t> prunable_places(const std::vector<matched_tensor> &tensors,
                                         const mask_options &options) {
    std::vector<std::size_t> places;
    const auto add = [&](std::size_t place) {
        const std::size_t first = tensors[place].tied_to;
        if (std::find(places.begin(), places.end(), first) == places.end()) places.push_back(first);
    };
    if (!options.prunable) {
        for (std::size_t t = 0; t < tensors.size(); ++t)
            if (is_real(tensors[t].type) && tensors[t].shape.size() >= 2) add(t);
        return places;
    }
    for (const auto &name : *options.prunable) {
        const auto found =
            std::find_if(tensors.begin(), tensors.end(), [&](const auto &one) { return one.name == name; });
        require(found != tensors.end(), "P08", "mask: the model has no tensor '", name,
                "', which is to be pruned: give the names that it has");
        require(is_real(found->type), "P09", "mask: '", name, "' is ",
                found->boolean ? std::string_view("bool") : name_of(found->type),
                ", and only floating-point tensors are pruned: leave it out of the list");
        add(static_cast<std::size_t>(found - tensors.begin()));
    }
    std::sort(places.begin(), places.end()); // the masks do not depend on the order of the list
    return places;
}

/// The prunable weights one after the other, as float32; what is beyond it counts as its largest.
/// shapes: result (S), layout over (S)
std::vector<float> flat_weights(const std::vector<matched_tensor> &tensors,
                                const std::vector<std::size_t> &places, std::vector<weight_entry> &layout) {
    constexpr double largest = std::numeric_limits<float>::max();
    std::vector<float> weights;
    std::vector<double> wide;
    std::vector<std::byte> room;
    for (const auto place : places) {
        const auto &tensor = tensors[place];
        layout.push_back({.name = tensor.name,
                          .shape = tensor.shape,
                          .kind = weight_kind::linear,
                          .offset = weights.size(),
                          .size = tensor.count()});
        const auto elements = in_rows(*tensor.values[0], room);
        constexpr std::size_t block = 8192;
        wide.resize(block);
        for (std::size_t begin = 0; begin < tensor.count(); begin += block) {
            const std::size_t count = std::min(block, tensor.count() - begin);
            widen_elements(tensor.type, elements.data() + begin * size_of(tensor.type), count, wide.data());
            for (std::size_t i = 0; i < count; ++i)
                weights.push_back(static_cast<float>(
                    std::isfinite(wide[i]) ? std::clamp(wide[i], -largest, largest) : wide[i]));
        }
    }
    return weights;
}

} // namespace

std::string_view name_of(mask_scope scope) noexcept {
    return scope == mask_scope::global ? "global" : "per-layer";
}

mask_scope mask_scope_of(std::string_view name) {
    for (const auto scope : {mask_scope::global, mask_scope::per_layer})
        if (name_of(scope) == name) return scope;
    fail("P11", "mask: there is no scope '", name, "', expected global or per-layer");
}

mask_result magnitude_mask(const named_tensors &model, const mask_options &options) {
    std::vector<opened_model> opened;
    opened.emplace_back(model, "the model");
    const auto tensors = match_tensors(opened);
    const auto places = prunable_places(tensors, options);
    std::vector<weight_entry> layout;
    const auto weights = flat_weights(tensors, places, layout);
    require(!weights.empty(), "P04",
            "mask: the model has no floating-point tensor of two dimensions or more: "
            "nothing can be pruned; name the tensors to prune");
    const auto made = make_prune_mask(
        chosen::tensor(), layout, weights, {},
        {.scope = options.scope == mask_scope::global ? prune_scope::global : prune_scope::per_layer,
         .density_min = options.density_min,
         .density_max = options.density_max},
        options.seed, options.worker);
    mask_result result{.density = made.density, .emptied = made.emptied};
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        const auto place = std::find(places.begin(), places.end(), tensors[t].tied_to);
        if (place == places.end()) continue;
        result.keep.push_back(
            {.name = tensors[t].name, .type = scalar::u8, .boolean = true, .shape = tensors[t].shape});
        if (tensors[t].tied_to != t) {
            const auto &first = tensors[tensors[t].tied_to].name;
            result.keep.back().bytes =
                std::find_if(result.keep.begin(), result.keep.end(), [&](const auto &one) {
                    return one.name == first;
                })->bytes;
            continue;
        }
        const auto &entry = layout[static_cast<std::size_t>(place - places.begin())];
        auto bytes = std::make_shared<std::vector<std::byte>>(entry.size);
        for (std::size_t i = 0; i < entry.size; ++i)
            (*bytes)[i] = std::byte{made.keep[entry.offset + i] != 0.0f};
        result.keep.back().bytes = std::move(bytes);
    }
    return result;
}

} // namespace lipt::arrays
