// Several models of one architecture side by side: each tensor by its name, whatever the order.
#pragma once

#include <lipt/adapters/arrays/named_tensors.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lipt::adapters {
class safetensors_file;
}

namespace lipt::arrays {

/// A model that is ready to be read.
class opened_model {
  public:
    /// `name` is what errors call a model in memory; a file is called by its path.
    /// errors: F01, F03, F20, F21 of the file; S14 a name twice; S15 a type that cannot be merged, or strides
    /// of another number than dimensions
    opened_model(const named_tensors &model, std::string name);

    const std::string &name() const noexcept { return name_; }
    const std::vector<named_tensor> &tensors() const noexcept { return tensors_; }
    /// Gives back the memory of what was read of a file. errors: F04 the file changed since it was opened
    void release() const;

  private:
    std::string name_;
    std::vector<named_tensor> tensors_;
    std::shared_ptr<adapters::safetensors_file> file_;
};

/// One tensor through all models.
struct matched_tensor {
    std::string name{};
    scalar type = scalar::f32;
    bool boolean = false;
    std::vector<std::size_t> shape{};
    std::vector<const array_view *> values{}; ///< of each model, in their order
    /// The place of the first tensor with the same memory in every model; its own, where it shares none.
    std::size_t tied_to = 0;

    std::size_t count() const;
    /// True of a counter such as num_batches_tracked: a whole number of shape ().
    bool is_counter() const noexcept { return !is_real(type) && !boolean && shape.empty(); }
};

/// The tensors of the first model, each with its like in every other.
/// errors: S10 a name that a model does not have, or has alone; S11 another type or shape (there is no
/// broadcasting); S12 the same names with and without `module.` or `_orig_mod.` before them
std::vector<matched_tensor> match_tensors(std::span<const opened_model> models);

} // namespace lipt::arrays
