// Compiled for AVX-512, whatever the rest of the library is compiled for.
#include "winograd_kernels.hpp"

namespace lipt::onednn::detail {
namespace {

struct cpu {
    using lane __attribute__((vector_size(64))) = float;
    using unaligned __attribute__((vector_size(64), aligned(4))) = float;
    static constexpr const char *name = "lipt:winograd_avx512";
    static constexpr std::size_t lanes = 16;
    static constexpr std::size_t rows = 8; ///< of two vectors each; 12 were no faster, and leave a rest of 64
};

} // namespace

constinit const winograd_passes winograd_avx512 = winograd_table<cpu>();

} // namespace lipt::onednn::detail
