#include <lipt/adapters/arrays/shards.hpp>
#include <lipt/pretrain/shard.hpp>

#include <algorithm>
#include <numeric>

namespace lipt::arrays {
namespace {

/// The labels as places in the ascending list of those that occur. shapes: labels and result (N)
std::vector<std::int32_t> dense_labels(std::span<const std::int64_t> labels, std::size_t &classes) {
    std::vector<std::int64_t> known(labels.begin(), labels.end());
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    classes = known.size();
    std::vector<std::int32_t> dense;
    for (const auto label : labels)
        dense.push_back(
            static_cast<std::int32_t>(std::lower_bound(known.begin(), known.end(), label) - known.begin()));
    return dense;
}

std::vector<std::vector<std::int64_t>> planned(std::span<const std::int32_t> labels, std::size_t samples,
                                               std::size_t classes, const shard_options &options) {
    require_countable(samples, "plan");
    std::vector<std::int64_t> pool(samples);
    std::iota(pool.begin(), pool.end(), std::int64_t{0});
    return lipt::plan_shards(pool, labels, classes,
                             {.workers = options.workers,
                              .minibatches = options.minibatches,
                              .batch_size = options.batch_size,
                              .stratified = options.stratified && classes > 0},
                             options.seed)
        .shards;
}

} // namespace

std::vector<std::vector<std::int64_t>> plan_shards(std::span<const std::int64_t> labels,
                                                   const shard_options &options) {
    require_countable(labels.size(), "plan"); // so that classes fit 32 bits
    std::size_t classes = 0;
    const auto dense = dense_labels(labels, classes);
    return planned(dense, labels.size(), classes, options);
}

std::vector<std::vector<std::int64_t>> plan_shards(std::size_t samples, const shard_options &options) {
    return planned({}, samples, 0, options);
}

} // namespace lipt::arrays
