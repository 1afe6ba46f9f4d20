// lipt::tensor_backend over at::Tensor, on any device: ATen's own operators, a few a kernel, so that what is
// tested on a processor is what runs on a GPU.
#pragma once

#include <lipt/backends/torch/device.hpp>
#include <lipt/backends/torch/threads.hpp>
#include <lipt/host_kernels.hpp>
#include <lipt/tensor.hpp>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace lipt::torch {

/// A matrix (rows,columns) on some device. Copies are deep, as the concept wants them; moving is free.
class matrix {
  public:
    /// No rows and no columns.
    matrix() : values_(at::empty({0, 0})) {}
    /// Takes over a two-dimensional tensor without copying it. errors: L03 another number of dimensions
    explicit matrix(at::Tensor values) : values_(std::move(values)) {
        require(values_.defined() && values_.dim() == 2, "L03", "torch: a matrix was made of a tensor of ",
                values_.defined() ? values_.dim() : 0, " dimensions, expected 2: reshape it");
    }
    matrix(const matrix &other) : values_(other.values_.clone()) {}
    matrix &operator=(const matrix &other) {
        if (this != &other) values_ = other.values_.clone();
        return *this;
    }
    matrix(matrix &&) noexcept = default;
    matrix &operator=(matrix &&) noexcept = default;
    ~matrix() = default;

    at::Tensor &values() noexcept { return values_; }
    const at::Tensor &values() const noexcept { return values_; }

  private:
    at::Tensor values_;
};

/// What a tensor backend is made with.
struct tensor_options {
    std::size_t threads = 1;
    std::string_view device = "cpu";
    /// Of every matrix: float32, or float64 where a device and a problem want it.
    at::ScalarType type = at::kFloat;
};

/// Models lipt::tensor_backend (contract there) on one device. One call at a time a copy.
/// No kernel waits for the device but `to_host`, `get`, `arg_max` and the checks of indices.
class tensor {
  public:
    using matrix = lipt::torch::matrix;

    /// errors: L01, L02 no such device, L04 no thread, L05 a type that is no float32 or float64
    explicit tensor(const tensor_options &options)
        : threads_(options.threads),
          layout_(at::TensorOptions().device(device_of(options.device)).dtype(options.type)) {
        require(threads_ > 0, "L04", "torch: 0 threads, expected at least 1");
        require(options.type == at::kFloat || options.type == at::kDouble, "L05", "torch: matrices of type ",
                at::toString(options.type), ", expected Float or Double");
    }
    explicit tensor(std::size_t threads = 1) : tensor(tensor_options{.threads = threads}) {}

    matrix make(std::size_t rows, std::size_t columns) const {
        return matrix(at::zeros({signed_size(rows), signed_size(columns)}, layout_));
    }
    matrix from_host(const host_matrix &host) const {
        const auto view = at::from_blob(const_cast<float *>(host.data()),
                                        {signed_size(host.shape(0)), signed_size(host.shape(1))}, at::kFloat);
        return matrix(view.to(layout_, /*non_blocking=*/false, /*copy=*/true));
    }
    host_matrix to_host(const matrix &a) const {
        const auto values = a.values().to(at::kCPU, at::kFloat).contiguous();
        host_matrix out = host_matrix::from_shape({rows(a), columns(a)});
        if (out.size() > 0) std::memcpy(out.data(), values.data_ptr<float>(), out.size() * sizeof(float));
        return out;
    }
    /// A tensor of the user's as a matrix here: moved and converted where it must be, shared where it fits.
    /// shapes: (rows,columns). errors: L03
    matrix from_tensor(const at::Tensor &values) const { return matrix(values.detach().to(layout_)); }
    std::size_t rows(const matrix &a) const { return static_cast<std::size_t>(a.values().size(0)); }
    std::size_t columns(const matrix &a) const { return static_cast<std::size_t>(a.values().size(1)); }

    void gemm(const matrix &a, const matrix &b, matrix &c, const gemm_options &options = {}) const {
        lipt::detail::require_gemm(*this, a, b, c, options);
        const at::Tensor left = options.transpose_a ? a.values().t() : a.values();
        const at::Tensor right = options.transpose_b ? b.values().t() : b.values();
        const auto height = left.size(0), width = right.size(1);
        if (options.beta == 0.0f && (c.values().size(0) != height || c.values().size(1) != width))
            c = matrix(at::empty({height, width}, layout_));
        in_rows(height, layout_.device().is_cpu() ? product_rows : height,
                [&](std::int64_t first, std::int64_t count) {
                    auto part = c.values().narrow(0, first, count);
                    part.addmm_(left.narrow(0, first, count), right, options.beta, options.alpha);
                });
    }

