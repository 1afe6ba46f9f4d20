// A backend whose member returns another type is none: no conversion behind the caller's back.
#include "minimal_backend.hpp"

#if defined(LIPT_MENDED)
using element = float;
#else
using element = double;
#endif

struct backend : backend_base {
    static backend make(const lipt::network_spec &, const lipt::backend_options &) { return {}; }
    void observe(std::span<const std::uint8_t>, std::size_t, float) {}
    std::vector<element> gradient(const lipt::batch_view &) { return {}; }
};
static_assert(lipt::training_backend<backend>);
