// Settings of the process that several networks need at once.
#include <lipt/backends/torch/detail/gpu_libraries.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>

using lipt::precision;
using lipt::torch::detail::gpu_libraries;

namespace {

/// As a process may have them: the fastest, with TF32 everywhere; given back when the case ends.
struct careless_process {
    at::Context &context = at::globalContext();
    bool benchmark = context.benchmarkCuDNN(), deterministic = context.deterministicCuDNN();
    bool convolutions = context.allowTF32CuDNN(), products = context.allowTF32CuBLAS();

    careless_process() { set(true, false, true, true); }
    ~careless_process() { set(benchmark, deterministic, convolutions, products); }
    void set(bool tries, bool repeats, bool tf32_convolutions, bool tf32_products) {
        context.setBenchmarkCuDNN(tries);
        context.setDeterministicCuDNN(repeats);
        context.setAllowTF32CuDNN(tf32_convolutions);
        context.setAllowTF32CuBLAS(tf32_products);
    }
    void expect(bool repeats, bool tf32_convolutions) const {
        BOOST_TEST(context.deterministicCuDNN() == repeats);
        BOOST_TEST(context.benchmarkCuDNN() == !repeats);
        BOOST_TEST(context.allowTF32CuDNN() == tf32_convolutions);
        BOOST_TEST(!context.allowTF32CuBLAS());
    }
    void expect_own() const {
        BOOST_TEST(!context.deterministicCuDNN());
        BOOST_TEST(context.benchmarkCuDNN());
        BOOST_TEST(context.allowTF32CuDNN());
        BOOST_TEST(context.allowTF32CuBLAS());
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(torch_gpu_libraries)

BOOST_FIXTURE_TEST_CASE(settings_come_back_when_the_last_one_ends, careless_process) {
    auto first = std::make_unique<gpu_libraries>(precision::float32),
         second = std::make_unique<gpu_libraries>(precision::float32);
    expect(true, false);
    first.reset(); // not the order in which they were made
    expect(true, false);
    second.reset();
    expect_own();
}

BOOST_FIXTURE_TEST_CASE(only_float32_repeats_and_only_tf32_takes_tf32, careless_process) {
    for (const auto arithmetic : {precision::bfloat16, precision::float16}) {
        const gpu_libraries call(arithmetic);
        expect(false, false);
    }
    {
        const gpu_libraries call(precision::tf32);
        expect(false, true);
    }
    expect_own();
}

BOOST_FIXTURE_TEST_CASE(of_several_at_once_the_strictest_counts, careless_process) {
    auto loose = std::make_unique<gpu_libraries>(precision::tf32),
         strict = std::make_unique<gpu_libraries>(precision::float32);
    expect(true, false);
    strict.reset();
    expect(false, true);
    strict = std::make_unique<gpu_libraries>(precision::bfloat16);
    expect(false, false);
    loose.reset();
    expect(false, false);
    strict.reset();
    expect_own();
}

BOOST_AUTO_TEST_SUITE_END()
