// Models as people keep them: tensors by name, in memory or in a safetensors file.
#pragma once

#include <lipt/adapters/arrays/array_view.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lipt::arrays {

/// A tensor that somebody else keeps, under its name.
struct named_tensor {
    std::string name{};
    array_view values{};
    bool boolean = false; ///< values are uint8, and mean false and true
};

/// A tensor of ours, row after row without gaps. Tied tensors share their bytes.
struct kept_tensor {
    std::string name{};
    scalar type = scalar::f32;
    bool boolean = false;
    std::vector<std::size_t> shape{};
    std::shared_ptr<std::vector<std::byte>> bytes{};

    array_view view() const { return {.data = bytes->data(), .type = type, .shape = shape}; }
};

/// One model: tensors in the order in which they were given, or the path of a safetensors file, which is
/// mapped and read tensor by tensor.
class named_tensors {
  public:
    named_tensors(std::vector<named_tensor> tensors) : given_(std::move(tensors)) {}
    named_tensors(std::filesystem::path file) : given_(std::move(file)) {}
    named_tensors(const char *file) : given_(std::filesystem::path(file)) {}

    /// The tensors, or null.
    const std::vector<named_tensor> *tensors() const noexcept {
        return std::get_if<std::vector<named_tensor>>(&given_);
    }
    /// The path, or null.
    const std::filesystem::path *path() const noexcept { return std::get_if<std::filesystem::path>(&given_); }

  private:
    std::variant<std::vector<named_tensor>, std::filesystem::path> given_;
};

/// The type as safetensors names it: F32, BOOL, ...
std::string_view stored_type_of(scalar type, bool boolean) noexcept;

/// Writes tensors as a safetensors file, as adapters::write_safetensors does. errors: F02, F03, F24
void write_tensors(const std::filesystem::path &path, const std::vector<kept_tensor> &tensors);

} // namespace lipt::arrays
