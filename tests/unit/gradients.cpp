#include <lipt/backends/reference/tensor.hpp>
#include <lipt/gradients.hpp>
#include <lipt/random.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cmath>
#include <vector>

namespace {

using tensor_type = lipt::reference::tensor;
using gradients_type = lipt::last_layer_gradients<tensor_type>;
using lipt::host_matrix;
using vectors = std::vector<std::vector<double>>;

const tensor_type tensor;

/// Two samples in two dimensions each: g = [d ; d_c h_e] written out by hand below.
gradients_type two_samples() {
    return {.residual = host_matrix{{-0.5f, 0.5f}, {0.25f, -0.25f}},
            .embedding = host_matrix{{1.0f, 2.0f}, {-2.0f, 0.0f}}};
}

gradients_type many_samples(std::size_t count, std::size_t classes, std::size_t width) {
    lipt::rng draw({.seed = 5});
    gradients_type out{.residual = tensor.make(count, classes), .embedding = tensor.make(count, width)};
    for (auto &value : out.residual) value = draw.normal();
    for (auto &value : out.embedding) value = draw.normal();
    return out;
}

/// [d ; vec(d h^T)], the vectors that the factored form stands for.
vectors written_out(const gradients_type &gradients) {
    vectors out;
    for (std::size_t i = 0; i < gradients.residual.shape(0); ++i) {
        auto &g = out.emplace_back();
        for (std::size_t c = 0; c < gradients.residual.shape(1); ++c) g.push_back(gradients.residual(i, c));
        for (std::size_t c = 0; c < gradients.residual.shape(1); ++c) {
            for (std::size_t e = 0; e < gradients.embedding.shape(1); ++e) {
                g.push_back(static_cast<double>(gradients.residual(i, c)) * gradients.embedding(i, e));
            }
        }
    }
    return out;
}

double dot(const std::vector<double> &a, const std::vector<double> &b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// A direction as one vector, in the order of written_out.
std::vector<double> written_out(const lipt::gradient_direction<tensor_type> &direction) {
    std::vector<double> out(direction.bias.begin(), direction.bias.end());
    out.insert(out.end(), direction.weight.begin(), direction.weight.end());
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gradients)

BOOST_AUTO_TEST_CASE(residuals_come_from_logits_and_labels) {
    const std::vector<std::int32_t> labels{1};
    const auto g =
        lipt::make_gradients(tensor, host_matrix{{std::log(3.0f), 0.0f}}, host_matrix{{7.0f}}, labels);
    BOOST_TEST(std::abs(g.residual(0, 0) - 0.75f) < 1e-7f);
    BOOST_TEST(std::abs(g.residual(0, 1) + 0.75f) < 1e-7f);
    BOOST_TEST(g.embedding(0, 0) == 7.0f);
}

BOOST_AUTO_TEST_CASE(norms_by_hand) {
    // |d|^2 = 0.5 and 0.125; 1 + |h|^2 = 6 and 5.
    const auto lengths = lipt::norms(tensor, two_samples());
    BOOST_TEST(std::abs(lengths[0] - std::sqrt(3.0f)) < 1e-6f);
    BOOST_TEST(std::abs(lengths[1] - std::sqrt(0.625f)) < 1e-6f);
    const auto errors = lipt::residual_norms(tensor, two_samples());
    BOOST_TEST(std::abs(errors[0] - std::sqrt(0.5f)) < 1e-6f);
    BOOST_TEST(std::abs(errors[1] - std::sqrt(0.125f)) < 1e-6f);
}

BOOST_AUTO_TEST_CASE(inner_products_by_hand) {
    // <d_0, d_1> = -0.25 and 1 + <h_0, h_1> = -1: their product is 0.25.
    const auto gram = lipt::inner_products(tensor, two_samples(), two_samples());
    BOOST_TEST(gram(0, 0) == 3.0f);
    BOOST_TEST(gram(0, 1) == 0.25f);
    BOOST_TEST(gram(1, 0) == 0.25f);
    BOOST_TEST(gram(1, 1) == 0.625f);
}

BOOST_AUTO_TEST_CASE(mean_and_projections_by_hand) {
    const auto mean = lipt::mean_gradient(tensor, two_samples());
    BOOST_TEST((mean.bias == host_matrix{{-0.125f, 0.125f}}));
    // d h^T: [-.5 -1; .5 1] and [-.5 0; .5 0]; their mean [-.5 -.5; .5 .5].
    BOOST_TEST((mean.weight == host_matrix{{-0.5f, -0.5f}, {0.5f, 0.5f}}));
    const auto along = lipt::projections(tensor, two_samples(), mean);
    // d_0 . (bias + W h_0) = (-.5)(-.125 - 1.5) + .5 (.125 + 1.5); d_1 . (bias + W h_1) = .25 (.875) - .25
    // (-.875)
    BOOST_TEST(along(0, 0) == 1.625f);
    BOOST_TEST(along(1, 0) == 0.4375f);
}

BOOST_AUTO_TEST_CASE(everything_agrees_with_the_vectors_written_out) {
    const auto g = many_samples(23, 4, 7);
    const auto written = written_out(g);
    const auto gram = lipt::inner_products(tensor, g, g);
    const auto lengths = lipt::norms(tensor, g);
    host_matrix weights = host_matrix::from_shape({23, 1});
    for (std::size_t i = 0; i < 23; ++i) weights(i, 0) = static_cast<float>(i) - 9.0f;
    const auto sum = written_out(lipt::weighted_sum(tensor, g, weights, 0.5f));
    const auto direction = lipt::mean_gradient(tensor, g);
    const auto mean = written_out(direction);
    const auto along = lipt::projections(tensor, g, direction);
    std::vector<double> expected_sum(written[0].size()), expected_mean(written[0].size());
    for (std::size_t i = 0; i < 23; ++i) {
        BOOST_TEST(std::abs(lengths[i] - std::sqrt(dot(written[i], written[i]))) < 1e-5);
        for (std::size_t j = 0; j < 23; ++j)
            BOOST_TEST(std::abs(gram(i, j) - dot(written[i], written[j])) < 1e-4);
        BOOST_TEST(std::abs(along(i, 0) - dot(written[i], mean)) < 1e-4);
        for (std::size_t p = 0; p < expected_sum.size(); ++p) {
            expected_sum[p] += 0.5 * static_cast<double>(weights(i, 0)) * written[i][p];
            expected_mean[p] += written[i][p] / 23;
        }
    }
    for (std::size_t p = 0; p < expected_sum.size(); ++p) {
        BOOST_TEST(std::abs(sum[p] - expected_sum[p]) < 1e-4);
        BOOST_TEST(std::abs(mean[p] - expected_mean[p]) < 1e-6);
    }
}

BOOST_AUTO_TEST_CASE(gather_takes_rows_in_order) {
    const std::vector<std::int64_t> order{1, 0};
    const auto swapped = lipt::gather(tensor, two_samples(), order);
    BOOST_TEST(swapped.residual(0, 0) == 0.25f);
    BOOST_TEST(swapped.embedding(1, 1) == 2.0f);
}

BOOST_AUTO_TEST_CASE(rows_that_differ_are_an_error) {
    const std::vector<std::int32_t> labels{0, 1};
    using lipt_test::error_id;
    BOOST_TEST(error_id([&] {
                   lipt::make_gradients(tensor, tensor.make(3, 2), tensor.make(2, 2), labels);
               }) == "LIPT-G01");
    BOOST_TEST(error_id([&] {
                   lipt::make_gradients(tensor, tensor.make(2, 2), tensor.make(3, 2), labels);
               }) == "LIPT-G01");
    BOOST_TEST(error_id([&] {
                   lipt::mean_gradient(tensor, gradients_type{tensor.make(0, 2), tensor.make(0, 2)});
               }) == "LIPT-G02");
}

BOOST_AUTO_TEST_SUITE_END()
