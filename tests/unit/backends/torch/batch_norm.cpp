// Batch-norm in parts on a processor, against ATen's own on the whole batch.
#include <lipt/backends/torch/detail/batch_norm.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace lipt::torch::detail;

namespace {

double distance(const at::Tensor &got, const at::Tensor &expected) {
    return ((got - expected).norm() / expected.norm()).item<double>();
}

/// Joins what work(first image, how many) yields for two parts of unlike length.
template <class Work>
at::Tensor in_two_parts(Work work) {
    return at::cat({work(0, 5), work(5, 2)});
}

} // namespace

BOOST_AUTO_TEST_SUITE(torch_batch_norm)

BOOST_AUTO_TEST_CASE(any_number_of_channels_in_either_format_agrees_with_aten) {
    at::manual_seed(1); // LibTorch's own seed differs from run to run
    for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
        for (const std::int64_t channels : {1, 3, 8, 21}) {
            const lipt::layer at{.kind = lipt::layer_kind::batch_norm,
                                 .relu = true,
                                 .out = {static_cast<std::size_t>(channels), 5, 3}};
            const auto x = at::randn({7, channels, 5, 3}).add_(3).contiguous(format),
                       from = at::randn({7, channels, 5, 3}).contiguous(format);
            const norm_weights weights{at::rand({channels}) + 0.5, at::randn({channels}),
                                       at::zeros({channels}), at::ones({channels})};
            auto mean = weights.mean.clone(), variance = weights.variance.clone();
            const auto [y, saved_mean, saved_inverse] =
                at::native_batch_norm(x, weights.scale, weights.shift, mean, variance, true, 0.25, 1e-5);
            const auto output = y.relu();
            const auto [to, scale, shift] = at::native_batch_norm_backward(
                at::threshold_backward(from, output, 0), x, weights.scale, mean, variance, saved_mean,
                saved_inverse, true, 1e-5, {true, true, true});

            batch_norm norm(at, weights);
            norm.use_batch(2, 0.25);
            norm.find(0, x.narrow(0, 0, 5));
            norm.find(1, x.narrow(0, 5, 2));
            norm.join();
            const auto part = [](const at::Tensor &of, std::int64_t first, std::int64_t size) {
                return of.narrow(0, first, size);
            };
            const auto got = in_two_parts([&](std::int64_t first, std::int64_t size) {
                return norm.apply(part(x, first, size), {}, false);
            });
            const auto pass = [&](std::int64_t first, std::int64_t size) {
                return norm_pass{part(from, first, size), part(x, first, size), part(got, first, size)};
            };
            norm.find_gradient(0, pass(0, 5));
            norm.find_gradient(1, pass(5, 2));
            auto got_scale = at::zeros({channels}), got_shift = at::zeros({channels});
            norm.join_gradient(got_scale, got_shift);
            const auto got_to = in_two_parts([&](std::int64_t first, std::int64_t size) {
                return norm.differentiate(pass(first, size), false).input;
            });
            BOOST_TEST_CONTEXT(channels << " channels") {
                BOOST_TEST(distance(got, output) < 1e-5);
                BOOST_TEST(distance(weights.mean, mean) < 1e-5);
                BOOST_TEST(distance(weights.variance, variance) < 1e-5);
                BOOST_TEST(distance(got_scale, scale) < 1e-4);
                BOOST_TEST(distance(got_shift, shift) < 1e-4);
                BOOST_TEST(distance(got_to, to) < 1e-4);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
