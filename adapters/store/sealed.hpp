// Safetensors files that travel between hosts: they carry the checksum of all that they hold.
#pragma once

#include <lipt/adapters/store/safetensors.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// XXH3 of bytes, 16 hexadecimal digits.
std::string checksum_of(std::span<const std::byte> bytes);

/// The file of tensors and metadata in memory; its metadata gains "checksum", the XXH3 of the whole file with
/// the checksum's own digits as zeros. Guards against accidents, not against malice. errors: F24
std::string pack_sealed(std::span<const named_tensor> tensors, tensor_metadata metadata,
                        std::string_view name);

/// A sealed file in memory, checked: a view, which the bytes must outlive.
class sealed_view {
  public:
    /// `name` is what errors call it. errors: F20, F21 as parse_safetensors; F27 no checksum, or another than
    /// that of what is there
    sealed_view(std::span<const std::byte> file, std::string_view name);

    const std::string &name() const noexcept { return name_; }
    const tensor_metadata &metadata() const noexcept { return header_.metadata; }
    /// A text of the metadata, empty where there is none of that key.
    std::string_view text_of(const std::string &key) const;
    /// Whether there is a tensor of that name.
    bool has(std::string_view tensor) const noexcept;
    /// The bytes of a tensor of this type. errors: F22 no such tensor, F23 another type
    std::span<const std::byte> bytes(std::string_view tensor, std::string_view type) const;
    /// The elements of a tensor, which must be that many: known before anything is allocated.
    /// errors: F22, F23 another type or number of elements
    template <tensor_value Value>
    std::vector<Value> values(std::string_view tensor, std::size_t count) const {
        const auto stored = bytes(tensor, tensor_type_of<Value>());
        if (stored.size() / sizeof(Value) != count)
            refuse_count(tensor, stored.size() / sizeof(Value), count);
        std::vector<Value> result(count);
        if (count > 0) std::memcpy(result.data(), stored.data(), stored.size());
        return result;
    }
    /// The number of elements of a tensor of this type. errors: F22, F23
    template <tensor_value Value>
    std::size_t count(std::string_view tensor) const {
        return bytes(tensor, tensor_type_of<Value>()).size() / sizeof(Value);
    }

  private:
    const tensor_entry *find(std::string_view tensor) const noexcept;
    [[noreturn]] void refuse_count(std::string_view tensor, std::size_t stored, std::size_t expected) const;

    std::span<const std::byte> file_;
    std::string name_;
    safetensors_header header_;
};

} // namespace lipt::adapters
