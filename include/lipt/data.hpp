// A set of labelled images as the core sees it: a view of uint8 pixels and labels that somebody else owns, or
// of labels and a reader that decodes pixels when they are asked for.
#pragma once

#include <lipt/error.hpp>
#include <lipt/quotas.hpp>
#include <lipt/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

namespace lipt {

/// Shape of one image, channel planes one after another (ch,h,w).
struct image_shape {
    std::size_t channels = 3;
    std::size_t height = 32;
    std::size_t width = 32;

    constexpr std::size_t size() const noexcept { return channels * height * width; }
    friend constexpr bool operator==(const image_shape &, const image_shape &) = default;
};

/// Height and width of an image as it is stored.
struct image_extent {
    std::size_t height = 0, width = 0;
    friend constexpr bool operator==(const image_extent &, const image_extent &) = default;
};

/// A part of an image as it is stored. units: its pixels
struct crop_box {
    std::size_t top = 0, left = 0, height = 0, width = 0;
    friend constexpr bool operator==(const crop_box &, const crop_box &) = default;
};

/// Which images are wanted, and how. shapes: indices (B), boxes (B) or empty
struct image_request {
    std::span<const std::int64_t> indices{};
    std::span<const crop_box> boxes{}; ///< the part of each image; empty: the view for evaluation
    bool alone = false;                ///< on the caller's thread only, where callers run side by side
};

/// Images that are decoded when they are read, since no memory holds them all; an adapter makes one. Both may
/// be called from several threads; an image depends on its index and its box alone, not on the others.
struct image_reader {
    /// The size of a stored image, known without decoding it.
    std::function<image_extent(std::int64_t index)> extent{};
    /// Fills `out`: each image's box brought to (h,w), or without boxes the view for evaluation, which is the
    /// middle of the image. shapes: out (B,ch,h,w). errors: the adapter's, for what cannot be decoded
    std::function<void(const image_request &request, std::span<std::uint8_t> out)> read{};
};

/// A view of N labelled images; owns nothing, cheap to copy. With a reader the pixels are not in memory: what
/// reads them goes through `gather`, some images at a time. shapes: pixels (N,ch,h,w) uint8, or empty with a
/// reader; labels (N) in 0..classes-1
struct image_set {
    std::span<const std::uint8_t> pixels{};
    std::span<const std::int32_t> labels{};
    image_shape shape{};
    std::size_t classes = 0;
    const image_reader *reader = nullptr;

    std::size_t size() const noexcept { return labels.size(); }
    /// One image of a set in memory.
    std::span<const std::uint8_t> image(std::size_t index) const noexcept {
        return pixels.subspan(index * shape.size(), shape.size());
    }
};

/// Checks a set once, where it enters: sizes agree, at least one class, every label in range.
/// errors: D01 pixel count, D02 no class, D03 label out of range (names the first such sample), D24 more
/// samples than 32 bits count
inline void check(const image_set &set) {
    require_countable(set.size(), "data");
    const std::size_t held = set.reader == nullptr ? set.size() * set.shape.size() : 0;
    require(set.pixels.size() == held, "D01", "data: ", set.pixels.size(), " pixel bytes for ", set.size(),
            " images of ", set.shape.size(), " bytes: pixels must be (N,ch,h,w) uint8 and labels (N)");
    require(set.classes > 0, "D02", "data: the number of classes is 0: set image_set.classes");
    for (std::size_t i = 0; i < set.size(); ++i) {
        require(set.labels[i] >= 0 && static_cast<std::size_t>(set.labels[i]) < set.classes, "D03",
                "data: label of sample ", i, " is ", set.labels[i], ", expected 0 to ", set.classes - 1,
                ": mend the labels or the number of classes");
    }
}

/// Sample indices of each class, ascending. shapes: result (C) lists. cost: O(N)
inline std::vector<std::vector<std::int64_t>> index_by_class(std::span<const std::int32_t> labels,
                                                             std::size_t classes) {
    std::vector<std::vector<std::int64_t>> members(classes);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        members[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int64_t>(i));
    }
    return members;
}

