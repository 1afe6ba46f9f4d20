// A network as a program: phases of operations on pieces of the batch. Within a phase each piece goes through
// all operations on its own, in cache; between phases all pieces meet, to join batch-norm sums and weight
// gradients.
#pragma once

#include <lipt/network/network.hpp>

#include <cstddef>
#include <vector>

namespace lipt::onednn::detail {

inline constexpr std::size_t none = layer::none;

enum class operation_kind {
    load_images, ///< target = normalised pixels
    convolve,    ///< target = w * source [, added to target, bias, ReLU where folded]
    statistics,  ///< mean and squared deviations of source, a piece's part
    normalise, ///< target = batch-norm(source) [+ residual | + residual_layer's batch-norm(residual)] [ReLU]
    add,       ///< target = source + residual
    max_pool,  ///< target = largest of each window of source [or of source_layer's batch-norm(source)]
    head,      ///< pool and linear layer of source; in training loss and target = gradient of source
    reduce,    ///< gradient = (gradient [+ residual]) where ReLU passed; a piece's part of batch-norm's sums
    differentiate,    ///< target = gradient at batch-norm's input [+ residual]
    backward_pool,    ///< target = gradient at a max-pool's input, from its source and gradient
    backward_data,    ///< target = gradient at the convolution's input
    backward_weights, ///< weight gradient from source and gradient
};

/// One step on one piece; numbers are tensors of the program, or none.
struct operation {
    operation_kind kind{};
    std::size_t layer = none; ///< index into network_spec::layers
    std::size_t source = none, residual = none, gradient = none, mask = none, target = none;
    std::size_t source_layer = none;   ///< index of the batch-norm that is applied to the source on the fly
    std::size_t residual_layer = none; ///< index of the batch-norm that is applied to the residual on the fly
};

/// An activation or a gradient; lives in the batch's memory if more than one phase uses it, else in a
/// thread's.
struct tensor {
    std::size_t floats = 0; ///< of one image
    std::size_t first_phase = none, last_phase = none;
    bool in_batch_memory() const noexcept { return first_phase != last_phase; }
};

struct phase {
    std::vector<operation> operations;
    std::vector<std::size_t> normalised;     ///< batch-norm layers whose statistics are joined at the end
    std::vector<std::size_t> differentiated; ///< batch-norm layers whose gradient sums are joined at the end
    std::vector<std::size_t> convolutions;   ///< layers whose weight gradients are joined at the end
};

/// How evaluation runs a convolution: batch-norm and what follows it folded in.
struct folded_convolution {
    std::size_t batch_norm = none; ///< layer folded into weights and bias
    bool accumulate = false;       ///< adds to what is in the target
    bool relu = false;
};

struct program {
    std::vector<tensor> tensors;
    std::vector<phase> phases;
    std::vector<folded_convolution> folded; ///< a layer; used by evaluation only
};

/// Forward and backward pass with the batch's own statistics. errors: O02
program compile_training(const network_spec &spec);
/// The forward pass of training alone, up to the last statistics. errors: O02
program compile_statistics(const network_spec &spec);
/// One phase: the network with running statistics. errors: O02
program compile_evaluation(const network_spec &spec);

} // namespace lipt::onednn::detail
