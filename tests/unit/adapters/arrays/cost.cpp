#include <lipt/adapters/arrays/cost.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

namespace {

using lipt::arrays::cost_of;
using lipt::arrays::similarities;
constexpr lipt::arrays::pool_shape pool{
    .samples = 1000, .quota = 100, .classes = 10, .width = 64, .validation = 50};

lipt::select_options with_memory(std::size_t bytes) {
    lipt::select_options options;
    options.memory = bytes;
    return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(selection_cost)

BOOST_AUTO_TEST_CASE(similarities_are_kept_where_they_fit) {
    const std::size_t square = 4 * 1000 * 1000;
    const auto fits = cost_of("facility-location", pool, with_memory(square));
    const auto does_not = cost_of("facility-location", pool, with_memory(square - 1));
    BOOST_TEST((fits->kept == similarities::kept && does_not->kept == similarities::recomputed));
    BOOST_TEST(fits->bytes - does_not->bytes == static_cast<double>(square));
    BOOST_TEST(fits->product_flops == 2.0 * 1000 * 1000 * 74); // n^2 (C+E) products
    // n ln k rows for gains and k for picks, computed again.
    BOOST_TEST(does_not->product_flops - fits->product_flops ==
                   (1000 * std::log(100.0) + 100) * 2 * 1000 * 74,
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(nearest_similarities_alone_need_memory_in_proportion_to_the_pool) {
    auto options = with_memory(1000);
    options.submodular.storage = lipt::similarity_storage::sparse;
    options.submodular.neighbours = 64;
    for (const char *method : {"facility-location", "craig", "graph-cut"}) {
        const auto cost = cost_of(method, pool, options);
        BOOST_TEST((cost->kept == similarities::sparse));
        BOOST_TEST(cost->product_flops == 2.0 * 1000 * 1000 * 74); // each computed once
        // A copy of the gradients, a block of rows twice, and 65 similarities a sample, stored both ways.
        BOOST_TEST(cost->bytes == 4.0 * 1000 * 74 + 128 * 8 * 1000 + 16 * 1000 * 65);
    }
    options.memory = 4 * 1000 * 1000;
    BOOST_TEST((cost_of("craig", pool, options)->kept == similarities::kept));
}

BOOST_AUTO_TEST_CASE(gradmatch_keeps_gram_columns_unless_they_do_not_fit) {
    const auto columns = cost_of("gradmatch", pool, with_memory(4 * 1000 * (100 + 256)));
    const auto residual = cost_of("gradmatch", pool, with_memory(1000));
    BOOST_TEST((columns->kept == similarities::kept && residual->kept == similarities::recomputed));
    BOOST_TEST(columns->bytes == 4.0 * 1000 * (100 + 256) + 8.0 * 100 * 100); // and the factor
    // The mean gradient and its projections, 2 n C E each; from the residual as much again a step.
    BOOST_TEST(columns->product_flops == 4.0 * 1000 * 10 * 64);
    BOOST_TEST(residual->product_flops > 100 * 2.0 * 1000 * 10 * 64);
}

BOOST_AUTO_TEST_CASE(rounds_of_glister_are_at_most_the_picks) {
    auto small = pool;
    small.quota = 5;
    const double round = 2.0 * 1000 * 10 * 64 + 4.0 * 50 * 10 * 64;
    BOOST_TEST(cost_of("glister", small, {})->product_flops == 5 * (round + 5 * 10 * 64));
    BOOST_TEST(cost_of("glister", pool, {})->product_flops == 15 * (round + 100 * 10 * 64));
}

BOOST_AUTO_TEST_CASE(methods_of_embeddings_alone_are_known) {
    BOOST_TEST(cost_of("gist", pool, {})->product_flops == 2.0 * 1000 * 100 * 64); // every sample, every pick
    BOOST_TEST(cost_of("gist", pool, {})->bytes == 8.0 * 1000 * 64 + 4 * 100 * 64 + 40 * 1000);
    // 20 draws a sample, each looks at all of a pool that has no more than neighbours count.
    BOOST_TEST(cost_of("zcore", pool, {})->scalar_flops == 300.0 * 20'000 * 1000);
    BOOST_TEST(cost_of("zcore", pool, {.zcore = {.draws = 7, .neighbours = 10}})->scalar_flops ==
               300.0 * 7 * 200);
    // A seeding and 20 rounds with 32 centres, and for semdedup pairs inside of as many clusters.
    const double rounds = 2.0 * 1000 * 64 * 32 * 21;
    BOOST_TEST(cost_of("prototype", pool, {})->product_flops == rounds);
    BOOST_TEST(cost_of("semdedup", pool, {})->product_flops == rounds + 2.0 * 1000 * 1000 * 64 / 32);
    lipt::select_options over_graph{.sampler = {.kind = lipt::sampler_kind::d2}};
    BOOST_TEST(cost_of("prototype", pool, over_graph)->product_flops == rounds + 2.0 * 1000 * 1000 * 64);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_not_guessed) {
    BOOST_TEST(!cost_of("magic", pool, {}).has_value());
    BOOST_TEST(cost_of("random", pool, {})->product_flops == 0);
    auto none = pool;
    none.quota = 0;
    BOOST_TEST(cost_of("gradmatch", none, {})->bytes == 0);
    lipt::arrays::method_cost sum;
    sum += *cost_of("grand", pool, {});
    sum += *cost_of("grand", pool, {});
    BOOST_TEST(sum.sweep_bytes == 2 * 4.0 * 1000 * 74);
}

BOOST_AUTO_TEST_SUITE_END()
