// Similarities between all samples of a pool, from their factored gradients or their embeddings, a block of
// rows at a time: kept where the whole square fits the memory given, computed again where it does not.
#pragma once

#include <lipt/select/selection.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

/// Embeddings less their mean: distances are the same, and rounding is of the spread alone.
/// shapes: result (n,E). cost: O(n E)
template <tensor_backend Tensor>
typename Tensor::matrix centred(const Tensor &tensor, typename Tensor::matrix embeddings) {
    const auto ones = tensor.from_host(host_matrix({tensor.rows(embeddings), 1}, 1.0f));
    tensor.gemm(ones, tensor.column_means(embeddings), embeddings, {.alpha = -1.0f, .beta = 1.0f});
    return embeddings;
}

/// Vectors whose inner products are cheap: <x_i, x_j> = (residual_i . residual_j)(embedding_i . embedding_j),
/// or the latter alone for embeddings. A gradient's embedding has a 1 appended for the bias.
template <tensor_backend Tensor>
class factored_vectors {
  public:
    using matrix = typename Tensor::matrix;

    /// cost: O(n (C+E)), a copy
    factored_vectors(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                     similarity_space space)
        : tensor_(tensor), is_gradient_(space == similarity_space::gradients),
          residual_(is_gradient_ ? gradients.residual : tensor.make(0, 0)),
          embedding_(is_gradient_ ? with_bias(tensor, gradients.embedding) : gradients.embedding) {}

    std::size_t size() const { return tensor_.rows(embedding_); }

    /// |x_i|^2. shapes: result (n,1)
    matrix squares() const {
        auto out = tensor_.row_dots(embedding_, embedding_);
        if (is_gradient_) tensor_.multiply(tensor_.row_dots(residual_, residual_), out);
        return out;
    }

    /// Scales every vector to length 1; a vector of zero stays.
    void normalise() {
        to_length_one(embedding_);
        if (is_gradient_) to_length_one(residual_);
    }

    /// <x_i, x_j> for some i and every j. shapes: result (rows,n). cost: 2 rows n (C+E) flops
    matrix products(std::span<const std::int64_t> rows) const {
        matrix out = tensor_.make(0, 0);
        tensor_.gemm(tensor_.gather_rows(embedding_, rows), embedding_, out, {.transpose_b = true});
        if (!is_gradient_) return out;
        matrix residuals = tensor_.make(0, 0);
        tensor_.gemm(tensor_.gather_rows(residual_, rows), residual_, residuals, {.transpose_b = true});
        tensor_.multiply(residuals, out);
        return out;
    }

    /// <x_j, sum_s w_s x_s> for some s and every j. shapes: weights (rows,1), result (n,1)
    /// cost: 2 (n + rows) C E flops, or 2 (n + rows) E for embeddings
    matrix projections(std::span<const std::int64_t> rows, const matrix &weights) const {
        auto picked = tensor_.gather_rows(embedding_, rows);
        matrix sum = tensor_.make(0, 0), out = tensor_.make(0, 0);
        if (!is_gradient_) {
            tensor_.gemm(picked, weights, sum, {.transpose_a = true});
            tensor_.gemm(embedding_, sum, out);
            return out;
        }
        auto scaled = tensor_.gather_rows(residual_, rows);
        tensor_.multiply(weights, scaled);
        tensor_.gemm(scaled, picked, sum, {.transpose_a = true});
        tensor_.gemm(embedding_, sum, out, {.transpose_b = true});
        return tensor_.row_dots(residual_, out);
    }

    /// The vectors of some samples on the host, to compute with in double.
    std::pair<host_matrix, host_matrix> at(std::span<const std::int64_t> rows) const {
        return {is_gradient_ ? tensor_.to_host(tensor_.gather_rows(residual_, rows))
                             : host_matrix({rows.size(), 1}, 1.0f),
                tensor_.to_host(tensor_.gather_rows(embedding_, rows))};
    }

  private:
    void to_length_one(matrix &rows) const {
        // First by a power of two where the square is not to be had in float, as of a sample learned to the
        // last digit.
        const auto scale = [&](auto factor) {
            host_matrix factors = tensor_.to_host(tensor_.row_dots(rows, rows));
            for (auto &square : factors) square = factor(square);
            tensor_.multiply(tensor_.from_host(factors), rows);
        };
        scale([](float square) { return square < 1e-30f ? 0x1p60f : square < 1e30f ? 1.0f : 0x1p-60f; });
        scale([](float square) { return square > 0 ? 1.0f / std::sqrt(square) : 0.0f; });
    }

    /// A column of 1 appended, through the host a few rows at a time.
    static matrix with_bias(const Tensor &tensor, const matrix &embedding) {
        constexpr std::size_t block = 4096;
        const std::size_t count = tensor.rows(embedding), width = tensor.columns(embedding);
        host_matrix wide = host_matrix({count, width + 1}, 1.0f);
        for (std::size_t first = 0; first < count; first += block) {
            std::vector<std::int64_t> rows(std::min(block, count - first));
            std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
            const host_matrix part = tensor.to_host(tensor.gather_rows(embedding, rows));
            for (std::size_t i = 0; i < rows.size(); ++i)
                std::copy_n(part.data() + i * width, width, wide.data() + (first + i) * (width + 1));
        }
        return tensor.from_host(std::move(wide));
    }

