// Masks, plans, soup and a selection as calls that report, in memory of the caller's and in no other.
#include "counting_malloc.hpp"

#include <lipt/backends/reference/tensor.hpp>
#include <lipt/embedded/arena.hpp>
#include <lipt/embedded/attempt.hpp>
#include <lipt/embedded/operator_new.hpp>
#include <lipt/pretrain/prune.hpp>
#include <lipt/pretrain/shard.hpp>
#include <lipt/pretrain/soup.hpp>
#include <lipt/select/facility_location.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t width = 6, classes = 3, samples = 60, weights_of_model = width * classes;

/// Everything that the calls are given, made outside of the arena.
struct inputs {
    inputs() {
        lipt::rng draw({.seed = 4});
        for (auto &weight : weights) weight = draw.uniform(-1, 1);
        for (std::size_t n = 0; n < samples; ++n) {
            labels.push_back(static_cast<std::int32_t>(n % classes));
            pool.push_back(static_cast<std::int64_t>(n));
            for (std::size_t i = 0; i < width; ++i) embeddings(n, i) = draw.uniform(-1, 1);
            for (std::size_t c = 0; c < classes; ++c) logits(n, c) = draw.uniform(-1, 1);
        }
        for (int model = 0; model < 3; ++model) {
            auto &matrix = models.emplace_back(lipt::host_matrix::from_shape({1, weights_of_model}));
            for (auto &value : matrix) value = draw.uniform(-1, 1);
        }
    }

    std::vector<float> weights = std::vector<float>(weights_of_model);
    std::vector<lipt::weight_entry> layout{
        {"weight", {classes, width}, lipt::weight_kind::linear, 0, weights_of_model}};
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> pool;
    lipt::host_matrix embeddings = lipt::host_matrix::from_shape({samples, width});
    lipt::host_matrix logits = lipt::host_matrix::from_shape({samples, classes});
    std::vector<lipt::host_matrix> models;
    lipt::reference::tensor tensor;
};

// The four calls, as a program writes them.
auto make_mask(const inputs &in) {
    return lipt::make_prune_mask(in.tensor, in.layout, in.weights, {}, {}, 1, 0);
}
auto make_plan(const inputs &in, std::size_t batch_size = 5) {
    return lipt::plan_shards(in.pool, in.labels, classes, {.workers = 3, .batch_size = batch_size}, 1);
}
auto make_soup(const inputs &in) {
    return lipt::make_soup(in.tensor, std::span<const lipt::host_matrix>(in.models),
                           [](const lipt::host_matrix &weights) { return -double{weights(0, 0)}; });
}
auto make_subset(const inputs &in, double fraction = 0.2) {
    const auto gradients = lipt::make_gradients(in.tensor, in.logits, in.embeddings, in.labels);
    lipt::selection_problem<lipt::reference::tensor> problem{.labels = in.labels, .classes = classes};
    problem.fraction = fraction, problem.gradients = lipt::from_memory(in.tensor, gradients);
    return lipt::select_with<lipt::methods::facility_location>(in.tensor, problem);
}

/// A block for an arena, which outlives what lies in it.
struct caller {
    std::vector<std::byte> block = std::vector<std::byte>(1 << 20);
    lipt::arena memory{block};
};

