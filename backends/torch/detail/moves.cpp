#include "moves.hpp"

namespace lipt::torch::detail {

std::vector<std::int32_t> rows_of(std::span<const image_move> moves) {
    std::vector<std::int32_t> rows;
    rows.reserve(3 * moves.size());
    for (const auto &each : moves) rows.insert(rows.end(), {each.down, each.right, each.mirrored});
    return rows;
}

at::Tensor move_images(const at::Tensor &images, const at::Tensor &moves) {
    const auto count = images.size(0), channels = images.size(1), height = images.size(2),
               width = images.size(3);
    const auto column = [&](std::int64_t which) { return moves.select(1, which).to(at::kLong).unsqueeze(1); };
    const auto line = [&](std::int64_t size) {
        return at::arange(size, moves.options().dtype(at::kLong)).unsqueeze(0);
    };
    // Where each row and column of the result comes from. shapes: (B,h), (B,w)
    const auto rows = line(height) - column(0);
    const auto columns = at::where(column(2) != 0, width - 1 - line(width), line(width)) - column(1);
    const auto inside = (rows >= 0)
                            .logical_and(rows < height)
                            .unsqueeze(2)
                            .logical_and((columns >= 0).logical_and(columns < width).unsqueeze(1));
    const auto from =
        rows.clamp(0, height - 1).unsqueeze(2) * width + columns.clamp(0, width - 1).unsqueeze(1);
    const auto pixels = height * width;
    const auto moved = images.reshape({count, channels, pixels})
                           .gather(2, from.reshape({count, 1, pixels}).expand({count, channels, pixels}));
    return moved.reshape(images.sizes()) * inside.unsqueeze(1);
}

} // namespace lipt::torch::detail
