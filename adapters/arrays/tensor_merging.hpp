// The rules by which one tensor of several models becomes one, a block of elements at a time.
#pragma once

#include <lipt/adapters/arrays/matched_tensors.hpp>
#include <lipt/adapters/arrays/soup.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace lipt::arrays {

/// Ingredients, and behind them the base where the method has one, with what is merged of them.
class merge_inputs {
  public:
    merge_inputs(std::span<const opened_model> models, std::size_t ingredients, std::function<void()> watch)
        : models_(models), ingredients_(ingredients), watch_(std::move(watch)) {}

    std::span<const opened_model> models() const noexcept { return models_; }
    std::size_t ingredients() const noexcept { return ingredients_; }
    std::size_t base() const noexcept { return ingredients_; } ///< place of the base
    /// Called before that many elements are read of each model: now and then the caller is heard, and the
    /// files' memory given back. errors: F04 a file changed, and what the caller's `watch` throws
    void expect(std::size_t elements) const;

  private:
    std::span<const opened_model> models_;
    std::size_t ingredients_;
    std::function<void()> watch_;
    mutable std::size_t expected_ = 0;
};

/// The elements of one tensor of all models, widened to double, a block at a time.
class block_reader {
  public:
    static constexpr std::size_t block = 8192;

    block_reader(const merge_inputs &inputs, const matched_tensor &tensor);

    /// Calls `work(begin, count)` for every block.
    template <class Work>
    void for_blocks(Work &&work) const {
        for (std::size_t begin = 0; begin < count_; begin += block) {
            const std::size_t count = std::min(block, count_ - begin);
            inputs_.expect(count);
            work(begin, count);
        }
    }
    /// The elements of one model. errors: S19 NaN
    void read(std::size_t model, std::size_t begin, std::span<double> to) const;
    /// The elements less those of `from`, which are of model `origin`; 0 where they are equal, also where
    /// both are infinite. errors: S19 NaN, or an infinity that the two do not share
    void read_changes(std::size_t model, std::size_t origin, std::size_t begin, std::span<const double> from,
                      std::span<double> to) const;

  private:
    [[noreturn]] void refuse(std::size_t model, std::size_t element, double value) const;

    const merge_inputs &inputs_;
    const matched_tensor &tensor_;
    std::size_t count_ = 0;
    std::vector<std::vector<std::byte>> rooms_; ///< of models whose elements do not lie row after row
    std::vector<std::span<const std::byte>> elements_;
};

/// The mean of the ingredients. shapes: out the tensor's bytes
void merge_uniform(const merge_inputs &inputs, const matched_tensor &tensor, std::span<std::byte> out);

/// base + t*(mean - base), t = n c / (1 + (n-1) c) of the mean cosine c between two ingredients' changes of
/// this tensor: the point nearest to the centre of models like these, were there many. A cosine below 0,
/// which the geometry does not have, counts as 0: the base stays. source: [Jang2024], the ratio for N models,
/// a layer at a time
void merge_stock(const merge_inputs &inputs, const matched_tensor &tensor, std::span<std::byte> out);

/// The magnitude from which on a change counts, for each ingredient: the density's share of all its changes
/// in floating-point tensors, tied ones once, lies at or above. The changes are ranked as float32.
/// cost: reads each ingredient, and the base each time, twice. source: [Yadav2023] Algorithm 1, Step 1
std::vector<float> trim_magnitudes(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                                   double density);

/// base + scale * (mean of the changes that count and have the sign of the sum of all that count); where that
/// sum is 0 the base stays. source: [Yadav2023] Algorithm 1, Steps 2 and 3
void merge_ties(const merge_inputs &inputs, const matched_tensor &tensor, std::span<const float> magnitudes,
                double scale, std::span<std::byte> out);

/// Whole numbers and booleans. members: of the ingredients, whose counters count. errors: S13
void merge_whole(const merge_inputs &inputs, const matched_tensor &tensor,
                 std::span<const std::size_t> members, std::span<std::byte> out);

} // namespace lipt::arrays
