// For a small machine: no exceptions needed, and all memory from one block. Who trains on what, then which
// weights stay.
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/embedded/arena.hpp>
#include <lipt/embedded/attempt.hpp>
#include <lipt/embedded/operator_new.hpp> // in one source file of a program
#include <lipt/pretrain/prune.hpp>
#include <lipt/pretrain/shard.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace {

constexpr std::size_t samples = 40, classes = 2, width = 8;

std::array<std::byte, 1 << 16> block;
std::array<std::int64_t, samples> pool;
std::array<std::int32_t, samples> labels;
std::array<float, width * classes> weights;

/// A failed call has an id, to act on, and a sentence, to print. false: stop
template <class Value>
bool is_there(const lipt::outcome<Value> &outcome) {
    if (!outcome) std::printf("%s\n", outcome.sentence);
    return bool(outcome);
}

} // namespace

int main() {
    for (std::size_t n = 0; n < samples; ++n) {
        pool[n] = static_cast<std::int64_t>(n);
        labels[n] = static_cast<std::int32_t>(n % classes);
    }
    lipt::rng draw({.seed = 1});
    for (auto &weight : weights) weight = draw.uniform(-1, 1);

    lipt::arena memory(block);
    const auto plan_for = [&](std::size_t workers) {
        return lipt::attempt(memory, [&] {
            return lipt::plan_shards(pool, labels, classes, {.workers = workers, .batch_size = 8}, 1);
        });
    };
    is_there(plan_for(6)); // six times eight are more than forty

    if (const auto plan = plan_for(4); is_there(plan))
        std::printf("worker 0 has %zu samples\n", plan.value->shards[0].size());
    memory.clear(); // what lay in it is gone

    const lipt::reference::tensor tensor;
    const auto mask = lipt::attempt(memory, [&] {
        const std::array<lipt::weight_entry, 1> layout{
            {{"weight", {classes, width}, lipt::weight_kind::linear, 0, weights.size()}}};
        const lipt::prune_options half{.density_min = 0.5, .density_max = 0.5};
        return lipt::make_prune_mask(tensor, layout, weights, {}, half, 1, 0);
    });
    if (!is_there(mask)) return 1;
    const auto kept = std::count(mask.value->keep.begin(), mask.value->keep.end(), 1.0f);
    std::printf("%td of %zu weights stay; %s\n", kept, weights.size(),
                memory.peak() < 4096 ? "less than 4 KiB was needed" : "more than 4 KiB was needed");
    return 0;
}
