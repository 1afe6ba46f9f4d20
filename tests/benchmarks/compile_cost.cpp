// What compile_cost.sh compiles: a program's file that includes all of the core and uses two of its pieces.
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/lipt.hpp>

#include <span>

lipt::host_matrix merge(std::span<const lipt::host_matrix> workers,
                        double (*score)(const lipt::host_matrix &)) {
    return lipt::make_soup(lipt::reference::tensor(), workers, score).weights;
}

lipt::selection choose(const lipt::selection_problem<lipt::reference::tensor> &problem) {
    return lipt::select_with<lipt::methods::gradmatch>(lipt::reference::tensor(), problem);
}
