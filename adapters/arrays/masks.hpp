// Which weights of a model one-shot pruning keeps: the largest, of all tensors together or of each.
#pragma once

#include <lipt/adapters/arrays/named_tensors.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lipt::arrays {

/// Whether all prunable weights compete with each other, or each tensor keeps its own share.
enum class mask_scope : std::uint8_t { global, per_layer };

/// "global", "per-layer"
std::string_view name_of(mask_scope scope) noexcept;
/// The value of that name. errors: P11 none
mask_scope mask_scope_of(std::string_view name);

/// Settings of a magnitude mask. The density is drawn from [density_min, density_max], as each worker of LiPT
/// draws its own from the seed and its number; of two equal ones nothing is drawn.
struct mask_options {
    double density_min = 0.85; ///< share of the prunable weights that is kept
    double density_max = 0.95;
    mask_scope scope = mask_scope::global;
    std::uint64_t seed = 0;
    std::uint32_t worker = 0;
    /// Names of the tensors to prune; nothing: all floating-point tensors of two dimensions or more.
    std::optional<std::vector<std::string>> prunable{};
};

/// Which weights stay.
struct mask_result {
    std::vector<kept_tensor> keep{};    ///< booleans of the prunable tensors' names and shapes
    double density = 1;                 ///< share of the prunable weights that is kept, as realised
    std::vector<std::string> emptied{}; ///< tensors of which nothing is kept: nothing passes through them
};

/// Keeps exactly round(density * count) of the prunable weights, those of largest magnitude, which are ranked
/// as float32; of equal ones the lowest index goes first. Tied tensors count once and share their mask.
/// errors: P01 densities, P04 nothing to prune, P07 a weight that is not finite, P08 a name that the model
/// does not have, P09 a tensor to prune that is not floating-point, S14, S15 and F-ids as soup
/// cost: O(weights); memory 4 times the prunable weights in float32. source: [Ro2023] Section 3.3
mask_result magnitude_mask(const named_tensors &model, const mask_options &options = {});

} // namespace lipt::arrays
