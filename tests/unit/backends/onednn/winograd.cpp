// Winograd's method for each width of vectors that the processor has, beside the direct sum in double.
#include <lipt/backends/onednn/detail/winograd_passes.hpp>
#include <lipt/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace lipt::onednn::detail;

struct width {
    const winograd_passes *passes;
    std::size_t block;
};

std::vector<width> widths() {
    std::vector<width> found;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back({&winograd_avx2, 8});
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        found.push_back({&winograd_avx512, 16});
    }
    return found;
}

/// A plane below one tile, planes that end within one, channels of half a panel and of more than one group.
const std::vector<winograd_shape> shapes{
    {16, 16, 1, 1}, {80, 96, 2, 3}, {32, 16, 5, 7}, {80, 48, 4, 4}, {48, 144, 6, 9}, {160, 32, 8, 8},
};

std::vector<float> values(std::size_t size, std::uint64_t seed) {
    lipt::rng draw({.seed = seed});
    std::vector<float> made(size);
    for (auto &value : made) value = draw.uniform(-1.0f, 1.0f);
    return made;
}

/// One problem: activations and weights in plain layouts, and in blocks where a pass reads or writes them.
struct problem {
    winograd_shape shape;
    std::size_t block, images;

    std::size_t activation(std::size_t channels, std::size_t i, std::size_t c, std::size_t y,
                           std::size_t x) const {
        return (((i * (channels / block) + c / block) * shape.height + y) * shape.width + x) * block +
               c % block;
    }
    /// shapes: (out/b,in/b,3,3,b in,b out)
    std::size_t weight(std::size_t out, std::size_t in, std::size_t y, std::size_t x,
                       std::size_t all_in) const {
        return ((((out / block * (all_in / block) + in / block) * 3 + y) * 3 + x) * block + in % block) *
                   block +
               out % block;
    }
    std::size_t pixels() const { return images * shape.height * shape.width; }

    /// Calls step(output's, input's and weight's index) for each product of the direct sum. `gradient`: the
    /// kernel is turned around and its channels exchanged, as the data gradient takes it.
    template <class Step>
    void for_products(bool gradient, Step step) const {
        for (std::size_t i = 0; i < images * shape.out_channels * shape.in_channels; ++i) {
            const std::size_t c = i % shape.in_channels, o = i / shape.in_channels % shape.out_channels,
                              image = i / shape.in_channels / shape.out_channels;
            for (std::size_t k = 0; k < 9; ++k) {
                const std::size_t ky = k / 3, kx = k % 3;
                const auto kernel = gradient ? weight(c, o, 2 - ky, 2 - kx, shape.out_channels)
                                             : weight(o, c, ky, kx, shape.in_channels);
                for_covered(ky, shape.height, [&](std::size_t y) {
                    for_covered(kx, shape.width, [&](std::size_t x) {
                        step(activation(shape.out_channels, image, o, y, x),
                             activation(shape.in_channels, image, c, y + ky - 1, x + kx - 1), kernel);
                    });
                });
            }
        }
    }

  private:
    /// Calls step(output) where the input that a row or column of the kernel meets lies inside of the plane.
    template <class Step>
    static void for_covered(std::size_t kernel, std::size_t side, Step step) {
        for (std::size_t at = kernel == 0; at < side && at + kernel <= side; ++at) step(at);
    }
};

/// The largest difference, in units of the largest value that is expected.
double error_of(const std::vector<float> &made, const std::vector<double> &expected) {
    double largest = 0, scale = 1e-9;
    for (std::size_t i = 0; i < made.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(made[i]) - expected[i]));
        scale = std::max(scale, std::abs(expected[i]));
    }
    return largest / scale;
}

template <class Check>
void for_problems(Check check) {
    const auto found = widths();
    BOOST_TEST_REQUIRE((!found.empty() || !__builtin_cpu_supports("avx2")));
    for (const auto &each : found) {
        for (const auto &shape : shapes) {
            // 61 images: more tiles than are held at once, and a last lot that is not full.
            const std::size_t images = shape.height < 4 ? 61 : 3;
            BOOST_TEST_CONTEXT(each.passes->name << ", " << shape.in_channels << " to " << shape.out_channels
                                                 << ", " << shape.height << "x" << shape.width) {
                check(*each.passes, problem{shape, each.block, images});
            }
        }
    }
}

constexpr double tolerance = 2e-5; // up to 7e-6 was seen

