// What the torch tensor backend offers beyond the concept: devices by name, tensors of the user's, float64.
#include <lipt/backends/torch/tensor.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

using lipt::torch::matrix;
using lipt::torch::tensor;

using lipt_test::error_id;

BOOST_AUTO_TEST_SUITE(torch_tensor)

BOOST_AUTO_TEST_CASE(devices_by_name) {
    BOOST_TEST(lipt::torch::device_of("cpu").is_cpu());
    for (const char *name : {"gpu", "", "cuda:x", "cuda:-2", "meta", "cpu:7"}) {
        BOOST_TEST(error_id([&] { lipt::torch::device_of(name); }) == "LIPT-L01", name);
    }
    // No LibTorch that these tests are built with has one hundred GPUs.
    BOOST_TEST(error_id([] { lipt::torch::device_of("cuda:99"); }) == "LIPT-L02");
}

BOOST_AUTO_TEST_CASE(a_tensor_of_the_users_is_shared_where_it_fits_and_converted_where_it_does_not) {
    const tensor backend;
    auto own = at::full({2, 3}, 1.0f);
    const auto shared = backend.from_tensor(own);
    own.fill_(5.0f);
    BOOST_TEST(backend.get(shared, 1, 2) == 5.0f);
    const auto converted = backend.from_tensor(at::full({2, 3}, 0.5, at::kDouble));
    BOOST_TEST((converted.values().scalar_type() == at::kFloat));
    BOOST_TEST(backend.get(converted, 0, 0) == 0.5f);
    BOOST_TEST(error_id([&] { backend.from_tensor(at::zeros({3})); }) == "LIPT-L03");
}

BOOST_AUTO_TEST_CASE(matrices_of_float64_keep_what_float32_loses) {
    const tensor single, twice({.type = at::kDouble});
    const auto difference = [](const tensor &backend) {
        // (1 + 2^-30) - 1, which float32 rounds to 0.
        auto y = backend.from_tensor(at::full({1, 1}, 1.0 + 0x1p-30, at::kDouble));
        backend.combine(-1.0f, backend.from_tensor(at::ones({1, 1})), 1.0f, y);
        return backend.get(y, 0, 0);
    };
    BOOST_TEST(difference(single) == 0.0f);
    BOOST_TEST(difference(twice) == 0x1p-30f);
    BOOST_TEST(error_id([] { tensor({.type = at::kHalf}); }) == "LIPT-L05");
    BOOST_TEST(error_id([] { tensor(0); }) == "LIPT-L04");
}

BOOST_AUTO_TEST_CASE(the_threads_of_the_process_are_its_own_again_after_a_call) {
    at::set_num_threads(3); // of this thread, as a user may have it
    const tensor backend(2);
    auto out = backend.make(0, 0);
    backend.gemm(backend.make(600, 5), backend.make(5, 7), out);
    backend.column_means(out);
    BOOST_TEST(at::get_num_threads() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
