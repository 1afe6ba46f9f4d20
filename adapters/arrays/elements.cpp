#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/store/half.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace lipt::arrays {

std::size_t count_of(const std::vector<std::size_t> &shape) {
    std::size_t count = 1;
    for (const auto extent : shape)
        require(!__builtin_mul_overflow(count, extent, &count), "S15",
                "tensors: a shape of more elements than memory can have: give the shape that the data has");
    return count;
}

namespace {

/// Copies the elements from dimension `axis` on to `to`, row after row, and returns where the next ones go.
std::byte *copy_rows(const array_view &array, std::size_t axis, const std::byte *from, std::byte *to) {
    const std::size_t size = size_of(array.type);
    if (axis == array.shape.size()) {
        std::memcpy(to, from, size);
        return to + size;
    }
    for (std::size_t i = 0; i < array.shape[axis]; ++i) {
        to = copy_rows(array, axis + 1, from, to);
        from += array.strides[axis];
    }
    return to;
}

/// True where the strides are those of rows without gaps; what has one element has none to speak of.
bool lies_in_rows(const array_view &array) {
    auto expected = static_cast<std::ptrdiff_t>(size_of(array.type));
    for (std::size_t axis = array.strides.size(); axis-- > 0;) {
        if (array.shape[axis] != 1 && array.strides[axis] != expected) return false;
        expected *= static_cast<std::ptrdiff_t>(array.shape[axis]);
    }
    return true;
}

/// Rounds to a format of 16 bits: exponents of that bias, `mantissa` bits behind the point.
template <int Bias, int Mantissa>
std::uint16_t round_to_bits(double value) noexcept {
    constexpr std::uint64_t infinity = std::uint64_t{2 * Bias + 1} << Mantissa;
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto sign = static_cast<std::uint64_t>(bits >> 63) << 15;
    const std::uint64_t magnitude = bits & ~(std::uint64_t{1} << 63);
    if (std::isnan(value)) return static_cast<std::uint16_t>(sign | infinity | 1u << (Mantissa - 1));
    if (magnitude < std::uint64_t{1023 - Bias + 1} << 52) {
        // A subnormal number of the format is a multiple of its least, so that the multiple is its bits.
        const double least = std::ldexp(std::bit_cast<double>(magnitude), Bias - 1 + Mantissa);
        return static_cast<std::uint16_t>(sign | static_cast<std::uint64_t>(std::nearbyint(least)));
    }
    constexpr int dropped = 52 - Mantissa;
    const std::uint64_t tie = (std::uint64_t{1} << (dropped - 1)) - 1 + (magnitude >> dropped & 1);
    const std::uint64_t rounded = ((magnitude + tie) >> dropped) - (std::uint64_t{1023 - Bias} << Mantissa);
    return static_cast<std::uint16_t>(sign | std::min(rounded, infinity));
}

template <class Value, class Wide>
void widen_as(const std::byte *from, std::size_t count, Wide *to) {
    for (std::size_t i = 0; i < count; ++i) {
        Value value;
        std::memcpy(&value, from + i * sizeof value, sizeof value);
        to[i] = static_cast<Wide>(value);
    }
}

template <class Value, class Wide>
void narrow_as(const Wide *from, std::size_t count, std::byte *to) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<Value>(from[i]);
        std::memcpy(to + i * sizeof value, &value, sizeof value);
    }
}

} // namespace

std::span<const std::byte> in_rows(const array_view &array, std::vector<std::byte> &room) {
    const std::size_t bytes = count_of(array.shape) * size_of(array.type);
    if (bytes == 0 || lies_in_rows(array)) return {array.data, bytes};
    room.resize(bytes);
    copy_rows(array, 0, array.data, room.data());
    return room;
}

std::uint16_t half_of(double value) noexcept { return round_to_bits<15, 10>(value); }
std::uint16_t brain_half_of(double value) noexcept { return round_to_bits<127, 7>(value); }

template <class Wide>
void widen_elements(scalar type, const std::byte *from, std::size_t count, Wide *to) {
    if (type == scalar::f32) return widen_as<float>(from, count, to);
    if (type == scalar::f64) return widen_as<double>(from, count, to);
    require(is_real(type), "S15", "tensors: ", name_of(type), " is no floating-point type");
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t bits;
        std::memcpy(&bits, from + 2 * i, 2);
        to[i] = static_cast<Wide>(type == scalar::f16 ? adapters::to_float(bits)
                                                      : std::bit_cast<float>(std::uint32_t{bits} << 16));
    }
}

template <class Wide>
void narrow_elements(scalar type, const Wide *from, std::size_t count, std::byte *to) {
    if (type == scalar::f32) return narrow_as<float>(from, count, to);
    if (type == scalar::f64) return narrow_as<double>(from, count, to);
    require(is_real(type), "S15", "tensors: ", name_of(type), " is no floating-point type");
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<double>(from[i]);
        const std::uint16_t bits = type == scalar::f16 ? half_of(value) : brain_half_of(value);
        std::memcpy(to + 2 * i, &bits, 2);
    }
}

template void widen_elements(scalar, const std::byte *, std::size_t, double *);
template void widen_elements(scalar, const std::byte *, std::size_t, long double *);
template void narrow_elements(scalar, const double *, std::size_t, std::byte *);
template void narrow_elements(scalar, const long double *, std::size_t, std::byte *);

} // namespace lipt::arrays
