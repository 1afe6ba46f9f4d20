// Naive versions of what the selectors compute: vectors written out in double, and a greedy that asks for
// every gain at every step.
#pragma once

#include <support/selection_problem.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lipt_test {

using vectors = std::vector<std::vector<double>>;

/// The embeddings, in double.
inline vectors embeddings_of(const random_problem &problem) {
    vectors out(problem.labels.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (std::size_t e = 0; e < problem.embeddings.shape(1); ++e)
            out[i].push_back(problem.embeddings(i, e));
    }
    return out;
}

/// The written-out gradients, or the embeddings.
inline vectors vectors_of(const random_problem &problem, lipt::similarity_space space) {
    return space == lipt::similarity_space::gradients
               ? written_out(problem.logits, problem.embeddings, problem.labels)
               : embeddings_of(problem);
}

/// 0.5 + 0.5 cosine of every two.
inline vectors similarities(const vectors &x) {
    vectors out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        for (const auto &other : x)
            out[i].push_back(0.5 + 0.5 * dot(x[i], other) / std::sqrt(dot(x[i], x[i]) * dot(other, other)));
    }
    return out;
}

/// Euclidean distance of two.
inline double distance(const std::vector<double> &a, const std::vector<double> &b) {
    double sum = 0;
    for (std::size_t p = 0; p < a.size(); ++p) sum += (a[p] - b[p]) * (a[p] - b[p]);
    return std::sqrt(sum);
}

/// Adds the candidate of largest objective(picks with it), one by one; ties go to the lowest.
template <class Objective>
std::vector<std::int64_t> naive_greedy(std::size_t candidates, std::size_t quota, Objective &&objective) {
    std::vector<std::int64_t> picks;
    while (picks.size() < quota) {
        std::vector<double> values;
        for (std::size_t i = 0; i < candidates; ++i) {
            auto with = picks;
            with.push_back(static_cast<std::int64_t>(i));
            values.push_back(objective(with));
        }
        picks.push_back(naive_arg_max(values, picks));
    }
    return picks;
}

/// Calls body(problem, quota) for problems of up to eight samples and every quota; the seeds differ.
template <class Body>
void for_small_problems(Body &&body) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::size_t samples = 2 + seed % 7;
        random_problem problem({.samples = samples, .classes = 3, .width = 4, .seed = 100 + seed});
        for (std::size_t quota = 1; quota <= samples; ++quota) body(problem, quota);
    }
}

} // namespace lipt_test
