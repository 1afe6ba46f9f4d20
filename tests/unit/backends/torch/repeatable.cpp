// Settings of the process that several networks need at once.
#include <lipt/backends/torch/detail/repeatable.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>

using lipt::torch::detail::repeatable;

BOOST_AUTO_TEST_SUITE(torch_repeatable)

BOOST_AUTO_TEST_CASE(settings_come_back_when_the_last_one_ends) {
    auto &context = at::globalContext();
    context.setBenchmarkCuDNN(true);
    context.setDeterministicCuDNN(false);
    context.setAllowTF32CuBLAS(true);
    auto first = std::make_unique<repeatable>(), second = std::make_unique<repeatable>();
    BOOST_TEST(context.deterministicCuDNN());
    BOOST_TEST(!context.benchmarkCuDNN());
    BOOST_TEST(!context.allowTF32CuBLAS());
    first.reset(); // not the order in which they were made
    BOOST_TEST(context.deterministicCuDNN());
    BOOST_TEST(!context.benchmarkCuDNN());
    BOOST_TEST(!context.allowTF32CuBLAS());
    second.reset();
    BOOST_TEST(!context.deterministicCuDNN());
    BOOST_TEST(context.benchmarkCuDNN());
    BOOST_TEST(context.allowTF32CuBLAS());
    context.setBenchmarkCuDNN(false);
    context.setAllowTF32CuBLAS(false);
}

BOOST_AUTO_TEST_SUITE_END()