    const Tensor &tensor_;
    bool is_gradient_;
    matrix residual_, embedding_; ///< (n,C) or empty, and (n,E+1) or (n,E)
};

/// How near two samples are.
enum class similarity_measure : std::uint8_t { cosine, negative_distance };

/// Whether all similarities between so many samples fit.
constexpr bool fits_square(std::size_t samples, std::size_t memory) noexcept {
    return samples <= memory / sizeof(float) / samples;
}

/// Whether a pool of so many samples keeps each one's nearest similarities alone.
constexpr bool is_sparse(const select_options &options, std::size_t samples) noexcept {
    return options.submodular.storage == similarity_storage::sparse && !fits_square(samples, options.memory);
}

/// Rows of the similarity matrix. cost: n^2 (C+E) flops for all of them; 4 n^2 bytes where that is at most
/// `memory`, otherwise rows are computed again whenever they are asked for
template <tensor_backend Tensor>
class similarity_rows {
  public:
    /// Rows of one block: small enough for the caches, large enough for a matrix product.
    static constexpr std::size_t block = 128;

    similarity_rows(const Tensor &tensor, const last_layer_gradients<Tensor> &gradients,
                    similarity_space space, similarity_measure measure, std::size_t memory)
        : tensor_(tensor), measure_(measure), vectors_(vectors_of(tensor, gradients, space, measure)),
          kept_(fits_square(vectors_.size(), memory)), squares_(tensor.make(0, 0)),
          row_of_squares_(tensor.make(0, 0)) {
        if (measure == similarity_measure::cosine) {
            vectors_.normalise();
            return;
        }
        squares_ = vectors_.squares();
        const host_matrix column = tensor.to_host(squares_);
        host_matrix row = host_matrix::from_shape({1, column.size()});
        std::copy(column.begin(), column.end(), row.begin());
        row_of_squares_ = tensor.from_host(row);
        lowest_ = -2.0f * std::sqrt(*std::max_element(column.begin(), column.end()));
    }

    std::size_t size() const noexcept { return vectors_.size(); }

    /// |x_i|^2, for distances only. shapes: result (n)
    std::vector<float> squares() const {
        const host_matrix column = tensor_.to_host(squares_);
        return {column.begin(), column.end()};
    }

    /// What no similarity is below.
    float lowest() const noexcept { return lowest_; }

    /// How many rows are best asked for at once: kept rows are found one by one.
    std::size_t batch() const noexcept { return kept_ ? 1 : block / 2; }

    /// Calls use(first row, rows (b,n)) for every block in order; keeps its rows where they fit.
    template <class Use>
    void for_each_block(Use &&use) {
        for (std::size_t first = 0; first < size(); first += block) {
            std::vector<std::int64_t> rows(std::min(block, size() - first));
            std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
            const auto computed = compute(rows);
            use(first, computed);
            for (std::int64_t i = 0; kept_ && i < static_cast<std::int64_t>(rows.size()); ++i) {
                rows_.push_back(tensor_.gather_rows(computed, std::span(&i, 1)));
            }
        }
    }

    /// Calls use(position in rows, similarities (m,n)) for consecutive parts of the rows asked for.
    template <class Use>
    void for_rows(std::span<const std::int64_t> rows, Use &&use) const {
        if (rows_.size() == size()) {
            for (std::size_t i = 0; i < rows.size(); ++i) use(i, rows_[static_cast<std::size_t>(rows[i])]);
            return;
        }
        for (std::size_t first = 0; first < rows.size(); first += block) {
            use(first, compute(rows.subspan(first, std::min(block, rows.size() - first))));
        }
    }

  private:
    /// Embeddings whose distances are asked for are centred first.
    static factored_vectors<Tensor> vectors_of(const Tensor &tensor,
                                               const last_layer_gradients<Tensor> &gradients,
                                               similarity_space space, similarity_measure measure) {
        if (space == similarity_space::gradients || measure == similarity_measure::cosine)
            return {tensor, gradients, space};
        return {tensor,
                {.residual = tensor.make(0, 0), .embedding = centred(tensor, gradients.embedding)},
                space};
    }

    typename Tensor::matrix compute(std::span<const std::int64_t> rows) const {
        auto out = vectors_.products(rows);
        if (measure_ == similarity_measure::cosine) return out;
        tensor_.negative_distances(tensor_.gather_rows(squares_, rows), row_of_squares_, out);
        // Rounding of the products leaves a sample at some distance from itself.
        for (std::size_t i = 0; i < rows.size(); ++i)
            tensor_.set(out, i, static_cast<std::size_t>(rows[i]), 0.0f);
        return out;
    }

    const Tensor &tensor_;
    similarity_measure measure_;
    factored_vectors<Tensor> vectors_;
    bool kept_;
    float lowest_ = -1.0f;
    typename Tensor::matrix squares_, row_of_squares_; ///< (n,1) and (1,n), for distances only
    std::vector<typename Tensor::matrix> rows_;        ///< (1,n) each, so that asking for one copies nothing
};

} // namespace lipt
