// A model of one's own, as TorchScript: any module that takes (B,ch,h,w) float images and gives (B,C) logits
// with a linear layer at its end can be trained, merged and selected with, with no line of code.
#pragma once

#include <lipt/network.hpp>

#include <string>
#include <vector>

namespace lipt::torch {

/// Describes the module of a file: its trained floating-point tensors in order, under their own names, and
/// its last linear layer, whose input is the embedding: the last two-dimensional parameter called
/// `<name>.weight`, or that of the layer `options.last_layer`. Frozen parameters stay as the file has them.
/// Pixels enter as (pixel/255 - mean)/deviation. errors: L07 the file cannot be read as TorchScript, L08 no
/// such linear layer, or not one of that many classes, L09 a batch-norm whose momentum is not 0.1, L11 it
/// throws or gives no row of logits an image, L12 it does more than its last layer, or its batch-norm does
/// not train
network_spec script_network(const std::string &file, const network_options &options);

/// The weights that the module of a file has, in the order of `spec`. shapes: result (S)
/// errors: L07, L13 other tensors than those of the spec, or values that are not finite
std::vector<float> script_weights(const std::string &file, const network_spec &spec);

} // namespace lipt::torch
