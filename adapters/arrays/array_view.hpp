// Arrays of somebody else's: in memory, of any number type and with any strides, or in a file. Nothing is
// copied until rows are read.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lipt::arrays {

/// Element types, in the byte order of this machine.
enum class scalar : std::uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 };

/// Bytes of one element.
std::size_t size_of(scalar type) noexcept;
/// "float32", "bfloat16", "int64", ...
std::string_view name_of(scalar type) noexcept;
/// True of the four floating-point types.
constexpr bool is_real(scalar type) noexcept { return type <= scalar::f64; }

namespace detail {

template <class Value>
consteval scalar scalar_of() {
    if constexpr (std::same_as<Value, float>) return scalar::f32;
    if constexpr (std::same_as<Value, double>) return scalar::f64;
    if constexpr (std::integral<Value> && std::is_signed_v<Value>)
        return sizeof(Value) == 1   ? scalar::i8
               : sizeof(Value) == 2 ? scalar::i16
               : sizeof(Value) == 4 ? scalar::i32
                                    : scalar::i64;
    if constexpr (std::integral<Value> && std::is_unsigned_v<Value>)
        return sizeof(Value) == 1   ? scalar::u8
               : sizeof(Value) == 2 ? scalar::u16
               : sizeof(Value) == 4 ? scalar::u32
                                    : scalar::u64;
}

} // namespace detail

/// An array in memory that somebody else keeps; not aligned to its elements where it happens to be so.
/// strides: bytes from one element to the next, of each dimension; empty: row after row, without gaps
struct array_view {
    const std::byte *data = nullptr;
    scalar type = scalar::f32;
    std::vector<std::size_t> shape{};
    std::vector<std::ptrdiff_t> strides{};

    /// Numbers that lie one after the other, as an array of that shape (of one dimension where none is
    /// given).
    template <class Value>
    requires(std::floating_point<Value> || std::integral<Value>) static array_view
        of(std::span<const Value> values, std::vector<std::size_t> shape = {}) {
        if (shape.empty()) shape.push_back(values.size());
        return {.data = reinterpret_cast<const std::byte *>(values.data()),
                .type = detail::scalar_of<Value>(),
                .shape = std::move(shape)};
    }
};

/// What a call may be given for an array: nothing, a view, or the path of a file.
class array_input {
  public:
    array_input() = default;
    array_input(array_view view) : given_(std::move(view)) {}
    array_input(std::filesystem::path path) {
        if (!path.empty()) given_ = std::move(path);
    }
    array_input(const char *path) : array_input(std::filesystem::path(path)) {}
    template <class Value>
    array_input(const std::vector<Value> &values)
        : array_input(array_view::of(std::span<const Value>(values))) {}

    bool given() const noexcept { return !std::holds_alternative<std::monostate>(given_); }
    /// The view, or null.
    const array_view *view() const noexcept { return std::get_if<array_view>(&given_); }
    /// The path, or null.
    const std::filesystem::path *path() const noexcept { return std::get_if<std::filesystem::path>(&given_); }

  private:
    std::variant<std::monostate, array_view, std::filesystem::path> given_{};
};

} // namespace lipt::arrays
