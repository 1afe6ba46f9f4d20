// A method of one's own that cannot pick is refused where it is used.
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/select/pools.hpp>

struct method {
    static constexpr lipt::method_info info{.name = "mine", .summary = "the first ones"};
#if defined(LIPT_MENDED)
    template <class Tensor>
    static lipt::pool_picks pick(const Tensor &, const lipt::selection_pool<Tensor> &,
                                 const lipt::select_options &) {
        return {};
    }
#endif
};

lipt::selection select(const lipt::selection_problem<lipt::reference::tensor> &problem) {
    return lipt::select_with<method>(lipt::reference::tensor(), problem);
}
