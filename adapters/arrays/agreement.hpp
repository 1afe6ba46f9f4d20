// How far two selections agree, and how far chance would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lipt::arrays {

/// Ranks from 1; equal values share the mean of their ranks. shapes: result (n). cost: O(n log n)
std::vector<double> average_ranks(std::span<const double> values);

/// Spearman's rank correlation: Pearson's of the ranks, over the rows where both are numbers; nothing where
/// fewer than two are left or all are equal. shapes: a and b (N). cost: O(N log N).
std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b);

/// |a and b| / |a or b|, 1 of two empty ones. shapes: a and b unique, in any order. cost: O(k log k)
double jaccard_overlap(std::span<const std::int64_t> a, std::span<const std::int64_t> b);

/// The mean of that overlap for two subsets of these sizes drawn at random, each on its own, from `samples`.
/// The number in both is hypergeometric, and its distribution is summed. cost: O(min(a, b))
double expected_overlap(std::size_t a, std::size_t b, std::size_t samples);

} // namespace lipt::arrays
