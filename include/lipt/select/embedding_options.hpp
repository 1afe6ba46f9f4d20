// What the methods for embeddings without labels may be told: GIST, ZCore, prototype distance, SemDeDup.
#pragma once

#include <lipt/describe.hpp>
#include <lipt/error.hpp>

#include <cstddef>
#include <cstdint>

namespace lipt {

/// Max-min distance with a utility. source: [Fahrbach2025] Algorithm 1
struct gist_options {
    double lambda = 1.0;   ///< weight of the picks' smallest distance against the sum of their scores
    double epsilon = 0.05; ///< thresholds of the distance are a factor of 1 + epsilon apart
};

/// Coverage and redundancy in random subspaces. source: [Griffin2024] Section 3
struct zcore_options {
    std::size_t draws = 0;         ///< points drawn; 0: 20 a sample of the pool, at most 1,000,000
    std::size_t dimensions = 2;    ///< of a subspace; all where the embeddings have no more
    std::size_t neighbours = 1000; ///< of a covering sample, that count as redundant
    std::size_t exponent = 4;      ///< of their distance: how fast redundancy falls with it
};

/// Distance to the nearest of the prototypes. source: [Sorscher2022] Section 5
struct prototype_options {
    std::size_t prototypes = 0; ///< clusters of k-means; 0: the square root of the pool's size
    std::size_t rounds = 20;    ///< of k-means, at most
};

/// Near duplicates inside of clusters. source: [Abbas2023] Section 3
struct semdedup_options {
    double threshold = 0.95;  ///< cosine above which a sample is a duplicate of one that is kept
    std::size_t clusters = 0; ///< of k-means; 0: the square root of the pool's size
    std::size_t rounds = 20;  ///< of k-means, at most
};

/// The options of GIST, one after the other: see option_about.
template <class Visit>
void describe(gist_options &o, Visit &&visit) {
    visit({"gist-lambda", "0 to 1e12", "gist",
           "weight of the picks' smallest distance against their scores in GIST"},
          o.lambda);
    visit({"gist-epsilon", "0.001 to 1", "gist", "thresholds of GIST are a factor of 1 + epsilon apart"},
          o.epsilon);
}

/// The options of ZCore, one after the other: see option_about.
template <class Visit>
void describe(zcore_options &o, Visit &&visit) {
    visit({"zcore-draws", "at least 0", "zcore",
           "points that ZCore draws; 0: 20 a sample of the pool, at most 1,000,000"},
          o.draws);
    visit({"zcore-dimensions", "at least 1", "zcore", "dimensions of a subspace of ZCore"}, o.dimensions);
    visit({"zcore-neighbours", "at least 1", "zcore", "neighbours that ZCore counts as redundant"},
          o.neighbours);
    visit({"zcore-exponent", "0 to 64", "zcore", "how fast redundancy falls with the distance in ZCore"},
          o.exponent);
}

/// The options of prototype distance, one after the other: see option_about.
template <class Visit>
void describe(prototype_options &o, Visit &&visit) {
    visit(
        {"prototypes", "at least 0", "prototype", "prototypes of a pool; 0: the square root of its samples"},
        o.prototypes);
    visit({"prototype-rounds", "at least 1", "prototype", "rounds of k-means for the prototypes, at most"},
          o.rounds);
}

/// The options of SemDeDup, one after the other: see option_about.
template <class Visit>
void describe(semdedup_options &o, Visit &&visit) {
    visit({"semdedup-threshold", "-1 to 1", "semdedup", "cosine above which SemDeDup sees a duplicate"},
          o.threshold);
    visit({"semdedup-clusters", "at least 0", "semdedup",
           "clusters in which SemDeDup seeks duplicates; 0: the square root of the pool's samples"},
          o.clusters);
    visit({"semdedup-rounds", "at least 1", "semdedup", "rounds of k-means for SemDeDup's clusters, at most"},
          o.rounds);
}

/// errors: C45
inline void check(const gist_options &options) {
    require(options.lambda >= 0 && options.lambda <= 1e12 && options.epsilon >= 1e-3 && options.epsilon <= 1,
            "C45", "gist: a lambda of ", options.lambda, " and an epsilon of ", options.epsilon,
            ", expected 0 to 1e12 and 0.001 to 1");
}

/// errors: C46
inline void check(const zcore_options &options) {
    require(options.dimensions > 0 && options.neighbours > 0 && options.exponent <= 64, "C46",
            "zcore: ", options.dimensions, " dimensions, ", options.neighbours,
            " neighbours and an exponent of ", options.exponent,
            ", expected at least 1, at least 1 and at most 64");
}

/// errors: C47
inline void check(const prototype_options &options) {
    require(options.rounds > 0, "C47", "prototype: 0 rounds of k-means, expected at least 1");
}

/// errors: C47, C48
inline void check(const semdedup_options &options) {
    require(options.rounds > 0, "C47", "semdedup: 0 rounds of k-means, expected at least 1");
    require(options.threshold >= -1 && options.threshold <= 1, "C48", "semdedup: a threshold of ",
            options.threshold, ", expected a cosine, -1 to 1");
}

} // namespace lipt
