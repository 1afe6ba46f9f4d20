// Half-precision numbers, widened exactly.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lipt::adapters {

/// The same value in single precision; infinity stays infinity, NaN stays NaN.
inline float to_float(std::uint16_t half) noexcept {
    const std::uint32_t magnitude = std::uint32_t{half} & 0x7FFFu, sign = (half & 0x8000u) << 16;
    if (magnitude >= 0x7C00u) return std::bit_cast<float>(sign | 0x7F800000u | magnitude << 13);
    // Read with the exponent of a float it is 2^112 too small; subnormal halves come out right as well.
    const float value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

namespace detail {

/// Widens whole groups of eight in hardware and returns how many values that were.
#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) inline std::size_t widen_eights(const std::byte *from, std::size_t count,
                                                                    float *to) noexcept {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + 2 * i));
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(halves));
    }
    return i;
}
// Every processor with AVX2 has F16C, which Clang 14 cannot ask for by name.
inline bool widens_eights() noexcept { return __builtin_cpu_supports("avx2"); }
#else
inline std::size_t widen_eights(const std::byte *, std::size_t, float *) noexcept { return 0; }
inline bool widens_eights() noexcept { return false; }
#endif

} // namespace detail

/// Widens `count` halves, which need not be aligned. cost: 8 values an instruction where the processor has
/// F16C
inline void widen(const std::byte *from, std::size_t count, float *to,
                  bool hardware = detail::widens_eights()) noexcept {
    std::size_t i = hardware ? detail::widen_eights(from, count, to) : 0;
    for (; i < count; ++i) {
        std::uint16_t half;
        std::memcpy(&half, from + 2 * i, 2);
        to[i] = to_float(half);
    }
}

} // namespace lipt::adapters
