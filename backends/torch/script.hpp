// A model of one's own, as TorchScript: any module that takes (B,ch,h,w) float images and gives (B,C) logits
// with a linear layer at its end can be trained, merged and selected with, with no line of code.
#pragma once

#include <lipt/network/network.hpp>

#include <string>
#include <vector>

namespace lipt::torch {

/// Describes the module of a file: its trained tensors in order, under their own names, and its last linear
/// layer, whose input is the embedding: the last two-dimensional parameter called `<name>.weight`, or that of
/// the layer `options.last_layer`. Frozen parameters stay as the file has them. Pixels enter as
/// (pixel/255 - mean)/deviation. errors: L07 the file cannot be read as TorchScript, L08 no such linear
/// layer, or not one of that many classes, L09 a batch-norm without momentum, L11 it throws or gives no row
/// of logits an image, L12 it does more than its last layer, gives an image something else among others, or
/// moves its statistics not at all or by chance, L14 its weights are not float32. cost: some twenty passes
/// over four images
network_spec script_network(const std::string &file, const network_options &options);

/// The weights that the module of a file has, in the order of `spec`. shapes: result (S)
/// errors: L07, L13 a tensor of the spec is missing, has another shape, or is not finite
std::vector<float> script_weights(const std::string &file, const network_spec &spec);

} // namespace lipt::torch