/// Forward, or the data gradient, with everything that may end it.
void check_convolve(const winograd_passes &passes, const problem &at, bool gradient, winograd_ending ending) {
    const auto &shape = at.shape;
    const auto source = values(at.pixels() * shape.in_channels, 1),
               weights = values(9 * shape.in_channels * shape.out_channels, 2),
               bias = values(shape.out_channels, 3);
    auto target = values(at.pixels() * shape.out_channels, 4);
    std::vector<double> expected(target.size());
    if (ending.accumulate) expected.assign(target.begin(), target.end());
    at.for_products(gradient, [&](std::size_t to, std::size_t from, std::size_t weight) {
        expected[to] += static_cast<double>(source[from]) * weights[weight];
    });
    if (ending.bias != nullptr) {
        ending.bias = bias.data();
        const std::size_t plane = shape.height * shape.width * at.block;
        for (std::size_t i = 0; i < expected.size(); ++i)
            expected[i] += bias[i / plane * at.block % shape.out_channels + i % at.block];
    }
    if (ending.relu) {
        for (auto &value : expected) value = std::max(value, 0.0);
    }
    std::vector<float> copy(passes.weight_floats(shape)), scratch(passes.scratch_floats(shape));
    (gradient ? passes.backward_weights : passes.weights)(shape, weights.data(), copy.data());
    passes.convolve(shape, at.images, source.data(), copy.data(), ending, target.data(), scratch.data());
    BOOST_TEST(error_of(target, expected) < tolerance);
}

} // namespace

BOOST_AUTO_TEST_SUITE(onednn_winograd)

BOOST_AUTO_TEST_CASE(forward_is_the_direct_sum) {
    for_problems([](const auto &passes, const auto &at) { check_convolve(passes, at, false, {}); });
}

BOOST_AUTO_TEST_CASE(bias_accumulation_and_relu_come_last) {
    const float given = 0; // any address: the check brings its own bias
    for_problems([&](const auto &passes, const auto &at) {
        check_convolve(passes, at, false, {.bias = &given, .accumulate = true, .relu = true});
        check_convolve(passes, at, false, {.bias = &given});
    });
}

BOOST_AUTO_TEST_CASE(the_data_gradient_is_the_direct_sum) {
    for_problems([](const auto &passes, const auto &at) { check_convolve(passes, at, true, {}); });
}

BOOST_AUTO_TEST_CASE(the_weight_gradient_is_the_direct_sum) {
    for_problems([](const auto &passes, const auto &at) {
        const auto &shape = at.shape;
        const auto source = values(at.pixels() * shape.in_channels, 1),
                   gradient = values(at.pixels() * shape.out_channels, 2);
        std::vector<float> made = values(9 * shape.in_channels * shape.out_channels, 3),
                           scratch(passes.gradient_scratch_floats(shape, at.images));
        std::vector<double> expected(made.size());
        at.for_products(false, [&](std::size_t to, std::size_t from, std::size_t weight) {
            expected[weight] += static_cast<double>(source[from]) * gradient[to];
        });
        passes.weights_gradient(shape, at.images, source.data(), gradient.data(), made.data(),
                                scratch.data());
        BOOST_TEST(error_of(made, expected) < tolerance);
    });
}

/// An image's values do not depend on what comes before and after it, and NaN is not lost in a ReLU.
BOOST_AUTO_TEST_CASE(an_image_depends_on_no_other) {
    for_problems([](const auto &passes, const auto &at) {
        const auto &shape = at.shape;
        const std::size_t in = at.pixels() / at.images * shape.in_channels,
                          out = at.pixels() / at.images * shape.out_channels;
        auto source = values(in * at.images, 1);
        source[0] = std::nanf("");
        const auto weights = values(9 * shape.in_channels * shape.out_channels, 2);
        std::vector<float> copy(passes.weight_floats(shape)), scratch(passes.scratch_floats(shape)),
            all(out * at.images), alone(out);
        passes.weights(shape, weights.data(), copy.data());
        passes.convolve(shape, at.images, source.data(), copy.data(), {.relu = true}, all.data(),
                        scratch.data());
        passes.convolve(shape, 1, source.data() + 2 * in, copy.data(), {.relu = true}, alone.data(),
                        scratch.data());
        BOOST_TEST(std::isnan(all[0]));
        BOOST_TEST(
            std::equal(alone.begin(), alone.end(), all.begin() + static_cast<std::ptrdiff_t>(2 * out)));
    });
}

BOOST_AUTO_TEST_SUITE_END()
