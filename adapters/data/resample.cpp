#include <lipt/adapters/data/resample.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lipt::adapters {
namespace {

constexpr int weight_bits = 22;
constexpr std::int32_t half = 1 << (weight_bits - 1);
constexpr std::size_t pixel_bytes = 4;

// Two pixels side by side in one register, and their weights; a loop over single pixels took three times as
// many instructions. By way of 16 bits: GCC widens bytes to 32 bits at once one by one.
constexpr std::size_t lane_pixels = 2, lanes = lane_pixels * pixel_bytes;
using lane_bytes = std::uint8_t __attribute__((vector_size(lanes)));
using lane_words = std::uint16_t __attribute__((vector_size(lanes * sizeof(std::uint16_t))));
using lane_sums = std::int32_t __attribute__((vector_size(lanes * sizeof(std::int32_t))));

/// No weight is negative and their sum is 1 but for roundings: nothing leaves 0 to 255.
void to_bytes(std::span<const std::int32_t> sums, std::uint8_t *out) {
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<std::uint8_t>(sums[i] >> weight_bits);
}

/// The weights of the stored pixels from `first` on for one centre; past `last` they are zero.
void weigh(double centre, double scale, std::size_t first, std::size_t last,
           std::span<std::int32_t> weights) {
    std::vector<double> exact(weights.size());
    double sum = 0;
    for (std::size_t i = 0; i < exact.size() && first + i < last; ++i) {
        const double distance = std::abs((static_cast<double>(first + i) - centre + 0.5) * (1 / scale));
        exact[i] = std::max(0.0, 1 - distance);
        sum += exact[i];
    }
    for (std::size_t i = 0; i < exact.size(); ++i)
        weights[i] = static_cast<std::int32_t>(exact[i] / sum * (1 << weight_bits) + 0.5);
}

} // namespace

image_view evaluation_view(const image_extent &stored, std::size_t size) {
    const auto shorter = static_cast<std::size_t>(std::nearbyint(static_cast<double>(size) * 256.0 / 224.0));
    // The longer side is cut to a whole number, the middle rounded to even, as torchvision has both.
    const auto longer_of = [&](std::size_t longer, std::size_t other) { return shorter * longer / other; };
    const image_extent resized = stored.width <= stored.height
                                     ? image_extent{longer_of(stored.height, stored.width), shorter}
                                     : image_extent{shorter, longer_of(stored.width, stored.height)};
    const auto middle = [&](std::size_t length) {
        return static_cast<std::size_t>(std::nearbyint(static_cast<double>(length - size) / 2));
    };
    return {.box = {.height = stored.height, .width = stored.width},
            .resized = resized,
            .window = {middle(resized.height), middle(resized.width), size, size}};
}

image_view training_view(const crop_box &box, std::size_t size) {
    return {.box = box, .resized = {size, size}, .window = {0, 0, size, size}};
}

resample_axis make_axis(double from, double length, std::size_t limit, std::size_t resized, std::size_t begin,
                        std::size_t count) {
    // From the first pixel on, so that a box gives what its copy would give, to the last bit.
    const auto origin = static_cast<std::size_t>(from);
    from -= static_cast<double>(origin);
    const auto highest = std::min(limit - origin, static_cast<std::size_t>(std::ceil(from + length)));
    const double step = length / static_cast<double>(resized), scale = std::max(1.0, step);
    const auto centre = [&](std::size_t i) { return from + (static_cast<double>(begin + i) + 0.5) * step; };
    std::vector<std::size_t> wanted(count), last(count);
    resample_axis axis;
    for (std::size_t i = 0; i < count; ++i) {
        const double left = std::max(0.0, centre(i) - scale + 0.5), right = centre(i) + scale + 0.5;
        wanted[i] = std::min(static_cast<std::size_t>(left), highest - 1);
        last[i] = std::clamp(static_cast<std::size_t>(right), wanted[i] + 1, highest);
        axis.taps = std::max(axis.taps, last[i] - wanted[i]);
    }
    axis.weights.resize(count * axis.taps);
    for (std::size_t i = 0; i < count; ++i) {
        // All have as many weights, so near the end they begin earlier and the first of them are zero.
        const std::size_t first = std::min(wanted[i], highest - axis.taps);
        const std::span all(axis.weights.data() + i * axis.taps, axis.taps);
        weigh(centre(i), scale, wanted[i], last[i], all.subspan(wanted[i] - first));
        axis.first.push_back(origin + first);
    }
    return axis;
}

