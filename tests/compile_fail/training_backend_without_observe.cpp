// A backend that lacks a member is none.
#include "minimal_backend.hpp"

struct backend : backend_base {
    static backend make(const lipt::network_spec &, const lipt::backend_options &) { return {}; }
#if defined(LIPT_MENDED)
    void observe(std::span<const std::uint8_t>, std::size_t, float) {}
#endif
    std::vector<float> gradient(const lipt::batch_view &) { return {}; }
};
static_assert(lipt::training_backend<backend>);
