// Whatever backend <backend.hpp> names, held against the reference backend from the same weights.
#include <lipt/backends/reference/training.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>
#include <support/test_device.hpp>

#include <cmath>
#include <span>

using namespace lipt_test;

namespace {

constexpr tolerances tolerance = backend::tolerance;

/// Calls work(spec, batch, backend of the suite, reference backend, tolerances) for each batch of a network.
template <class Work>
void on_network(const network_case &network, std::span<const std::size_t> sizes, double looser, Work work) {
    const auto spec = spec_of(network);
    const auto weights = weights_of(spec);
    auto tested = backend::training::make(spec, on_device(2));
    auto exact = lipt::reference::training::make(spec);
    auto allowed = tolerance;
    for (double *each : {&allowed.loss, &allowed.output, &allowed.statistics, &allowed.gradient}) {
        *each *= looser;
    }
    for (const auto size : sizes) {
        tested.load(weights, {});
        exact.load(weights, {});
        BOOST_TEST_CONTEXT(network.name << ", " << spec.image.channels << " channels, batch of " << size) {
            work(spec, batch_of(spec, size), tested, exact, allowed);
        }
    }
}

template <class Work>
void on_every_network(Work work) {
    for (const auto &network : networks) on_network(network, batch_sizes, 1, work);
    for (const auto &[network, size, looser] : large_networks)
        on_network(network, std::span(&size, 1), looser, work);
}

/// Statistics within the tolerance of the exact ones, where the network has any.
void check_statistics(const lipt::network_spec &spec, const std::vector<float> &got,
                      const std::vector<float> &exact, const tolerances &allowed) {
    if (!has_statistics(spec)) return;
    BOOST_TEST(relative_distance(values_of(spec, got, statistic), values_of(spec, exact, statistic)) <=
               allowed.statistics);
}

} // namespace

BOOST_AUTO_TEST_SUITE(agreement_with_the_reference_backend)

BOOST_AUTO_TEST_CASE(losses_gradients_and_statistics_of_a_step) {
    on_every_network([](const auto &spec, const owned_batch &batch, auto &tested, auto &exact,
                        const tolerances &allowed) {
        const auto got = tested.gradient(batch.weighted_view()),
                   expected = exact.gradient(batch.weighted_view());
        BOOST_TEST(relative_distance(got, expected) <= allowed.gradient);
        const float loss = tested.train_step(batch.weighted_view(), {});
        const float exact_loss = exact.train_step(batch.weighted_view(), {});
        BOOST_TEST(std::abs(static_cast<double>(loss) / static_cast<double>(exact_loss) - 1) <= allowed.loss);
        check_statistics(spec, tested.read().weights, exact.read().weights, allowed);
        BOOST_TEST(relative_distance(values_of(spec, tested.read().momentum, trained),
                                     values_of(spec, exact.read().momentum, trained)) <= allowed.gradient);
    });
}

BOOST_AUTO_TEST_CASE(logits_and_embeddings) {
    on_every_network(
        [](const auto &, const owned_batch &batch, auto &tested, auto &exact, const tolerances &allowed) {
            const auto got = tested.forward(batch.pixels, batch.size()),
                       expected = exact.forward(batch.pixels, batch.size());
            BOOST_TEST(relative_distance(got.logits, expected.logits) <= allowed.output);
            BOOST_TEST(relative_distance(got.embeddings, expected.embeddings) <= allowed.output);
        });
}

BOOST_AUTO_TEST_CASE(observed_statistics) {
    on_every_network(
        [](const auto &spec, const owned_batch &batch, auto &tested, auto &exact, const tolerances &allowed) {
            tested.observe(batch.pixels, batch.size(), 0.5f);
            exact.observe(batch.pixels, batch.size(), 0.5f);
            check_statistics(spec, tested.read().weights, exact.read().weights, allowed);
        });
}

BOOST_AUTO_TEST_SUITE_END()