/// The call within the arena: it succeeds, takes memory from there, and asks for none elsewhere.
template <class Call>
auto within(caller &from, Call &&call) {
    const std::size_t before = lipt_test::count_of_mallocs();
    auto result = lipt::attempt(from.memory, call);
    BOOST_TEST(lipt_test::count_of_mallocs() == before);
    BOOST_TEST(from.memory.peak() > 0u);
    BOOST_REQUIRE_MESSAGE(result, result.sentence);
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(attempt_)

BOOST_AUTO_TEST_CASE(a_mask_lies_in_the_callers_memory) {
    const inputs in;
    caller from;
    const auto mask = within(from, [&] { return make_mask(in); });
    BOOST_TEST(mask.value->keep == make_mask(in).keep, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_plan_lies_in_the_callers_memory) {
    const inputs in;
    caller from;
    const auto plan = within(from, [&] { return make_plan(in); });
    BOOST_TEST((plan.value->shards == make_plan(in).shards));
}

BOOST_AUTO_TEST_CASE(a_soup_lies_in_the_callers_memory) {
    const inputs in;
    caller from;
    const auto soup = within(from, [&] { return make_soup(in); });
    BOOST_TEST((soup.value->weights == make_soup(in).weights));
}

BOOST_AUTO_TEST_CASE(a_subset_lies_in_the_callers_memory) {
    const inputs in;
    caller from;
    const auto subset = within(from, [&] { return make_subset(in); });
    BOOST_TEST(subset.value->indices == make_subset(in).indices, boost::test_tools::per_element());
    BOOST_TEST(subset.value->indices.size() == samples / 5);
}

BOOST_AUTO_TEST_CASE(outside_of_a_call_memory_is_mallocs) {
    const std::size_t before = lipt_test::count_of_mallocs();
    const auto number = std::make_unique<int>(1);
    BOOST_TEST(*number == 1);
    BOOST_TEST(lipt_test::count_of_mallocs() == before + 1);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_reported_by_id_and_sentence) {
    inputs in;
    caller from;
    const auto plan = lipt::attempt(from.memory, [&] { return make_plan(in, 50); });
    BOOST_TEST(!plan);
    BOOST_TEST(plan.id == std::string_view("LIPT-Q02"));
    BOOST_TEST(
        std::string_view(plan.sentence).starts_with("[LIPT-Q02] plan: 3 workers x 1 minibatches x 50"));

    in.layout[0].offset = 1;
    const auto mask = lipt::attempt(from.memory, [&] { return make_mask(in); });
    BOOST_TEST(mask.id == std::string_view("LIPT-P02"));

    in.models[1] = lipt::host_matrix::from_shape({1, 2});
    const auto soup = lipt::attempt(from.memory, [&] { return make_soup(in); });
    BOOST_TEST(std::string_view(soup.id).starts_with("LIPT-S"));

    const auto subset = lipt::attempt(from.memory, [&] { return make_subset(in, -1); });
    BOOST_TEST(subset.id == std::string_view("LIPT-D04"));

    // And after all that the next call is like the first.
    from.memory.clear();
    BOOST_TEST(bool(lipt::attempt(from.memory, [&] { return make_plan(in); })));
}

BOOST_AUTO_TEST_CASE(memory_that_does_not_suffice_is_reported) {
    const inputs in;
    std::array<std::byte, 512> block;
    lipt::arena memory(block);
    const auto subset = lipt::attempt(memory, [&] { return make_subset(in); });
    BOOST_TEST(!subset);
    BOOST_TEST(subset.id == std::string_view("LIPT-M01"));
}

BOOST_AUTO_TEST_CASE(a_sentence_that_is_too_long_is_cut) {
    caller from;
    const auto outcome = lipt::attempt(from.memory, []() -> int {
        lipt::fail("Z09", std::string_view(
                              "0123456789012345678901234567890123456789012345678901234567890123456789"
                              "0123456789012345678901234567890123456789012345678901234567890123456789"
                              "0123456789012345678901234567890123456789012345678901234567890123456789"
                              "0123456789012345678901234567890123456789012345678901234567890123456789"));
    });
    BOOST_TEST(outcome.id == std::string_view("LIPT-Z09"));
    BOOST_TEST(std::string_view(outcome.sentence).size() == sizeof outcome.sentence - 1);
}

BOOST_AUTO_TEST_CASE(attempts_may_lie_within_each_other) {
    caller outer, inner;
    const auto outcome = lipt::attempt(outer.memory, [&] {
        const auto first = lipt::attempt(inner.memory, []() -> int { lipt::fail("Z08", "within"); });
        lipt::require(first.id == std::string_view("LIPT-Z08"), "Z07", "the inner id was lost");
        return std::make_unique<int>(5);
    });
    BOOST_REQUIRE(bool(outcome));
    BOOST_TEST(**outcome.value == 5);
    BOOST_TEST(outer.memory.used() > 0u);
}

BOOST_AUTO_TEST_CASE(an_arena_aligns_and_takes_back_what_came_last) {
    alignas(64) std::array<std::byte, 256> block;
    lipt::arena memory(block);
    std::pmr::memory_resource &resource = memory;
    auto *const first = resource.allocate(3, 1);
    auto *const second = resource.allocate(64, 64);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(second) % 64 == 0u);
    BOOST_TEST(memory.used() == 128u);
    resource.deallocate(second, 64, 64);
    BOOST_TEST(memory.used() == 64u);
    resource.deallocate(first, 3, 1); // not the last: stays until the arena is emptied
    BOOST_TEST(memory.used() == 64u);
    memory.clear();
    BOOST_TEST(memory.used() == 0u);
    BOOST_TEST(memory.peak() == 128u);
}

BOOST_AUTO_TEST_SUITE_END()
