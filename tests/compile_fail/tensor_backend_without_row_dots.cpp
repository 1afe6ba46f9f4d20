// No kernel is optional.
#include <lipt/backends/reference/tensor.hpp>

struct tensor : lipt::reference::tensor {
#if !defined(LIPT_MENDED)
    void row_dots() const; // hides the kernel of the base
#endif
};
static_assert(lipt::tensor_backend<tensor>);
