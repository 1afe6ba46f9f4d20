// Compiled for AVX2, whatever the rest of the library is compiled for.
#include "winograd_kernels.hpp"

namespace lipt::onednn::detail {
namespace {

struct cpu {
    using lane __attribute__((vector_size(32))) = float;
    using unaligned __attribute__((vector_size(32), aligned(4))) = float;
    static constexpr const char *name = "lipt:winograd_avx2";
    static constexpr std::size_t lanes = 8;
    static constexpr std::size_t rows = 6; ///< of two vectors: 12 sums in 16 registers
};

} // namespace

constinit const winograd_passes winograd_avx2 = winograd_table<cpu>();

} // namespace lipt::onednn::detail
