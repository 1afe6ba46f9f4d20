// Memory of tensors that stays with a network.
#include <lipt/backends/torch/detail/memory.hpp>

#include <ATen/ATen.h>
#include <boost/test/unit_test.hpp>

using lipt::torch::detail::kept_memory;
using lipt::torch::detail::memory_use;

BOOST_AUTO_TEST_SUITE(torch_memory)

BOOST_AUTO_TEST_CASE(a_block_comes_back_to_those_that_use_its_memory_and_to_nobody_else) {
    at::Tensor outlives;
    kept_memory memory;
    const void *block = nullptr;
    {
        const memory_use use(memory);
        block = at::zeros({1 << 20}).data_ptr();
        BOOST_TEST(at::zeros({1 << 20}).data_ptr() == block);
        const auto held = at::zeros({1 << 20});
        BOOST_TEST(at::zeros({1 << 20}).data_ptr() != held.data_ptr());
        outlives = held;
    }
    BOOST_TEST(!memory_use::current());
    BOOST_TEST(at::zeros({1 << 20}).data_ptr() != block);
    memory.tidy();
    memory = kept_memory(); // the tensor that is left gives its block back to the memory it came from
    BOOST_TEST(outlives.sum().item<float>() == 0.0f);
}

BOOST_AUTO_TEST_SUITE_END()
