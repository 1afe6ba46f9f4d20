// Whatever backend <backend.hpp> names, held against the reference backend from the same weights.
#include <lipt/backends/reference/training.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>

#include <cmath>

using namespace lipt_test;

namespace {

constexpr tolerances tolerance = backend::tolerance;

/// Calls work(spec, batch, backend of the suite, reference backend) on every network and batch size.
template <class Work>
void on_every_network(Work work) {
    for (const auto &network : networks) {
        const auto spec = spec_of(network);
        const auto weights = weights_of(spec);
        auto tested = backend::training::make(spec, {.threads = 2});
        auto exact = lipt::reference::training::make(spec);
        for (const auto size : batch_sizes) {
            tested.load(weights, {});
            exact.load(weights, {});
            BOOST_TEST_CONTEXT(network.name << ", " << spec.image.channels << " channels, batch of "
                                            << size) {
                work(spec, batch_of(spec, size), tested, exact);
            }
        }
    }
}

/// Statistics within the tolerance of the exact ones, where the network has any.
void check_statistics(const lipt::network_spec &spec, const std::vector<float> &got,
                      const std::vector<float> &exact) {
    if (!has_statistics(spec)) return;
    BOOST_TEST(relative_distance(values_of(spec, got, statistic), values_of(spec, exact, statistic)) <=
               tolerance.statistics);
}

} // namespace

BOOST_AUTO_TEST_SUITE(agreement_with_the_reference_backend)

BOOST_AUTO_TEST_CASE(losses_gradients_and_statistics_of_a_step) {
    on_every_network([](const auto &spec, const owned_batch &batch, auto &tested, auto &exact) {
        const auto got = tested.gradient(batch.weighted_view()),
                   expected = exact.gradient(batch.weighted_view());
        BOOST_TEST(relative_distance(got, expected) <= tolerance.gradient);
        const float loss = tested.train_step(batch.weighted_view(), {});
        const float exact_loss = exact.train_step(batch.weighted_view(), {});
        BOOST_TEST(std::abs(static_cast<double>(loss) / static_cast<double>(exact_loss) - 1) <=
                   tolerance.loss);
        check_statistics(spec, tested.read().weights, exact.read().weights);
        BOOST_TEST(relative_distance(values_of(spec, tested.read().momentum, trained),
                                     values_of(spec, exact.read().momentum, trained)) <= tolerance.gradient);
    });
}

BOOST_AUTO_TEST_CASE(logits_and_embeddings) {
    on_every_network([](const auto &, const owned_batch &batch, auto &tested, auto &exact) {
        const auto got = tested.forward(batch.pixels, batch.size()),
                   expected = exact.forward(batch.pixels, batch.size());
        BOOST_TEST(relative_distance(got.logits, expected.logits) <= tolerance.output);
        BOOST_TEST(relative_distance(got.embeddings, expected.embeddings) <= tolerance.output);
    });
}

BOOST_AUTO_TEST_CASE(observed_statistics) {
    on_every_network([](const auto &spec, const owned_batch &batch, auto &tested, auto &exact) {
        tested.observe(batch.pixels, batch.size(), 0.5f);
        exact.observe(batch.pixels, batch.size(), 0.5f);
        check_statistics(spec, tested.read().weights, exact.read().weights);
    });
}

BOOST_AUTO_TEST_SUITE_END()
