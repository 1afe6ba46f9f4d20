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
