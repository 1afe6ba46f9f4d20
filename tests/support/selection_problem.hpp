// Random selection problems, and the gradients of their samples written out in double for naive versions.
#pragma once

#include <lipt/backends/reference/tensor.hpp>
#include <lipt/random.hpp>
#include <lipt/select/pools.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt_test {

/// What a random problem is made of.
struct problem_options {
    std::size_t samples = 60;
    std::size_t classes = 3;
    std::size_t width = 5;
    std::size_t validation = 12;
    std::uint64_t seed = 1;
};

/// Logits, embeddings and labels drawn at random on the reference backend; label i % classes.
struct random_problem {
    using tensor_type = lipt::reference::tensor;

    explicit random_problem(const problem_options &options)
        : classes(options.classes), gradients(draw(options, 0, labels, logits, embeddings)) {
        draw(options, 1, validation.labels, validation.logits, validation.embeddings);
    }

    /// The problem as a method sees it.
    lipt::selection_problem<tensor_type> view(double fraction, bool balanced = true) const {
        return {.labels = labels,
                .classes = classes,
                .fraction = fraction,
                .balanced = balanced,
                .gradients = lipt::from_memory(tensor, gradients),
                .validation = &validation};
    }

    /// All samples as one pool, for calling a method itself.
    lipt::selection_pool<tensor_type> pool(std::size_t quota) {
        members.resize(labels.size());
        for (std::size_t i = 0; i < members.size(); ++i) members[i] = static_cast<std::int64_t>(i);
        return {.members = members,
                .quota = quota,
                .gradients = gradients,
                .validation = validation,
                .labels = labels};
    }

    tensor_type tensor;
    std::size_t classes;
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> members;
    lipt::host_matrix logits, embeddings;
    lipt::validation_set<tensor_type> validation;
    lipt::last_layer_gradients<tensor_type> gradients;

  private:
    lipt::last_layer_gradients<tensor_type> draw(const problem_options &options, std::uint32_t part,
                                                 std::vector<std::int32_t> &its_labels,
                                                 lipt::host_matrix &its_logits,
                                                 lipt::host_matrix &its_embeddings) const {
        const std::size_t count = part == 0 ? options.samples : options.validation;
        lipt::rng random({.seed = options.seed, .stage = lipt::stream::test, .sample = part});
        its_logits = lipt::host_matrix::from_shape({count, options.classes});
        its_embeddings = lipt::host_matrix::from_shape({count, options.width});
        for (auto &value : its_logits) value = random.normal();
        for (auto &value : its_embeddings) value = random.normal();
        for (std::size_t i = 0; i < count; ++i)
            its_labels.push_back(static_cast<std::int32_t>(i % options.classes));
        return lipt::make_gradients(tensor, its_logits, its_embeddings, its_labels);
    }
};

/// [d ; vec(d h^T)] of every sample, in double.
inline std::vector<std::vector<double>> written_out(const lipt::host_matrix &logits,
                                                    const lipt::host_matrix &embeddings,
                                                    const std::vector<std::int32_t> &labels) {
    std::vector<std::vector<double>> out;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        std::vector<double> d;
        double sum = 0;
        for (std::size_t c = 0; c < logits.shape(1); ++c) sum += std::exp(static_cast<double>(logits(i, c)));
        for (std::size_t c = 0; c < logits.shape(1); ++c) {
            d.push_back(std::exp(static_cast<double>(logits(i, c))) / sum -
                        (labels[i] == static_cast<int>(c) ? 1 : 0));
        }
        auto &g = out.emplace_back(d);
        for (const double residual : d) {
            for (std::size_t e = 0; e < embeddings.shape(1); ++e) g.push_back(residual * embeddings(i, e));
        }
    }
    return out;
}

inline double dot(const std::vector<double> &a, const std::vector<double> &b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// Position of the largest value that is not taken; ties go to the lowest.
inline std::int64_t naive_arg_max(const std::vector<double> &values, const std::vector<std::int64_t> &taken) {
    std::int64_t best = -1;
    for (std::size_t i = 0; i < values.size(); ++i) {
        bool open = true;
        for (const auto t : taken) open = open && t != static_cast<std::int64_t>(i);
        if (open && (best < 0 || values[i] > values[static_cast<std::size_t>(best)]))
            best = static_cast<std::int64_t>(i);
    }
    return best;
}

} // namespace lipt_test