/// Positions of values from the largest to the smallest; of equal ones the lowest comes first, NaN counts as
/// the smallest. cost: O(n log n)
inline std::vector<std::size_t> descending_order(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        return values[a] > values[b] || (std::isnan(values[b]) && !std::isnan(values[a]));
    });
    return order;
}

/// A class-stratified random part of a set, and the rest; both ascending.
struct stratified_split {
    std::vector<std::int64_t> part{};
    std::vector<std::int64_t> rest{};
};

/// Draws `fraction` of every class (largest remainder) at random from one stream per class. A key that names
/// no stage draws from one of its own, which no user's generator of that seed shares.
/// errors: D04 fraction outside (0,1], D24 more samples than 32 bits count. cost: O(N)
inline stratified_split split_stratified(std::span<const std::int32_t> labels, std::size_t classes,
                                         double fraction, stream_key key) {
    require_countable(labels.size(), "split");
    if (key.stage == stream::user) key.stage = stream::split;
    auto members = index_by_class(labels, classes);
    std::vector<std::size_t> counts(classes);
    for (std::size_t c = 0; c < classes; ++c) counts[c] = members[c].size();
    const auto quotas = largest_remainder_quotas(counts, fraction);
    stratified_split split;
    for (std::size_t c = 0; c < classes; ++c) {
        key.sample = static_cast<std::uint32_t>(c);
        rng draw(key);
        draw.shuffle(std::span(members[c]));
        split.part.insert(split.part.end(), members[c].begin(),
                          members[c].begin() + static_cast<std::ptrdiff_t>(quotas[c]));
        split.rest.insert(split.rest.end(), members[c].begin() + static_cast<std::ptrdiff_t>(quotas[c]),
                          members[c].end());
    }
    std::sort(split.part.begin(), split.part.end());
    std::sort(split.rest.begin(), split.rest.end());
    return split;
}

/// How an image is to be moved, what comes in from outside being zero, and then mirrored left and right.
struct image_move {
    std::int32_t down = 0, right = 0; ///< pixels
    std::int32_t mirrored = 0;        ///< 0 or 1
};

/// Images and labels copied out of a set, contiguous. shapes: pixels (B,ch,h,w), labels (B), moves (B) that
/// are still to be made, or empty for none
struct image_batch {
    std::vector<std::uint8_t> pixels{};
    std::vector<std::int32_t> labels{};
    std::vector<image_move> moves{};

    std::size_t size() const noexcept { return labels.size(); }
};

/// Copies or reads the chosen images in the order given; `out` is resized, its memory reused. Boxes are for
/// sets with a reader; images in memory are copied whole. errors: the reader's. cost: O(B ch h w), and with a
/// reader the decoding of B images
inline void gather(const image_set &set, const image_request &request, image_batch &out) {
    const auto indices = request.indices;
    const std::size_t bytes = set.shape.size();
    out.pixels.resize(indices.size() * bytes);
    out.labels.resize(indices.size());
    for (std::size_t b = 0; b < indices.size(); ++b)
        out.labels[b] = set.labels[static_cast<std::size_t>(indices[b])];
    if (set.reader != nullptr) {
        set.reader->read(request, out.pixels);
        return;
    }
    for (std::size_t b = 0; b < indices.size(); ++b) {
        const auto i = static_cast<std::size_t>(indices[b]);
        std::memcpy(out.pixels.data() + b * bytes, set.pixels.data() + i * bytes, bytes);
    }
}

/// The chosen images as they are, or their view for evaluation.
inline void gather(const image_set &set, std::span<const std::int64_t> indices, image_batch &out) {
    gather(set, image_request{.indices = indices}, out);
}

/// A view of a gathered batch as a set of its own.
inline image_set as_set(const image_batch &batch, const image_set &of) {
    return {.pixels = batch.pixels, .labels = batch.labels, .shape = of.shape, .classes = of.classes};
}

} // namespace lipt
