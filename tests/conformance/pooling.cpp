// Max-pooling of the oneDNN backend, value by value against the reference backend's: ties, NaN, and a
// batch-norm applied on the fly.
#include <lipt/backends/onednn/detail/convolution.hpp>
#include <lipt/backends/onednn/detail/pooling.hpp>
#include <lipt/backends/reference/pooling.hpp>
#include <lipt/random.hpp>

#include <boost/test/unit_test.hpp>
#include <conformance/networks.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

namespace onednn = lipt::onednn::detail;

constexpr std::size_t channels = 32, images = 2;

lipt::layer pool_of(std::size_t height, std::size_t width) {
    return {.kind = lipt::layer_kind::max_pool,
            .in = {channels, height, width},
            .out = {channels, (height - 1) / 2 + 1, (width - 1) / 2 + 1},
            .kernel = 3,
            .stride = 2,
            .padding = 1};
}

onednn::window_shape windows_of(const lipt::layer &at) {
    return {.images = images,
            .channels = channels,
            .height = at.in.height,
            .width = at.in.width,
            .out_height = at.out.height,
            .out_width = at.out.width,
            .kernel = at.kernel,
            .stride = at.stride,
            .padding = at.padding};
}

/// From (image,channel,pixel) to blocks of channels, or back.
std::vector<float> reordered(const std::vector<float> &from, const lipt::image_shape &shape, bool back) {
    const std::size_t block = onednn::channel_block(), pixels = shape.height * shape.width;
    std::vector<float> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::size_t pixel = i % pixels, channel = i / pixels % channels, image = i / pixels / channels;
        const std::size_t blocked =
            ((image * (channels / block) + channel / block) * pixels + pixel) * block + channel % block;
        (back ? to[i] : to[blocked]) = back ? from[blocked] : from[i];
    }
    return to;
}

/// Few different values, so that windows have ties.
std::vector<float> values(std::size_t size, std::uint64_t seed) {
    lipt::rng draw({.seed = seed, .stage = lipt::stream::test});
    std::vector<float> made(size);
    for (auto &value : made) value = 0.5f * static_cast<float>(draw.below(7)) - 1.5f;
    return made;
}

struct results {
    std::vector<float> output, gradient;
};

results reference(const lipt::layer &at, const std::vector<float> &source,
                  const std::vector<float> &gradient) {
    results made{std::vector<float>(images * at.out.size()), std::vector<float>(images * at.in.size())};
    for (std::size_t n = 0; n < images; ++n) {
        const float *image = source.data() + n * at.in.size();
        lipt::reference::max_pool(at, image, made.output.data() + n * at.out.size());
        lipt::reference::add_max_pool_gradient(at, image, gradient.data() + n * at.out.size(),
                                               made.gradient.data() + n * at.in.size());
    }
    return made;
}

results blocked(const lipt::layer &at, const std::vector<float> &source, const onednn::pooled_norm *norm,
                const std::vector<float> &gradient) {
    const auto in = reordered(source, at.in, false), back = reordered(gradient, at.out, false);
    results made{std::vector<float>(images * at.out.size(), -7.0f),
                 std::vector<float>(images * at.in.size(), -7.0f)};
    onednn::max_pool(windows_of(at), in.data(), norm, made.output.data());
    onednn::max_pool_gradient(windows_of(at), in.data(), norm, back.data(), made.gradient.data());
    return {reordered(made.output, at.out, true), reordered(made.gradient, at.in, true)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(onednn_pooling)

BOOST_AUTO_TEST_CASE(values_and_gradients_are_those_of_the_reference_backend) {
    for (const auto &at : {pool_of(8, 8), pool_of(7, 5), pool_of(1, 1), pool_of(2, 1)}) {
        const auto source = values(images * at.in.size(), 1), gradient = values(images * at.out.size(), 2);
        const auto got = blocked(at, source, nullptr, gradient), expected = reference(at, source, gradient);
        BOOST_TEST((got.output == expected.output));
        BOOST_TEST((got.gradient == expected.gradient));
    }
}

BOOST_AUTO_TEST_CASE(a_batch_norm_is_applied_before_values_are_compared) {
    const auto at = pool_of(9, 6);
    const auto source = values(images * at.in.size(), 3), gradient = values(images * at.out.size(), 4);
    // Factors of both signs and zero; powers of two, so that both sides round alike.
    std::vector<float> mean(channels), factor(channels), shift(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        mean[c] = 0.25f * static_cast<float>(c % 3);
        factor[c] = 0.5f * (static_cast<float>(c % 5) - 2.0f);
        shift[c] = 0.125f * static_cast<float>(c % 4);
    }
    for (const bool relu : {false, true}) {
        auto normed = source;
        for (std::size_t i = 0; i < normed.size(); ++i) {
            const std::size_t c = i / (at.in.height * at.in.width) % channels;
            normed[i] = (normed[i] - mean[c]) * factor[c] + shift[c];
            if (relu) normed[i] = std::max(normed[i], 0.0f);
        }
        const onednn::pooled_norm norm{{mean.data(), factor.data(), shift.data()}, relu};
        const auto got = blocked(at, source, &norm, gradient), expected = reference(at, normed, gradient);
        BOOST_TEST((got.output == expected.output));
        BOOST_TEST((got.gradient == expected.gradient));
    }
}

BOOST_AUTO_TEST_CASE(nan_shows_in_every_window_that_has_it) {
    const auto at = pool_of(7, 7);
    auto source = values(images * at.in.size(), 5);
    const auto gradient = values(images * at.out.size(), 6);
    for (std::size_t i = 3; i < source.size(); i += 29) source[i] = std::numeric_limits<float>::quiet_NaN();
    const auto got = blocked(at, source, nullptr, gradient), expected = reference(at, source, gradient);
    for (std::size_t i = 0; i < got.output.size(); ++i) {
        BOOST_TEST((std::isnan(got.output[i]) == std::isnan(expected.output[i])));
    }
    BOOST_TEST((got.gradient == expected.gradient));
}

BOOST_AUTO_TEST_SUITE_END()
