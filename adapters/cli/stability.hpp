// How much of a selection is chance: agreement of scores and of subsets between seeds, models or methods.
#pragma once

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lipt::adapters {

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

/// Scores and a subset of one selection; either may be missing.
struct selection_outcome {
    std::string name;
    std::vector<double> scores;
    std::vector<std::int64_t> subset;
    bool has_subset = false;
    std::size_t samples = 0; ///< that were selected from; 0 where nothing says
};

/// Reads a run directory (scores.npy, subset.npy), scores (.npy of floating-point numbers) or a subset (.npy
/// of integers). errors: U34 neither, C33 not one-dimensional or an index negative or twice, and F-ids
selection_outcome read_outcome(const std::filesystem::path &path);

/// Two outcomes held against each other; what cannot be told is nothing.
struct outcome_pair {
    std::size_t first = 0, second = 0;
    std::optional<double> correlation, overlap, expected;
};

/// All pairs, in order. errors: C34 scores of different numbers of samples
std::vector<outcome_pair> compare_outcomes(std::span<const selection_outcome> outcomes);

/// Adds `lipt stability` to the program.
void add_stability_command(CLI::App &app);

} // namespace lipt::adapters
