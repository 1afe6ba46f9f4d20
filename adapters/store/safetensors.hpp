// The safetensors format: named tensors and string metadata in one file, read by Python's `safetensors` as
// written.
// source: [Safetensors]
#pragma once

#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/mapped_file.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// String metadata of a file, its `__metadata__`.
using tensor_metadata = std::map<std::string, std::string>;

/// One tensor of a file.
struct tensor_entry {
    std::string name;
    std::string type; ///< as the format names it: F32, I64, U8, ...
    std::vector<std::size_t> shape;
    std::size_t begin = 0; ///< offset of its first byte from the start of the file
    std::size_t size = 0;  ///< bytes
};

/// What the header of a file says, checked against the file's length.
struct safetensors_header {
    std::vector<tensor_entry> tensors; ///< in order of their bytes
    tensor_metadata metadata;
};

/// Longest header that is read: room for some 50,000 tensors.
inline constexpr std::size_t safetensors_header_limit = std::size_t{8} << 20;

/// Reads the header of a whole file in memory; `name` is what errors call it.
/// errors: F20 not safetensors or a damaged header, F21 tensors that overlap, leave holes or leave the file
safetensors_header parse_safetensors(std::span<const std::byte> file, std::string_view name);

namespace detail {

/// The format's name of a C++ type; empty for one that it does not have.
template <class Value>
consteval std::string_view tensor_type_name() {
    if constexpr (std::same_as<Value, float>) return "F32";
    if constexpr (std::same_as<Value, double>) return "F64";
    if constexpr (std::same_as<Value, std::int8_t>) return "I8";
    if constexpr (std::same_as<Value, std::int16_t>) return "I16";
    if constexpr (std::same_as<Value, std::int32_t>) return "I32";
    if constexpr (std::same_as<Value, std::int64_t>) return "I64";
    if constexpr (std::same_as<Value, std::uint8_t>) return "U8";
    if constexpr (std::same_as<Value, std::uint16_t>) return "U16";
    if constexpr (std::same_as<Value, std::uint32_t>) return "U32";
    if constexpr (std::same_as<Value, std::uint64_t>) return "U64";
    return "";
}

} // namespace detail

/// The C++ types of elements that can be read and written: float (F32), double (F64) and the integers of
/// fixed width. Types that C++20 lacks (F16, BF16) are read and written as bytes.
template <class Value>
concept tensor_value = !detail::tensor_type_name<Value>().empty();

/// The format's name of a type.
template <tensor_value Value>
consteval std::string_view tensor_type_of() {
    return detail::tensor_type_name<Value>();
}

/// A safetensors file, mapped read-only. Tensors of any type of the format may be in it; those asked for are
/// copied out.
/// errors: F01, F03 as mapped_file; F20, F21 as parse_safetensors
class safetensors_file {
  public:
    explicit safetensors_file(const std::filesystem::path &path);

    const std::filesystem::path &path() const noexcept { return path_; }
    const tensor_metadata &metadata() const noexcept { return header_.metadata; }
    /// All tensors, in order of their bytes.
    std::span<const tensor_entry> tensors() const noexcept { return header_.tensors; }
    /// The tensor of that name, or null. cost: O(tensors)
    const tensor_entry *find(std::string_view name) const noexcept;
    /// The tensor of that name. errors: F22 none
    const tensor_entry &at(std::string_view name) const;

    /// The bytes of one of tensors(), where they lie: valid as long as this object. Call require_unchanged
    /// before touching those of a file that others may write to.
    std::span<const std::byte> bytes(const tensor_entry &entry) const noexcept {
        return file_.bytes().subspan(entry.begin, entry.size);
    }
    const mapped_file &file() const noexcept { return file_; }

    /// Copies a tensor's elements to `out`.
    /// errors: F22 no such tensor, F23 another type or number of elements
    template <tensor_value Value>
    void read(std::string_view name, std::span<Value> out) const {
        copy(at(name), tensor_type_of<Value>(), std::as_writable_bytes(out));
    }
    /// A tensor's elements. errors: as read
    template <tensor_value Value>
    std::vector<Value> values(std::string_view name) const {
        std::vector<Value> result(at(name).size / sizeof(Value));
        read(name, std::span<Value>(result));
        return result;
    }

  private:
    void copy(const tensor_entry &entry, std::string_view type, std::span<std::byte> out) const;

    std::filesystem::path path_;
    mapped_file file_;
    safetensors_header header_;
};

/// A tensor to be written; a view.
struct named_tensor {
    std::string name;
    std::string_view type; ///< as the format names it: F32, BF16, I64, BOOL, ...
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;

    template <tensor_value Value>
    static named_tensor of(std::string name, std::vector<std::size_t> shape, std::span<const Value> values) {
        return {std::move(name), tensor_type_of<Value>(), std::move(shape), std::as_bytes(values)};
    }
};

/// What the header of a file to be written says of one tensor.
struct tensor_plan {
    std::string name;
    std::string_view type; ///< as the format names it
    std::vector<std::size_t> shape;
};

/// Writes a file atomically, one tensor after the other, so that only one need be in memory.
/// errors: F02, F03 as atomic_file; F24 a name given twice or not UTF-8, or bytes that do not fit the plan
class safetensors_writer {
  public:
    safetensors_writer(const std::filesystem::path &path, std::span<const tensor_plan> tensors,
                       const tensor_metadata &metadata = {});

    /// The order in which tensors are to be written, as places in the plan: the widest elements come first,
    /// so that all are aligned; of one width in the order given.
    std::span<const std::size_t> order() const noexcept { return order_; }
    /// All bytes of the next tensor in that order.
    void write(std::span<const std::byte> bytes);
    /// Makes the file visible; call once, when all are written.
    void commit();

  private:
    std::string name_;
    std::vector<std::size_t> order_, sizes_; ///< sizes: bytes of each, in that order
    std::size_t written_ = 0;                ///< tensors
    atomic_file file_;
};

/// The file of tensors and metadata in memory, as write_safetensors writes it; `name` is what errors call it.
/// errors: F24
std::string pack_safetensors(std::span<const named_tensor> tensors, const tensor_metadata &metadata,
                             std::string_view name);

/// Writes tensors and metadata atomically; the widest elements come first, so that all are aligned.
/// errors: F02, F03 as atomic_file; F24 a name given twice or not UTF-8, a shape that does not fit its values
void write_safetensors(const std::filesystem::path &path, std::span<const named_tensor> tensors,
                       const tensor_metadata &metadata = {});

} // namespace lipt::adapters