    void combine(float alpha, const matrix &x, float beta, matrix &y) const {
        lipt::detail::require_same(*this, "combine", x, y);
        const thread_budget budget(threads_);
        // A product each and their sum, each rounded once.
        auto scaled = x.values() * alpha;
        y.values().mul_(beta).add_(scaled);
    }

    void multiply(const matrix &x, matrix &y) const {
        lipt::detail::require_broadcast(*this, "multiply", x, y);
        const thread_budget budget(threads_);
        y.values().mul_(x.values());
    }

    void maximum(const matrix &x, matrix &y) const {
        lipt::detail::require_same(*this, "maximum", x, y);
        const thread_budget budget(threads_);
        at::maximum_out(y.values(), y.values(), x.values());
    }

    matrix row_dots(const matrix &a, const matrix &b) const {
        lipt::detail::require_same(*this, "row_dots", a, b);
        matrix out = make(rows(a), 1);
        in_rows(a.values().size(0), rows_of(columns(a)), [&](std::int64_t first, std::int64_t count) {
            const auto products = a.values().narrow(0, first, count).to(at::kDouble) *
                                  b.values().narrow(0, first, count).to(at::kDouble);
            out.values().narrow(0, first, count).copy_(products.sum({1}, /*keepdim=*/true));
        });
        return out;
    }

    matrix softmax_residual(const matrix &logits, std::span<const std::int32_t> labels) const {
        lipt::detail::require_shape(labels.size() == rows(logits), "softmax_residual", rows(logits),
                                    columns(logits), labels.size(), 1);
        host_kernels::require_labels(labels, columns(logits));
        const auto own = to_device(labels).to(at::kLong).unsqueeze(1);
        matrix out(at::empty_like(logits.values()));
        in_rows(logits.values().size(0), rows_of(columns(logits)), [&](auto first, auto count) {
            const auto label = own.narrow(0, first, count);
            auto exponentials = logits.values().narrow(0, first, count).to(at::kDouble);
            exponentials.sub_(exponentials.amax({1}, /*keepdim=*/true)).exp_();
            const auto sum = exponentials.sum({1}, /*keepdim=*/true);
            // The label's own entry is minus the sum of the others: a learned sample keeps its digits.
            const auto others = exponentials.scatter(1, label, 0.0).sum({1}, /*keepdim=*/true);
            exponentials.scatter_(1, label, others.neg());
            out.values().narrow(0, first, count).copy_(exponentials.div_(sum));
        });
        return out;
    }

    matrix gather_rows(const matrix &a, std::span<const std::int64_t> indices) const {
        host_kernels::require_rows(indices, rows(a));
        const thread_budget budget(threads_);
        return matrix(a.values().index_select(0, to_device(indices)));
    }

    matrix column_means(const matrix &a) const {
        lipt::detail::require_shape(rows(a) > 0, "column_means", rows(a), columns(a), 1, columns(a));
        const thread_budget budget(threads_);
        auto sum = at::zeros({a.values().size(1)}, layout_.dtype(at::kDouble));
        // Sums of blocks in double: a block is small enough to be summed by one thread.
        constexpr std::int64_t block = 8192;
        for (std::int64_t first = 0; first < a.values().size(0); first += block) {
            const auto part = a.values().narrow(0, first, std::min(block, a.values().size(0) - first));
            sum.add_(part.to(at::kDouble).sum(0));
        }
        return matrix(sum.div_(static_cast<double>(rows(a))).to(layout_.dtype()).unsqueeze(0));
    }

    matrix smallest_magnitude_mask(const matrix &a, std::size_t count) const {
        lipt::detail::require_count(count, rows(a) * columns(a));
        const thread_budget budget(threads_);
        auto magnitudes = a.values().abs().flatten();
        auto mask = at::ones_like(magnitudes);
        if (count > 0) {
            // NaN goes last: above every number, infinity too.
            const auto unordered = magnitudes.isnan();
            const auto sorted = magnitudes.masked_fill(unordered, std::numeric_limits<double>::infinity());
            const auto limit = std::get<0>(sorted.kthvalue(signed_size(count)));
            const auto below = sorted.lt(limit);
            // Of those at the limit the lowest indices, numbers before NaN.
            const auto number = sorted.eq(limit).logical_and_(unordered.logical_not());
            const auto left = signed_size(count) - below.sum();
            const auto numbers = number.cumsum(0);
            const auto others = unordered.cumsum(0) + number.sum();
            const auto taken = below.logical_or(number.logical_and(numbers.le(left)))
                                   .logical_or_(unordered.logical_and(others.le(left)));
            mask.masked_fill_(taken, 0);
        }
        return matrix(mask.view(a.values().sizes()));
    }

