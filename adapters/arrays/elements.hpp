// Elements of any type as numbers to compute with, and back with one rounding.
#pragma once

#include <lipt/adapters/arrays/array_view.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::arrays {

/// Elements of a shape. errors: S15 more than memory can have
std::size_t count_of(const std::vector<std::size_t> &shape);

/// The elements row after row without gaps: where they lie if they lie so, else copied to `room`.
/// shapes: result count_of(shape) times size_of(type) bytes
std::span<const std::byte> in_rows(const array_view &array, std::vector<std::byte> &room);

/// Floating-point elements, widened exactly; they need not be aligned. Wide is double or long double.
template <class Wide>
void widen_elements(scalar type, const std::byte *from, std::size_t count, Wide *to);

/// The inverse, rounded once to the nearest, ties to even; beyond the largest value infinity.
template <class Wide>
void narrow_elements(scalar type, const Wide *from, std::size_t count, std::byte *to);

/// The float16 and the bfloat16 next to a number, as their bits.
std::uint16_t half_of(double value) noexcept;
std::uint16_t brain_half_of(double value) noexcept;

} // namespace lipt::arrays
