#include "buffer.hpp"

#include <algorithm>
#include <numeric>

namespace lipt::onednn::detail {

std::size_t assign_offsets(std::vector<lifetime> &values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return values[a].size > values[b].size; });
    constexpr std::size_t line = 16; // floats in a cache line
    std::size_t total = 0;
    std::vector<std::size_t> placed;
    for (const auto index : order) {
        auto &value = values[index];
        std::vector<std::pair<std::size_t, std::size_t>> taken;
        for (const auto other : placed) {
            const auto &neighbour = values[other];
            if (neighbour.first <= value.last && value.first <= neighbour.last) {
                taken.emplace_back(neighbour.offset, neighbour.offset + neighbour.size);
            }
        }
        std::sort(taken.begin(), taken.end());
        std::size_t offset = 0;
        for (const auto &[begin, end] : taken) {
            if (begin >= offset + value.size) break;
            offset = std::max(offset, (end + line - 1) / line * line);
        }
        value.offset = offset;
        total = std::max(total, offset + value.size);
        placed.push_back(index);
    }
    return total;
}

} // namespace lipt::onednn::detail
