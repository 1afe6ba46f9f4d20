#include <lipt/random.hpp>
#include <lipt/select/least_squares.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using doubles = std::vector<double>;

/// A random symmetric positive definite matrix: A A^T + ridge I with A (size, rank).
doubles random_matrix(std::size_t size, std::size_t rank, double ridge, std::uint64_t seed) {
    lipt::rng draw({.seed = seed});
    doubles factor(size * rank), out(size * size);
    for (auto &value : factor) value = draw.normal();
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) {
            for (std::size_t p = 0; p < rank; ++p)
                out[i * size + j] += factor[i * rank + p] * factor[j * rank + p];
        }
        out[i * size + i] += ridge;
    }
    return out;
}

doubles random_vector(std::size_t size, std::uint64_t seed) {
    lipt::rng draw({.seed = seed, .sample = 1});
    doubles out(size);
    for (auto &value : out) value = draw.normal();
    return out;
}

lipt::growing_cholesky factor_of(const doubles &matrix, std::size_t size) {
    lipt::growing_cholesky factor;
    for (std::size_t i = 0; i < size; ++i) factor.append(std::span(matrix).subspan(i * size, i + 1));
    return factor;
}

double distance(const doubles &matrix, const doubles &x, const doubles &c) {
    double sum = 0;
    for (std::size_t i = 0; i < c.size(); ++i) {
        double row = -c[i];
        for (std::size_t j = 0; j < x.size(); ++j) row += matrix[i * c.size() + j] * x[j];
        sum += row * row;
    }
    return sum;
}

/// The least distance over x >= 0, by trying every set of free variables.
double best_by_exhaustion(const doubles &matrix, const doubles &c) {
    const std::size_t size = c.size();
    double best = std::numeric_limits<double>::infinity();
    for (unsigned set = 0; set < (1u << size); ++set) {
        std::vector<std::size_t> part;
        for (std::size_t i = 0; i < size; ++i) {
            if (set >> i & 1u) part.push_back(i);
        }
        lipt::growing_cholesky factor;
        doubles right;
        for (std::size_t t = 0; t < part.size(); ++t) {
            doubles row(t + 1);
            double b = 0;
            for (std::size_t p = 0; p < size; ++p) {
                for (std::size_t s = 0; s <= t; ++s)
                    row[s] += matrix[p * size + part[t]] * matrix[p * size + part[s]];
                b += matrix[p * size + part[t]] * c[p];
            }
            factor.append(row);
            right.push_back(b);
        }
        const auto solution = factor.solve(right);
        doubles x(size);
        bool allowed = true;
        for (std::size_t t = 0; t < part.size(); ++t) {
            allowed = allowed && solution[t] >= 0;
            x[part[t]] = solution[t];
        }
        if (allowed) best = std::min(best, distance(matrix, x, c));
    }
    return best;
}

} // namespace

BOOST_AUTO_TEST_SUITE(least_squares)

BOOST_AUTO_TEST_CASE(cholesky_by_hand) {
    // [4 2; 2 5] = L L^T with L = [2 0; 1 2]; its solution for (8, 12) is (4/4, 2).
    const auto factor = factor_of({4, 2, 2, 5}, 2);
    const auto x = factor.solve(doubles{8, 12});
    BOOST_TEST(std::abs(x[0] - 1) < 1e-15);
    BOOST_TEST(std::abs(x[1] - 2) < 1e-15);
    BOOST_TEST(factor.forward(0, 8, {}) == 4);
    BOOST_TEST(factor.forward(1, 12, doubles{4}) == 4);
}

BOOST_AUTO_TEST_CASE(solutions_satisfy_their_system) {
    for (const std::size_t size : {1, 2, 17, 60}) {
        const auto matrix = random_matrix(size, size / 2 + 1, 0.1, 1);
        const auto c = random_vector(size, 1);
        BOOST_TEST(distance(matrix, factor_of(matrix, size).solve(c), c) < 1e-18);
    }
}

BOOST_AUTO_TEST_CASE(a_dependent_row_is_an_error) {
    BOOST_TEST(lipt_test::error_id([] { factor_of({1, 2, 2, 4}, 2); }) == "LIPT-C12");
    BOOST_TEST(lipt_test::error_id([] { factor_of({std::nan("")}, 1); }) == "LIPT-C12");
}

