// Which samples each worker of a pre-training sees: disjoint shards, drawn from all samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lipt::arrays {

/// How many samples the workers get. source: [Ro2023] Section 3.2
struct shard_options {
    std::size_t workers = 10;
    std::size_t minibatches = 1;  ///< a worker
    std::size_t batch_size = 256; ///< samples a minibatch
    bool stratified = true;       ///< every shard has the classes' shares; needs labels
    std::uint64_t seed = 0;
};

/// Disjoint shards of minibatches * batch_size samples each, a pure function of labels and options. Labels
/// may be any whole numbers. shapes: labels (N); result workers lists of indices into them
/// errors: Q01 a setting of 0, Q02 fewer samples than the workers need, D24 more samples than 32 bits count
std::vector<std::vector<std::int64_t>> plan_shards(std::span<const std::int64_t> labels,
                                                   const shard_options &options = {});

/// The same of that many samples without labels: drawn at random, whatever `stratified` says.
std::vector<std::vector<std::int64_t>> plan_shards(std::size_t samples, const shard_options &options = {});

} // namespace lipt::arrays
