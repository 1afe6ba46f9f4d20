// Crop and flip on the device.
#pragma once

#include <lipt/data.hpp>

#include <ATen/ATen.h>

#include <span>
#include <vector>

namespace lipt::torch::detail {

/// Moves in a row, as they are uploaded. shapes: result (B,3): down, right, mirrored
std::vector<std::int32_t> rows_of(std::span<const image_move> moves);

/// The images as lipt::move_image leaves them. shapes: images (B,ch,h,w) uint8, moves (B,3) int32 on the same
/// device
at::Tensor move_images(const at::Tensor &images, const at::Tensor &moves);

} // namespace lipt::torch::detail