BOOST_AUTO_TEST_CASE(nonnegative_solutions_match_exhaustion) {
    std::size_t constrained = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const std::size_t size = 1 + seed % 8;
        const auto matrix = random_matrix(size, 3, 0.5, seed);
        const auto c = random_vector(size, seed);
        const auto factor = factor_of(matrix, size);
        const auto start = factor.solve(c);
        const auto x = lipt::nonnegative_least_squares(factor, c);
        for (std::size_t i = 0; i < size; ++i) {
            BOOST_TEST(x[i] >= 0);
            constrained += start[i] < 0 ? 1 : 0;
        }
        BOOST_TEST(distance(matrix, x, c) <= best_by_exhaustion(matrix, c) * (1 + 1e-9) + 1e-12);
    }
    BOOST_TEST(constrained > 100u); // the constraint was at work
}

BOOST_AUTO_TEST_CASE(a_large_nonnegative_solution_satisfies_its_optimality_conditions) {
    constexpr std::size_t size = 150;
    const auto matrix = random_matrix(size, 20, 1.0, 9);
    const auto c = random_vector(size, 9);
    const auto factor = factor_of(matrix, size);
    const auto x = lipt::nonnegative_least_squares(factor, c);
    doubles residual(size);
    for (std::size_t i = 0; i < size; ++i) {
        residual[i] = -c[i];
        for (std::size_t j = 0; j < size; ++j) residual[i] += matrix[i * size + j] * x[j];
    }
    for (std::size_t i = 0; i < size; ++i) {
        double slope = 0;
        for (std::size_t j = 0; j < size; ++j) slope += matrix[i * size + j] * residual[j];
        BOOST_TEST(x[i] >= 0);
        BOOST_TEST(slope >= -1e-6);
        BOOST_TEST(std::abs(slope * x[i]) < 1e-6);
    }
}

BOOST_AUTO_TEST_CASE(an_ill_conditioned_problem_has_its_solution_as_well) {
    // Gradients 3,000 times as long as the ridge: what squares the matrix loses all its digits.
    constexpr std::size_t size = 120;
    for (const double scale : {1e3, 1e6, 1e9}) {
        auto matrix = random_matrix(size, size / 2, 0.0, 5);
        for (auto &value : matrix) value *= scale;
        lipt::growing_cholesky factor;
        for (std::size_t i = 0; i < size; ++i) {
            matrix[i * size + i] += 1.0;
            factor.append(std::span(matrix).subspan(i * size, i + 1), 1.0);
        }
        auto c = random_vector(size, 5);
        for (auto &value : c) value *= scale;
        const auto x = lipt::nonnegative_least_squares(factor, c);
        // Optimal: no slope worth a ten-millionth of the steepest at 0.
        doubles residual(size), at_zero(size);
        for (std::size_t i = 0; i < size; ++i) {
            residual[i] = -c[i];
            for (std::size_t j = 0; j < size; ++j) {
                residual[i] += matrix[i * size + j] * x[j];
                at_zero[i] += matrix[i * size + j] * c[j];
            }
        }
        double steepest = 0;
        for (const double slope : at_zero) steepest = std::max(steepest, std::abs(slope));
        for (std::size_t i = 0; i < size; ++i) {
            double slope = 0;
            for (std::size_t j = 0; j < size; ++j) slope += matrix[i * size + j] * residual[j];
            BOOST_TEST(x[i] >= 0);
            BOOST_TEST(slope / steepest >= -1e-7);
            if (x[i] > 0) BOOST_TEST(std::abs(slope / steepest) < 1e-7);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pivot_that_rounding_took_is_what_it_is_known_to_be_at_least) {
    lipt::growing_cholesky factor;
    factor.append(doubles{1e20}, 1.0);
    factor.append(doubles{1e20, 1e20}, 1.0); // with a ridge of 1 that double has lost
    BOOST_TEST(factor.size() == 2u);
    for (const double x : factor.solve(doubles{1, 1})) BOOST_TEST(std::isfinite(x));
    BOOST_TEST(lipt_test::error_id([&] { factor.append(doubles{std::nan(""), 1, 1}, 1.0); }) == "LIPT-C12");
}

BOOST_AUTO_TEST_SUITE_END()
