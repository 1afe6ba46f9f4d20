#include <lipt/random.hpp>
#include <lipt/select/lawson_hanson.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace {

using doubles = std::vector<double>;

/// Columns (count) of (rows) numbers, and a right side.
struct problem {
    std::vector<doubles> columns;
    doubles right;

    problem(std::size_t rows, std::size_t count, std::uint64_t seed)
        : columns(count, doubles(rows)), right(rows) {
        lipt::rng draw({.seed = seed});
        for (auto &column : columns) {
            for (auto &value : column) value = draw.normal();
        }
        for (auto &value : right) value = draw.normal();
    }

    double distance(const doubles &x) const {
        double sum = 0;
        for (std::size_t i = 0; i < right.size(); ++i) {
            double apart = -right[i];
            for (std::size_t j = 0; j < x.size(); ++j) apart += columns[j][i] * x[j];
            sum += apart * apart;
        }
        return sum;
    }

    /// The least distance over x >= 0, by trying every set of free variables.
    double best() const {
        double least = std::numeric_limits<double>::infinity();
        for (unsigned set = 0; set < 1u << columns.size(); ++set) {
            lipt::detail::updated_qr factor(right);
            std::vector<std::size_t> free;
            bool allowed = true;
            for (std::size_t j = 0; j < columns.size(); ++j) {
                if (set >> j & 1u) {
                    allowed = factor.append(columns[j]) && allowed;
                    free.push_back(j);
                }
            }
            if (!allowed) continue;
            const auto solution = factor.solve();
            doubles x(columns.size());
            for (std::size_t t = 0; t < free.size(); ++t) {
                x[free[t]] = solution[t];
                allowed = allowed && solution[t] >= 0;
            }
            if (allowed) least = std::min(least, distance(x));
        }
        return least;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(lawson_hanson)

BOOST_AUTO_TEST_CASE(columns_come_and_go_and_the_solution_stays_that_of_those_left) {
    const problem random(9, 6, 1);
    lipt::detail::updated_qr all(random.right), some(random.right);
    for (const auto &column : random.columns) BOOST_TEST(all.append(column));
    for (const std::size_t gone : {5, 2, 0}) all.remove(gone); // 1, 3 and 4 are left
    for (const std::size_t left : {1, 3, 4}) some.append(random.columns[left]);
    const auto x = all.solve(), expected = some.solve();
    for (std::size_t t = 0; t < 3; ++t) BOOST_TEST(std::abs(x[t] - expected[t]) < 1e-12);
    for (std::size_t i = 0; i < 9; ++i) BOOST_TEST(std::abs(all.rest()[i] - some.rest()[i]) < 1e-12);
    BOOST_TEST(!some.append(random.columns[3])); // it is there already
    BOOST_TEST(some.size() == 3u);
}

BOOST_AUTO_TEST_CASE(solutions_match_exhaustion_from_any_guess) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const problem random(3 + seed % 5, 1 + seed % 7, seed); // more columns than rows as well
        std::vector<std::size_t> none, all(random.columns.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        const double best = random.best();
        for (const auto &guess : {none, all}) {
            const auto x = lipt::lawson_hanson(random.columns, random.right, guess);
            for (const double value : x) BOOST_TEST(value >= 0);
            BOOST_TEST(random.distance(x) <= best + 1e-10);
        }
    }
}

BOOST_AUTO_TEST_CASE(columns_alike_columns_of_zero_and_a_right_side_that_nothing_reaches_end) {
    const std::vector<doubles> columns{{1, 0}, {1, 0}, {0, 0}, {1, 1e-14}};
    const auto x = lipt::lawson_hanson(columns, doubles{2, 0}, {});
    BOOST_TEST(std::abs(x[0] + x[1] + x[3] - 2) < 1e-12);
    BOOST_TEST(x[2] == 0);
    for (const double value : lipt::lawson_hanson(columns, doubles{-1, -1}, {})) BOOST_TEST(value == 0);
    BOOST_TEST(lipt::lawson_hanson({}, doubles{1}, {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
