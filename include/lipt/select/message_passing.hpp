// D2 pruning: scores that are passed between neighbours before the highest are taken, and given back after.
#pragma once

#include <lipt/select/neighbours.hpp>
#include <lipt/select/samplers.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace lipt {

namespace detail {

/// Makes a list of neighbours a graph without direction: an edge where either lists the other.
inline void make_undirected(std::vector<std::vector<neighbour>> &graph) {
    const auto listed = graph;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        for (const auto &edge : listed[i])
            graph[static_cast<std::size_t>(edge.index)].push_back(
                {static_cast<std::int64_t>(i), edge.distance});
    }
    for (auto &edges : graph) {
        std::stable_sort(edges.begin(), edges.end(),
                         [](const auto &a, const auto &b) { return a.index < b.index; });
        edges.erase(std::unique(edges.begin(), edges.end(),
                                [](const auto &a, const auto &b) { return a.index == b.index; }),
                    edges.end());
    }
}

/// Squared distances in units of the one that counts as 1: that asked for, or the graph's root mean square.
inline void square_in_units(std::vector<std::vector<neighbour>> &graph, float unit) {
    double sum = 0, edges = 0;
    for (const auto &list : graph) {
        for (const auto &edge : list) {
            sum += static_cast<double>(edge.distance) * edge.distance; // exact: two floats in a double
            edges += 1;
        }
    }
    const double square = unit > 0 ? static_cast<double>(unit) * unit : (sum > 0 ? sum / edges : 1.0);
    for (auto &list : graph) {
        for (auto &edge : list)
            edge.distance = static_cast<float>(static_cast<double>(edge.distance) * edge.distance / square);
    }
}

/// Takes the highest of `values` again and again; after each, its neighbours lose `value` exp(-reverse d^2).
inline std::vector<std::int64_t> take_and_lower(const std::vector<std::vector<neighbour>> &graph,
                                                std::vector<double> values, double reverse,
                                                std::size_t quota) {
    struct entry {
        double value{};
        std::size_t position{};
        bool operator<(const entry &other) const {
            return value < other.value || (value == other.value && position > other.position);
        }
    };
    std::priority_queue<entry> queue;
    for (std::size_t i = 0; i < values.size(); ++i) queue.push({values[i], i});
    std::vector<bool> taken(values.size());
    std::vector<std::int64_t> picks;
    while (picks.size() < quota) {
        const entry top = queue.top();
        queue.pop();
        // An entry that its value has moved away from is followed by a newer one.
        if (taken[top.position] || values[top.position] != top.value) continue;
        taken[top.position] = true;
        picks.push_back(static_cast<std::int64_t>(top.position));
        for (const auto &edge : graph[top.position]) {
            const auto j = static_cast<std::size_t>(edge.index);
            if (taken[j]) continue;
            values[j] = std::fma(-std::exp(-reverse * edge.distance), top.value, values[j]); // one rounding
            queue.push({values[j], j});
        }
    }
    return picks;
}

} // namespace detail

/// D2: every score, brought to 0..1, first gains exp(-gamma_f d^2) times each neighbour's; then the highest
/// is taken and its neighbours lose exp(-gamma_r d^2) times its value, again and again. Neighbours are the
/// nearest by embedding, either way. We measure d in units of the graph's own distances (d2_options::unit),
/// so that the decays do not depend on the embedding's scale; the authors' program decays with d, not its
/// square. In the order of picking. errors: C17 no neighbours or a decay below 0. cost: 2 n^2 E flops in
/// blocks, O(n neighbours) memory. source: [Maharana2024] Section 3
struct d2 {
    template <tensor_backend Tensor>
    static std::vector<std::int64_t> sample(const Tensor &tensor, const selection_pool<Tensor> &pool,
                                            std::span<const float> scores, const select_options &options) {
        const auto &asked = options.sampler.d2;
        check(asked);
        auto graph = nearest_neighbours(tensor, pool.gradients, asked.neighbours);
        detail::make_undirected(graph);
        detail::square_in_units(graph, asked.unit);
        const auto own = detail::normalised(scores);
        auto values = own;
        for (std::size_t i = 0; i < own.size(); ++i) {
            for (const auto &edge : graph[i])
                values[i] = std::fma(std::exp(-static_cast<double>(asked.forward) * edge.distance),
                                     own[static_cast<std::size_t>(edge.index)], values[i]);
        }
        return detail::take_and_lower(graph, std::move(values), asked.reverse, pool.quota);
    }
};

} // namespace lipt