    std::int64_t arg_max(const matrix &values, const matrix &excluded) const {
        lipt::detail::require_column(*this, "arg_max", values, excluded);
        lipt::detail::require_candidate(rows(values) > 0, 0);
        const thread_budget budget(threads_);
        const auto candidate = excluded.values().eq(0).flatten();
        const auto column = values.values().flatten();
        // A rank for what is not a number to compare: NaN below every number, the excluded below NaN.
        const auto ordered = candidate.logical_and(column.isnan().logical_not());
        const auto best =
            column.masked_fill(ordered.logical_not(), -std::numeric_limits<double>::infinity()).max();
        const auto rank = ordered.logical_and(column.eq(best)).to(at::kChar).add_(candidate.to(at::kChar));
        const auto found = at::stack({rank.argmax(), rank.max().to(at::kLong)}).cpu();
        lipt::detail::require_candidate(found[1].item<std::int64_t>() > 0, rows(values));
        return found[0].item<std::int64_t>();
    }

    void set(matrix &a, std::size_t row, std::size_t column, float value) const {
        require_element("set", a, row, column);
        a.values()[signed_size(row)][signed_size(column)].fill_(value);
    }
    float get(const matrix &a, std::size_t row, std::size_t column) const {
        require_element("get", a, row, column);
        return a.values()[signed_size(row)][signed_size(column)].item<float>();
    }

    matrix facility_gain(const matrix &similarity, const matrix &best) const {
        lipt::detail::require_shape(rows(best) == 1 && columns(best) == columns(similarity), "facility_gain",
                                    rows(similarity), columns(similarity), rows(best), columns(best));
        matrix out = make(rows(similarity), 1);
        in_rows(similarity.values().size(0), rows_of(columns(similarity)), [&](auto first, auto count) {
            auto gains = at::sub(similarity.values().narrow(0, first, count), best.values()).clamp_min_(0);
            out.values().narrow(0, first, count).copy_(gains.to(at::kDouble).sum({1}, /*keepdim=*/true));
        });
        return out;
    }

    void negative_distances(const matrix &a, const matrix &b, matrix &y) const {
        lipt::detail::require_borders(*this, "negative_distances", a, b, y);
        in_rows(y.values().size(0), rows_of(columns(y)), [&](auto first, auto count) {
            auto part = y.values().narrow(0, first, count);
            part.mul_(-2).add_(at::add(a.values().narrow(0, first, count), b.values()));
            part.clamp_min_(0).sqrt_().neg_();
        });
    }

  private:
    /// Rows of a matrix product that one thread computes: depends on nothing, so results do not either.
    static constexpr std::int64_t product_rows = 256;

    static std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

    /// Rows whose intermediate results in double take some 8 MiB, or 256 MiB on a device.
    std::int64_t rows_of(std::size_t columns) const {
        const std::int64_t values = layout_.device().is_cpu() ? std::int64_t{1} << 20 : std::int64_t{1} << 25;
        return std::max<std::int64_t>(1, values / std::max<std::int64_t>(1, signed_size(columns)));
    }

    /// Calls body(first, count) for parts of the rows: side by side on a processor, where one thread does all
    /// of a part and so no sum is shared out among threads; one after another on a device.
    template <class Body>
    void in_rows(std::int64_t rows, std::int64_t length, const Body &body) const {
        if (rows == 0) return;
        const auto part = std::min(length, rows);
        const auto parts = (rows + part - 1) / part;
        const thread_budget budget(parts == 1 || !layout_.device().is_cpu() ? 1 : threads_);
        at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
            const c10::NoGradGuard no_graph;
            for (auto i = begin; i < end; ++i) body(i * part, std::min(part, rows - i * part));
        });
    }

    template <class Value>
    at::Tensor to_device(std::span<const Value> values) const {
        constexpr auto type = c10::CppTypeToScalarType<Value>::value;
        return at::from_blob(const_cast<Value *>(values.data()), {signed_size(values.size())}, type)
            .to(layout_.device(), type, /*non_blocking=*/false, /*copy=*/true);
    }

    void require_element(std::string_view kernel, const matrix &a, std::size_t row,
                         std::size_t column) const {
        lipt::detail::require_shape(row < rows(a) && column < columns(a), kernel, rows(a), columns(a), row,
                                    column);
    }

    std::size_t threads_;
    at::TensorOptions layout_;
};

static_assert(tensor_backend<tensor>);

} // namespace lipt::torch
