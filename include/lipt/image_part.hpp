// Some images of a set as a set of its own, and the images of any set block by block.
#pragma once

#include <lipt/data.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Decoded images that a stage holds at once, where they come from a reader. units: bytes
inline constexpr std::size_t block_bytes = std::size_t{256} << 20;

/// Calls `visit(pixels, first, count)` for the images of a set in their order: once where they are in memory,
/// in blocks of at most `bytes` (but one image at least) where they are read. shapes: pixels (count,ch,h,w)
template <class Visit>
void for_each_block(const image_set &set, Visit &&visit, std::size_t bytes = block_bytes) {
    if (set.reader == nullptr) {
        visit(set.pixels, std::size_t{0}, set.size());
        return;
    }
    const std::size_t most = std::max<std::size_t>(1, bytes / set.shape.size());
    std::vector<std::int64_t> indices;
    image_batch batch;
    for (std::size_t first = 0; first < set.size(); first += indices.size()) {
        indices.clear();
        for (std::size_t i = first; i < std::min(first + most, set.size()); ++i)
            indices.push_back(static_cast<std::int64_t>(i));
        gather(set, indices, batch);
        visit(std::span<const std::uint8_t>(batch.pixels), first, indices.size());
    }
}

/// The chosen images of a set. Out of memory they are copied. Out of a reader they are decoded once, in the
/// view for evaluation, if all of them fit into `keep` bytes; else, or with 0, they are read each time they
/// are asked for. cost: memory of the pixels it holds
class image_part {
  public:
    image_part() = default;
    image_part(const image_set &set, std::vector<std::int64_t> indices, std::size_t keep = block_bytes)
        : view_{.shape = set.shape, .classes = set.classes} {
        if (set.reader == nullptr || indices.size() * set.shape.size() <= keep) {
            gather(set, indices, batch_);
            view_.pixels = batch_.pixels;
        } else {
            for (const auto i : indices) batch_.labels.push_back(set.labels[static_cast<std::size_t>(i)]);
            reader_ = std::make_unique<image_reader>(chosen_of(*set.reader, std::move(indices)));
            view_.reader = reader_.get();
        }
        view_.labels = batch_.labels;
    }

    /// Valid as long as this object and, where it is read, the set it was taken from.
    image_set view() const noexcept { return view_; }

  private:
    static image_reader chosen_of(const image_reader &all, std::vector<std::int64_t> indices) {
        const auto chosen = std::make_shared<const std::vector<std::int64_t>>(std::move(indices));
        const auto in_set = [chosen](std::int64_t i) { return (*chosen)[static_cast<std::size_t>(i)]; };
        return {.extent = [&all, in_set](std::int64_t i) { return all.extent(in_set(i)); },
                .read =
                    [&all, in_set](const image_request &request, std::span<std::uint8_t> out) {
                        std::vector<std::int64_t> wanted;
                        for (const auto i : request.indices) wanted.push_back(in_set(i));
                        all.read({.indices = wanted, .boxes = request.boxes, .alone = request.alone}, out);
                    }};
    }

    image_batch batch_;
    std::unique_ptr<image_reader> reader_;
    image_set view_{};
};

} // namespace lipt
