// Convolution of one image as a matrix product over its unfolded windows, and both its derivatives.
#pragma once

#include <lipt/backends/reference/gemm.hpp>
#include <lipt/network/network.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace lipt::reference {

/// Convolutions without bias, an image at a time; holds the memory they need in between.
/// shapes: image (layer.in), output (layer.out), weights (out,in,kh,kw); windows (in kh kw, h w of the
/// output) source: [Chellapilla2006] unfolding
class convolution {
  public:
    /// output = weights * image.
    void forward(const layer &at, const float *weights, const float *image, float *output) {
        unfold(at, image);
        gemm_.multiply({at.out.channels, plane(at), window(at)}, {weights, window(at)},
                       {windows_.data(), plane(at)}, output);
    }

    /// totals += d loss / d weights, from the image and d loss / d output. Sums over images are kept in
    /// double.
    void add_weight_gradient(const layer &at, const float *image, const float *output_gradient,
                             std::span<double> totals) {
        unfold(at, image);
        product_.resize(totals.size());
        gemm_.multiply({at.out.channels, window(at), plane(at)}, {output_gradient, plane(at)},
                       {windows_.data(), 1, plane(at)}, product_.data());
        for (std::size_t i = 0; i < totals.size(); ++i) totals[i] += static_cast<double>(product_[i]);
    }

    /// image_gradient += d loss / d image, from the weights and d loss / d output.
    void add_image_gradient(const layer &at, const float *weights, const float *output_gradient,
                            float *image_gradient) {
        windows_.resize(window(at) * plane(at));
        gemm_.multiply({window(at), plane(at), at.out.channels}, {weights, 1, window(at)},
                       {output_gradient, plane(at)}, windows_.data());
        fold(at, image_gradient);
    }

  private:
    static std::size_t plane(const layer &at) { return at.out.height * at.out.width; }
    static std::size_t window(const layer &at) { return at.in.channels * at.kernel * at.kernel; }

    /// Calls work(row of windows_, source row or none when it is padding, first column inside, end, offset of
    /// the source column) for every row of every unfolded plane; the source column of x is x * stride +
    /// offset.
    template <class Work>
    void each_row(const layer &at, Work work) {
        float *row = windows_.data();
        const auto width = static_cast<std::ptrdiff_t>(at.in.width),
                   stride = static_cast<std::ptrdiff_t>(at.stride);
        for (std::size_t channel = 0; channel < at.in.channels; ++channel) {
            for (std::size_t ky = 0; ky < at.kernel; ++ky) {
                for (std::size_t kx = 0; kx < at.kernel; ++kx) {
                    const auto offset =
                        static_cast<std::ptrdiff_t>(kx) - static_cast<std::ptrdiff_t>(at.padding);
                    const auto columns = static_cast<std::ptrdiff_t>(at.out.width);
                    const auto first = std::min(columns, offset < 0 ? (-offset + stride - 1) / stride : 0);
                    const auto end = std::clamp((width - offset + stride - 1) / stride, first, columns);
                    for (std::size_t y = 0; y < at.out.height; ++y, row += at.out.width) {
                        // Above the image the subtraction wraps around and is beyond its height as well.
                        const std::size_t source = y * at.stride + ky - at.padding;
                        const bool inside = source < at.in.height;
                        work(row, inside, (channel * at.in.height + source) * at.in.width, first, end,
                             offset);
                    }
                }
            }
        }
    }

    /// Copies every window of the image into a column of windows_, zeros where it reaches over the edge.
    void unfold(const layer &at, const float *image) {
        windows_.resize(window(at) * plane(at));
        const auto stride = static_cast<std::ptrdiff_t>(at.stride);
        each_row(at, [&](float *row, bool inside, std::size_t start, std::ptrdiff_t first, std::ptrdiff_t end,
                         std::ptrdiff_t offset) {
            if (!inside) {
                std::fill_n(row, at.out.width, 0.0f);
                return;
            }
            const float *source = image + start;
            std::fill(row, row + first, 0.0f);
            if (stride == 1) {
                std::copy(source + first + offset, source + end + offset, row + first);
            } else {
                for (std::ptrdiff_t x = first; x < end; ++x) row[x] = source[x * stride + offset];
            }
            std::fill(row + end, row + at.out.width, 0.0f);
        });
    }

    /// Adds every column of windows_ back to the window of the image that it came from.
    void fold(const layer &at, float *image) {
        const auto stride = static_cast<std::ptrdiff_t>(at.stride);
        each_row(at, [&](const float *row, bool inside, std::size_t start, std::ptrdiff_t first,
                         std::ptrdiff_t end, std::ptrdiff_t offset) {
            if (!inside) return;
            float *target = image + start;
            if (stride == 1) {
                for (std::ptrdiff_t x = first; x < end; ++x) target[x + offset] += row[x];
            } else {
                for (std::ptrdiff_t x = first; x < end; ++x) target[x * stride + offset] += row[x];
            }
        });
    }

    gemm_workspace gemm_;
    std::vector<float> windows_, product_;
};

} // namespace lipt::reference