resample_axes make_axes(const image_view &view, double share, const image_extent &decoded) {
    const auto &[box, resized, window] = view;
    const auto scaled = [&](std::size_t pixels) { return static_cast<double>(pixels) * share; };
    return {.columns = make_axis(scaled(box.left), scaled(box.width), decoded.width, resized.width,
                                 window.left, window.width),
            .rows = make_axis(scaled(box.top), scaled(box.height), decoded.height, resized.height, window.top,
                              window.height)};
}

void resampler::begin(const resample_axes &axes) {
    axes_ = axes;
    const auto &[columns, rows] = axes_;
    added_ = 0;
    narrowed_.resize((rows.end() - rows.begin()) * columns.size() * pixel_bytes);
    sums_.resize(columns.size() * pixel_bytes);
    line_.resize(sums_.size());
    steps_ = (columns.taps + lane_pixels - 1) / lane_pixels;
    weights_.assign(columns.size() * steps_ * lanes, 0);
    for (std::size_t x = 0; x < columns.size(); ++x) {
        for (std::size_t t = 0; t < columns.taps; ++t)
            std::fill_n(weights_.begin() + static_cast<std::ptrdiff_t>(x * steps_ * lanes + t * pixel_bytes),
                        pixel_bytes, columns.weights[x * columns.taps + t]);
    }
}

void resampler::add(const std::uint8_t *row, std::size_t left) {
    const std::int32_t *weights = weights_.data();
    std::int32_t *sums = sums_.data();
    for (const std::size_t first : axes_.columns.first) {
        const std::uint8_t *pixels = row + (first - left) * pixel_bytes;
        lane_sums sum{};
        for (std::size_t s = 0; s < steps_; ++s, pixels += lanes, weights += lanes) {
            lane_bytes two;
            lane_sums weight;
            std::memcpy(&two, pixels, sizeof two);
            std::memcpy(&weight, weights, sizeof weight);
            sum += weight * __builtin_convertvector(__builtin_convertvector(two, lane_words), lane_sums);
        }
        const auto pixel = __builtin_shufflevector(sum, sum, 0, 1, 2, 3) +
                           __builtin_shufflevector(sum, sum, 4, 5, 6, 7) + half;
        std::memcpy(sums, &pixel, sizeof pixel);
        sums += pixel_bytes;
    }
    to_bytes(sums_, narrowed_.data() + added_++ * sums_.size());
}

void resampler::finish(std::span<std::uint8_t> out) {
    const std::size_t wide = axes_.columns.size(), width = wide * pixel_bytes,
                      plane = axes_.rows.size() * wide;
    for (std::size_t y = 0; y < axes_.rows.size(); ++y) {
        std::fill(sums_.begin(), sums_.end(), half);
        for (std::size_t t = 0; t < axes_.rows.taps; ++t) {
            const std::int32_t weight = axes_.rows.weights[y * axes_.rows.taps + t];
            if (weight == 0) continue;
            const std::uint8_t *row =
                narrowed_.data() + (axes_.rows.first[y] + t - axes_.rows.begin()) * width;
            std::int32_t *const sums = sums_.data();
            for (std::size_t x = 0; x < width; ++x) sums[x] += weight * row[x];
        }
        to_bytes(sums_, line_.data());
        for (std::size_t c = 0; c < 3; ++c) {
            std::uint8_t *to = out.data() + c * plane + y * wide;
            const std::uint8_t *from = line_.data() + c;
            for (std::size_t x = 0; x < wide; ++x) to[x] = from[x * pixel_bytes];
        }
    }
}

} // namespace lipt::adapters
