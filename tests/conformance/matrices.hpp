// Matrices that the conformance of a tensor backend is tested with, and how they are compared.
#pragma once

#include <lipt/random.hpp>
#include <lipt/tensor.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <support/test_device.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace lipt_test {

using tensor_type = lipt_test::backend::tensor;
using matrix = tensor_type::matrix;
using lipt::host_matrix;

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// A backend of that many threads, where it has any.
template <class Tensor = tensor_type>
Tensor make_tensor(std::size_t threads = 1) {
    return tensor_on_device<Tensor>(threads);
}

inline host_matrix filled(std::size_t rows, std::size_t columns, std::uint32_t stream) {
    host_matrix out = host_matrix::from_shape({rows, columns});
    lipt::rng draw({.seed = 11, .stage = lipt::stream::test, .sample = stream});
    for (auto &value : out) value = draw.normal();
    return out;
}

inline host_matrix of(std::size_t rows, std::size_t columns, const std::vector<float> &values) {
    host_matrix out = host_matrix::from_shape({rows, columns});
    std::copy(values.begin(), values.end(), out.data());
    return out;
}

inline bool same_bits(const host_matrix &a, const host_matrix &b) {
    return a.shape() == b.shape() &&
           (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

inline void check_near(const host_matrix &got, const host_matrix &expected, double tolerance) {
    BOOST_REQUIRE((got.shape() == expected.shape()));
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        worst = std::max(
            worst, std::abs(static_cast<double>(got.data()[i]) - static_cast<double>(expected.data()[i])));
        if (std::isnan(got.data()[i])) worst = infinity;
    }
    BOOST_TEST(worst <= tolerance);
}

} // namespace lipt_test
