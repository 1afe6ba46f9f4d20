// A model of one's own, as TorchScript: any module that takes (B,ch,h,w) float images and gives (B,C) logits
// with a linear layer at its end can be trained, merged and selected with, with no line of code.
#pragma once

#include <lipt/network.hpp>

#include <string>

namespace lipt::torch {

/// Describes the module of a file: its floating-point tensors in order, under their own names, and its last
/// linear layer, whose input is the embedding: the last two-dimensional parameter called `<name>.weight`, or
/// that of the layer that is named. Pixels enter as (pixel/255 - mean)/deviation. errors: L07 the file cannot
/// be read as TorchScript, L08 no such linear layer, or not one of that many classes, L09 a batch-norm whose
/// momentum is not 0.1
network_spec script_network(const std::string &file, const network_options &options,
                            const std::string &last_layer = "");

} // namespace lipt::torch
