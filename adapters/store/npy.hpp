// NumPy's .npy arrays: read as mapped views or as vectors, written atomically.
// source: [NumpyFormat] versions 1.0, 2.0 and 3.0
#pragma once

#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/error.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// Element types that are read, named as NumPy names them; all little-endian.
enum class npy_type : std::uint8_t { f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 };

/// Bytes of one element.
std::size_t size_of(npy_type type) noexcept;
/// NumPy's name of a type, such as "<f4".
std::string_view name_of(npy_type type) noexcept;

/// What the header of an array says, checked against the length of the file.
struct npy_header {
    npy_type type{};
    bool fortran_order = false;
    std::vector<std::size_t> shape;
    std::size_t count = 0;       ///< elements: the product of the shape
    std::size_t data_offset = 0; ///< of the first element in the file
};

/// Reads the header of a whole file in memory; `name` is what errors call it.
/// errors: F10 not .npy or a damaged header, F11 type or byte order not read, F12 length does not fit the
/// shape
npy_header parse_npy(std::span<const std::byte> file, std::string_view name);

namespace detail {
template <class Value>
consteval npy_type npy_type_of() {
    if constexpr (std::same_as<Value, float>) return npy_type::f4;
    if constexpr (std::same_as<Value, double>) return npy_type::f8;
    if constexpr (std::same_as<Value, std::int32_t>) return npy_type::i4;
    if constexpr (std::same_as<Value, std::int64_t>) return npy_type::i8;
    if constexpr (std::same_as<Value, std::uint8_t>) return npy_type::u1;
}
} // namespace detail

/// The C++ types that correspond to a type of .npy: float, double, int32, int64, uint8.
template <class Value>
concept npy_value =
    std::same_as<Value, float> || std::same_as<Value, double> || std::same_as<Value, std::int32_t> ||
    std::same_as<Value, std::int64_t> || std::same_as<Value, std::uint8_t>;

/// An array on disk, mapped read-only. Elements are in C order: an array stored in Fortran order, or not
/// aligned to its elements, is copied once on opening.
/// errors: F01, F03 as mapped_file; F10, F11, F12 as parse_npy
class npy_file {
  public:
    explicit npy_file(const std::filesystem::path &path);

    npy_type type() const noexcept { return header_.type; }
    const std::vector<std::size_t> &shape() const noexcept { return header_.shape; }
    /// Number of elements.
    std::size_t size() const noexcept { return header_.count; }
    const std::filesystem::path &path() const noexcept { return path_; }
    const npy_header &header() const noexcept { return header_; }
    /// The whole file, as it is on disk.
    const mapped_file &file() const noexcept { return file_; }
    /// The elements as they are stored.
    std::span<const std::byte> bytes() const noexcept { return elements_; }

    /// The elements without a copy. errors: F13 the file holds another type
    template <npy_value Value>
    std::span<const Value> values() const {
        if (type() != detail::npy_type_of<Value>()) refuse_type(name_of(detail::npy_type_of<Value>()));
        return {reinterpret_cast<const Value *>(elements_.data()), size()};
    }

    /// The elements as a vector of a type of the same kind: reals from f2, f4, f8; integers from i1 to u8.
    /// errors: F13 the other kind, or an integer that does not fit (says which)
    template <npy_value Value>
    std::vector<Value> converted() const;

  private:
    [[noreturn]] void refuse_type(std::string_view expected) const;
    [[noreturn]] void refuse_value(std::size_t index, std::string_view value) const;

    std::filesystem::path path_;
    mapped_file file_;
    npy_header header_;
    std::vector<std::byte> rearranged_;
    std::span<const std::byte> elements_;
};

/// An array in memory, C order.
template <npy_value Value>
struct npy_array {
    std::vector<std::size_t> shape;
    std::vector<Value> values;
};

/// Reads a whole array. errors: as npy_file and npy_file::converted
template <npy_value Value>
npy_array<Value> read_npy(const std::filesystem::path &path) {
    const npy_file file(path);
    return {.shape = file.shape(), .values = file.converted<Value>()};
}

/// Writes an array atomically, as version 1.0 in C order.
/// errors: F02, F03 as atomic_file; F14 the shape's product is not the number of values
template <npy_value Value>
void write_npy(const std::filesystem::path &path, std::span<const Value> values,
               std::span<const std::size_t> shape);

/// The same for a vector of values, shape (size).
template <npy_value Value>
void write_npy(const std::filesystem::path &path, std::span<const Value> values) {
    const std::size_t shape[] = {values.size()};
    write_npy<Value>(path, values, shape);
}

} // namespace lipt::adapters
