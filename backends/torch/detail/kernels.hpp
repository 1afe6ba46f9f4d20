// Passes over memory on the processor. Over one part of a batch, channels last or first: what batch-norm
// computes, with the sum of a residual and the ReLU that follow it. Over all weights, on all threads: what is
// bound by memory and would be read several times as operators one after another.
#pragma once

#include "parts.hpp"

#include <lipt/training.hpp>

#include <ATen/ATen.h>

namespace lipt::torch::detail {

/// y = (x - mean)*factor + shift. shapes: (C)
struct affine {
    const float *mean, *factor, *shift;
};

/// Which gradients a ReLU lets through: all, those at positive outputs, or those where `affine` of the input
/// is positive.
enum class gate { open, output, input };

/// A gradient on its way back through batch-norm. shapes: (B,C,h,w); output only for gate::output
struct norm_gradient {
    const at::Tensor &from, &input, &output;
    affine norm;
    gate relu;
};

/// Mean and sum of squared distances from it. shapes: input (B,C,h,w), results (C)
void find_statistics(const at::Tensor &input, double *mean, double *squares);

/// output = affine(input) [+ residual] [then ReLU]; output may be input. shapes: (B,C,h,w), residual
/// undefined for none
void normalise(const at::Tensor &input, const affine &norm, const at::Tensor &residual, bool relu,
               at::Tensor &output);

/// Sums of g and of g*(x - mean), where g is the gradient behind the ReLU. shapes: results (C)
void sum_gradient(const norm_gradient &at, double *sums, double *products);

/// to = (g - constant - (x - mean)*slope)*factor, and g itself into `residual` where that is defined; `to`
/// may be the input. shapes: constant, slope (C), to and residual (B,C,h,w)
void differentiate_norm(const norm_gradient &at, const float *constant, const float *slope, at::Tensor &to,
                        at::Tensor &residual);

/// to = the sum of the parts in their order, each read once; nothing where a part is not float32 and
/// contiguous, and false. shapes: all alike
bool sum_parts(const parts &found, at::Tensor &to);

/// One step of lipt::sgd_step in one pass. shapes: all (S), float32 and contiguous; trained 1 or 0, keep_mask
/// undefined for none
void descend(const sgd_step &step, const at::Tensor &gradient, const at::Tensor &trained,
             const at::Tensor &keep_mask, at::Tensor &momentum, at::Tensor &weights);

} // namespace lipt::torch::detail
