#include <lipt/adapters/arrays/agreement.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace lipt::arrays {

std::vector<double> average_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
        while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
        const double rank = 0.5 * static_cast<double>(first + 1 + last);
        for (std::size_t i = first; i < last; ++i) ranks[order[i]] = rank;
    }
    return ranks;
}

std::optional<double> rank_correlation(std::span<const double> a, std::span<const double> b) {
    std::vector<double> x, y;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (std::isnan(a[i]) || std::isnan(b[i])) continue;
        x.push_back(a[i]);
        y.push_back(b[i]);
    }
    const auto p = average_ranks(x), q = average_ranks(y);
    const double mean = 0.5 * (static_cast<double>(x.size()) + 1);
    double xy = 0, xx = 0, yy = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        xy += (p[i] - mean) * (q[i] - mean);
        xx += (p[i] - mean) * (p[i] - mean);
        yy += (q[i] - mean) * (q[i] - mean);
    }
    if (xx == 0 || yy == 0) return std::nullopt;
    return xy / std::sqrt(xx * yy);
}

double jaccard_overlap(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
    std::vector<std::int64_t> x(a.begin(), a.end()), y(b.begin(), b.end()), both;
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(both));
    const std::size_t either = x.size() + y.size() - both.size();
    return either == 0 ? 1.0 : static_cast<double>(both.size()) / static_cast<double>(either);
}

double expected_overlap(std::size_t a, std::size_t b, std::size_t samples) {
    if (a + b == 0) return 1;
    const auto log_choose = [](std::size_t n, std::size_t k) {
        const auto log_factorial = [](std::size_t m) { return std::lgamma(static_cast<double>(m) + 1); };
        return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
    };
    const double all = log_choose(samples, b);
    double mean = 0;
    for (std::size_t both = a + b > samples ? a + b - samples : 0; both <= std::min(a, b); ++both) {
        const double probability = std::exp(log_choose(a, both) + log_choose(samples - a, b - both) - all);
        mean += probability * static_cast<double>(both) / static_cast<double>(a + b - both);
    }
    return mean;
}

} // namespace lipt::arrays
