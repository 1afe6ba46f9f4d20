// What a network gave for a set of samples, on disk: the labels in memory, the rest a few rows at a time.
#pragma once

#include <lipt/adapters/store/npy_rows.hpp>
#include <lipt/gradients.hpp>
#include <lipt/select/pools.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt::adapters {

/// An array as the report of a selection names it.
struct array_record {
    std::filesystem::path path;
    std::string_view type;
    std::vector<std::size_t> shape;
    std::string fingerprint;   ///< see sampled_fingerprint
    std::int64_t modified = 0; ///< nanoseconds since 1970
};

/// What there is to say of an array. cost: reads at most 16 MiB
array_record record_of(const npy_rows &array);

/// Labels, logits and embeddings of the same samples, the latter two where they are needed.
/// shapes: labels (N), logits (N,C), embeddings (N,E)
struct stored_outputs {
    std::vector<std::int32_t> labels;
    array_record labels_record;
    std::optional<npy_rows> logits, embeddings;
    std::size_t columns = 0; ///< of the logits, also of those left out

    std::size_t samples() const noexcept { return labels.size(); }
    /// Columns of the logits given, or as many as the highest label says.
    std::size_t classes() const noexcept;
    std::size_t width() const noexcept { return embeddings ? embeddings->width() : 0; }
    /// Bytes of one sample in the two files.
    std::size_t row_bytes() const noexcept;
    /// By name, those that are there. cost: reads at most 16 MiB of each
    std::vector<std::pair<std::string, array_record>> records() const;
};

/// Opens the files and holds them against each other; reads the labels only. An empty path: not needed.
/// errors: C30 labels not one-dimensional, none, or outside the logits' columns; row counts that differ; and
/// those of npy_rows and npy_file. All name the file
stored_outputs open_outputs(const std::filesystem::path &labels, const std::filesystem::path &logits,
                            const std::filesystem::path &embeddings);

/// Whether these logits look like probabilities: rows at even distances all between 0 and 1 with sum 1.
/// cost: reads at most 64 rows
bool look_like_probabilities(const npy_rows &logits);

/// Ratings of samples that somebody else made. shapes: values (N)
struct stored_scores {
    std::vector<float> values;
    array_record record;
};

/// errors: C30 not one-dimensional, or not one a label; C44 float32 cannot hold them; F-ids of npy_file
stored_scores open_scores(const std::filesystem::path &path, const stored_outputs &outputs);

/// Reads rows as gradients whenever they are asked for, arrays that are not there as 0 columns, with
/// logarithms for a method that looks at them; refers to tensor and outputs, so they must outlive it.
/// errors, when called: F04, F17 as npy_rows::read
template <tensor_backend Tensor>
gradient_source<Tensor> from_files(const Tensor &tensor, const stored_outputs &outputs,
                                   const method_info &method) {
    return [&tensor, &outputs, method](std::span<const std::int64_t> indices) {
        const auto read = [&](const std::optional<npy_rows> &array) {
            if (!array) return tensor.make(indices.size(), 0);
            host_matrix rows = host_matrix::from_shape({indices.size(), array->width()});
            array->read(indices, rows.data());
            return tensor.from_host(rows);
        };
        std::vector<std::int32_t> labels;
        labels.reserve(indices.size());
        for (const auto i : indices) labels.push_back(outputs.labels[static_cast<std::size_t>(i)]);
        // One after the other, so that the logits are gone before the embeddings come.
        last_layer_gradients<Tensor> gradients{.residual = read(outputs.logits),
                                               .embedding = tensor.make(0, 0)};
        if (outputs.logits) {
            const auto logits = std::move(gradients.residual);
            gradients.residual = tensor.softmax_residual(logits, labels);
            if (method.logarithms) add_logarithms(tensor, logits, labels, gradients);
        }
        gradients.embedding = read(outputs.embeddings);
        return gradients;
    };
}

/// A whole array in memory. errors: as npy_rows::read
template <tensor_backend Tensor>
typename Tensor::matrix load_matrix(const Tensor &tensor, const npy_rows &array) {
    std::vector<std::int64_t> all(array.rows());
    std::iota(all.begin(), all.end(), std::int64_t{0});
    host_matrix rows = host_matrix::from_shape({array.rows(), array.width()});
    array.read(all, rows.data());
    return tensor.from_host(rows);
}

/// All samples of a validation set, with both arrays, in memory. errors: as npy_rows::read
template <tensor_backend Tensor>
validation_set<Tensor> load_validation(const Tensor &tensor, const stored_outputs &outputs) {
    return {.logits = load_matrix(tensor, outputs.logits.value()),
            .embeddings = load_matrix(tensor, outputs.embeddings.value()),
            .labels = outputs.labels};
}

} // namespace lipt::adapters
