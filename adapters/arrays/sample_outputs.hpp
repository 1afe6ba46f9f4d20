// What a network gave for a set of samples: the labels in memory, the rest a few rows at a time from wherever
// it lies.
#pragma once

#include <lipt/adapters/arrays/array_rows.hpp>
#include <lipt/gradients.hpp>
#include <lipt/select/pools.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lipt::arrays {

/// The arrays of one set of samples as they were given; what is not given is not looked at.
struct output_inputs {
    const array_input &labels, &logits, &embeddings, &residuals;
    std::string prefix{};  ///< of the members' names in errors: "validation_"
    bool recorded = false; ///< arrays in memory have a fingerprint as well
};

/// Labels, and outputs of the same samples. shapes: labels (N) or empty, logits (N,C), residuals (N,R),
/// embeddings (N,E)
struct sample_outputs {
    std::vector<std::int32_t> labels{};
    std::string
        labels_name{}; ///< as errors call them; empty: there are none, and all samples are of one class
    array_record labels_record{};
    std::optional<array_rows> logits{}, embeddings{}, residuals{};
    std::size_t samples = 0;
    std::size_t outputs = 0; ///< columns of the logits or residuals given, also of those left out later

    bool labelled() const noexcept { return !labels_name.empty(); }
    /// Classes of the labels: columns of the logits, or as many as the highest label says; 1 without labels.
    std::size_t classes() const noexcept;
    /// Columns of what gradients are made of.
    std::size_t columns() const noexcept { return outputs > 0 ? outputs : classes(); }
    std::size_t width() const noexcept { return embeddings ? embeddings->width() : 0; }
    /// Bytes of one sample where it lies.
    std::size_t row_bytes() const noexcept;
    /// How many samples each class has. shapes: result (classes)
    std::vector<std::size_t> class_counts() const;
    /// By name, those that are there. fingerprint: also of arrays in memory, all of which are read for it.
    /// cost: of a file at most 16 MiB
    std::vector<std::pair<std::string, array_record>> records(bool fingerprint) const;
};

/// Opens the arrays and holds them against each other; reads the labels only.
/// errors: C30 labels not one-dimensional, none, or outside the logits' columns; row counts that differ;
/// nothing given; D24 more samples than 32 bits count, where there are labels; and those of array_rows. All
/// name the array
sample_outputs open_outputs(const output_inputs &inputs);

/// Whether these logits look like probabilities: rows at even distances all between 0 and 1 with sum 1.
/// cost: reads at most 64 rows
bool look_like_probabilities(const array_rows &logits);

/// Ratings of samples that somebody else made. shapes: values (N)
struct given_scores {
    std::vector<float> values;
    std::string name;
    array_record record;
};

/// errors: C30 not one-dimensional, or not one a sample; C44 float32 cannot hold them; and as open_array
given_scores open_scores(const array_input &input, const sample_outputs &outputs, bool fingerprint);

/// Reads rows as gradients whenever they are asked for, arrays that are not there as 0 columns, with
/// logarithms for a method that looks at them; refers to tensor and outputs, so they must outlive it.
/// errors, when called: F04, F17 as array_rows::read
template <tensor_backend Tensor>
gradient_source<Tensor> gradients_of(const Tensor &tensor, const sample_outputs &outputs,
                                     const method_info &method) {
    return [&tensor, &outputs, method](std::span<const std::int64_t> indices) {
        const auto read = [&](const std::optional<array_rows> &array) {
            if (!array) return tensor.make(indices.size(), 0);
            host_matrix rows = host_matrix::from_shape({indices.size(), array->width()});
            array->read(indices, rows.data());
            return tensor.from_host(std::move(rows));
        };
        std::vector<std::int32_t> labels(indices.size());
        for (std::size_t i = 0; i < indices.size() && outputs.labelled(); ++i)
            labels[i] = outputs.labels[static_cast<std::size_t>(indices[i])];
        // One after the other, so that the logits are gone before the embeddings come.
        last_layer_gradients<Tensor> gradients{
            .residual = read(outputs.residuals ? outputs.residuals : outputs.logits),
            .embedding = tensor.make(0, 0)};
        if (outputs.logits && !outputs.residuals) {
            const auto logits = std::move(gradients.residual);
            gradients.residual = tensor.softmax_residual(logits, labels);
            if (method.logarithms) add_logarithms(tensor, logits, labels, gradients);
        }
        gradients.embedding = read(outputs.embeddings);
        return gradients;
    };
}

/// A whole array in memory. errors: as array_rows::read
template <tensor_backend Tensor>
typename Tensor::matrix load_matrix(const Tensor &tensor, const array_rows &array) {
    std::vector<std::int64_t> all(array.rows());
    std::iota(all.begin(), all.end(), std::int64_t{0});
    host_matrix rows = host_matrix::from_shape({array.rows(), array.width()});
    array.read(all, rows.data());
    return tensor.from_host(std::move(rows));
}

/// All samples of a validation set, with both arrays, in memory. errors: as array_rows::read
template <tensor_backend Tensor>
validation_set<Tensor> load_validation(const Tensor &tensor, const sample_outputs &outputs) {
    return {.logits = load_matrix(tensor, outputs.logits.value()),
            .embeddings = load_matrix(tensor, outputs.embeddings.value()),
            .labels = outputs.labels};
}

} // namespace lipt::arrays
