// Selections of 2500 samples held against plain float64 definitions of the methods.
#include <lipt/adapters/store/npy.hpp>
#include <lipt/select/named_method.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>
#include <support/test_device.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

using tensor_type = lipt_test::backend::tensor;
using lipt::host_matrix;

constexpr std::size_t classes = 10;
constexpr double fraction = 0.1;

std::filesystem::path file(const std::string &name) {
    return std::filesystem::path(LIPT_TEST_DATA) / "selection" / (name + ".npy");
}

host_matrix matrix(const std::string &name) {
    const auto array = lipt::adapters::read_npy<float>(file(name));
    host_matrix out = host_matrix::from_shape({array.shape.at(0), array.shape.at(1)});
    std::copy(array.values.begin(), array.values.end(), out.data());
    return out;
}

template <class Value>
std::vector<Value> values(const std::string &name) {
    return lipt::adapters::read_npy<Value>(file(name)).values;
}

/// The stored outputs of a model, on a backend of that many threads where it has threads.
template <class Tensor>
struct stored_problem {
    explicit stored_problem(std::size_t threads) : tensor(lipt_test::tensor_on_device<Tensor>(threads)) {}

    Tensor tensor;
    std::vector<std::int32_t> labels = values<std::int32_t>("labels");
    host_matrix logits = matrix("logits"), embeddings = matrix("embeddings");
    lipt::last_layer_gradients<Tensor> gradients =
        lipt::make_gradients(tensor, tensor.from_host(logits), tensor.from_host(embeddings), labels);
    lipt::validation_set<Tensor> validation{.logits = tensor.from_host(matrix("validation_logits")),
                                            .embeddings = tensor.from_host(matrix("validation_embeddings")),
                                            .labels = values<std::int32_t>("validation_labels")};

    lipt::selection select(const std::string &method, const lipt::select_options &options = {}) const {
        const lipt::selection_problem<Tensor> problem{.labels = labels,
                                                      .classes = classes,
                                                      .fraction = fraction,
                                                      .gradients = lipt::from_memory(tensor, gradients),
                                                      .validation = &validation};
        std::string name = method; // as a file is named
        std::replace(name.begin(), name.end(), '_', '-');
        return lipt::select(tensor, name, problem, options);
    }
};

using problem_type = stored_problem<tensor_type>;

const problem_type &stored() {
    static const problem_type problem(2);
    return problem;
}

/// Residual d and embedding h of one sample, in double: <g_i, g_j> = <d_i, d_j> (1 + <h_i, h_j>).
struct exact_gradient {
    std::vector<double> residual, embedding;

    exact_gradient(const problem_type &problem, std::int64_t sample) {
        const auto i = static_cast<std::size_t>(sample);
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) {
            residual.push_back(std::exp(static_cast<double>(problem.logits(i, c))));
            sum += residual.back();
        }
        for (std::size_t c = 0; c < classes; ++c) {
            residual[c] = residual[c] / sum - (problem.labels[i] == static_cast<std::int32_t>(c) ? 1 : 0);
        }
        for (std::size_t e = 0; e < problem.embeddings.shape(1); ++e)
            embedding.push_back(problem.embeddings(i, e));
    }

    friend double operator*(const exact_gradient &a, const exact_gradient &b) {
        double residuals = 0, embeddings = 1;
        for (std::size_t c = 0; c < a.residual.size(); ++c) residuals += a.residual[c] * b.residual[c];
        for (std::size_t e = 0; e < a.embedding.size(); ++e) embeddings += a.embedding[e] * b.embedding[e];
        return residuals * embeddings;
    }
};

std::vector<exact_gradient> exact_gradients(std::span<const std::int64_t> samples) {
    std::vector<exact_gradient> out;
    for (const auto sample : samples) out.emplace_back(stored(), sample);
    return out;
}

/// sum_j max_{picked i} (0.5 + 0.5 cos(g_i, g_j)) over one class.
double coverage(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    const auto all = exact_gradients(members), chosen = exact_gradients(picks);
    double sum = 0;
    for (const auto &sample : all) {
        double best = 0;
        for (const auto &pick : chosen) {
            best = std::max(best, 0.5 + 0.5 * (sample * pick) / std::sqrt((sample * sample) * (pick * pick)));
        }
        sum += best;
    }
    return sum;
}

/// sum_j min_{picked i} |g_i - g_j| over one class.
double distance_to_picks(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    const auto all = exact_gradients(members), chosen = exact_gradients(picks);
    double sum = 0;
    for (const auto &sample : all) {
        double least = std::numeric_limits<double>::infinity();
        for (const auto &pick : chosen)
            least = std::min(least, sample * sample + pick * pick - 2 * (sample * pick));
        sum += std::sqrt(std::max(least, 0.0));
    }
    return sum;
}

/// Similarity of the picks to all of one class, less that among themselves.
double cut(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    const auto all = exact_gradients(members), chosen = exact_gradients(picks);
    const auto similarity = [](const auto &a, const auto &b) {
        return 0.5 + 0.5 * (a * b) / std::sqrt((a * a) * (b * b));
    };
    double sum = 0;
    for (const auto &pick : chosen) {
        for (const auto &sample : all) sum += similarity(pick, sample);
        for (const auto &other : chosen) sum -= similarity(pick, other);
    }
    return sum;
}

double squared_distance(std::int64_t a, std::int64_t b) {
    double sum = 0;
    for (std::size_t e = 0; e < stored().embeddings.shape(1); ++e) {
        const double apart = static_cast<double>(stored().embeddings(static_cast<std::size_t>(a), e)) -
                             stored().embeddings(static_cast<std::size_t>(b), e);
        sum += apart * apart;
    }
    return sum;
}

/// The largest distance of any sample of one class to its nearest pick.
double radius(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    double largest = 0;
    for (const auto sample : members) {
        double nearest = std::numeric_limits<double>::infinity();
        for (const auto pick : picks) nearest = std::min(nearest, squared_distance(sample, pick));
        largest = std::max(largest, nearest);
    }
    return std::sqrt(largest);
}

/// |mean of the picks' embeddings - mean of one class's|
double mean_apart(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    double sum = 0;
    for (std::size_t e = 0; e < stored().embeddings.shape(1); ++e) {
        double apart = 0;
        for (const auto i : members)
            apart -=
                stored().embeddings(static_cast<std::size_t>(i), e) / static_cast<double>(members.size());
        for (const auto i : picks)
            apart += stored().embeddings(static_cast<std::size_t>(i), e) / static_cast<double>(picks.size());
        sum += apart * apart;
    }
    return std::sqrt(sum);
}

/// |mean gradient - ridge fit of the picks|^2 over one class, by the picks' normal equations.
double mismatch(std::span<const std::int64_t> members, std::span<const std::int64_t> picks) {
    const auto all = exact_gradients(members), chosen = exact_gradients(picks);
    const auto count = static_cast<double>(all.size());
    double norm = 0;
    for (const auto &a : all) {
        for (const auto &b : all) norm += a * b / (count * count);
    }
    lipt::growing_cholesky factor;
    std::vector<double> right;
    for (std::size_t t = 0; t < chosen.size(); ++t) {
        std::vector<double> row;
        for (std::size_t s = 0; s <= t; ++s) row.push_back(chosen[t] * chosen[s] + (s == t ? 1.0 : 0.0));
        factor.append(row);
        double projection = 0;
        for (const auto &sample : all) projection += chosen[t] * sample / count;
        right.push_back(projection);
    }
    const auto x = factor.solve(right);
    double fit = 0;
    for (std::size_t t = 0; t < x.size(); ++t) {
        fit -= 2 * x[t] * right[t];
        for (std::size_t s = 0; s < x.size(); ++s) fit += x[t] * x[s] * (chosen[t] * chosen[s]);
    }
    return norm + fit;
}

/// Picks in the stored order; a class in which a tie of float32 turned one is compared by its objective
/// instead. Returns which picks belong to a class where all were in order.
template <class Objective>
std::vector<bool> same_picks(const std::string &method, const lipt::selection &chosen,
                             Objective &&objective) {
    const auto expected = values<std::int64_t>(method + "-indices");
    BOOST_REQUIRE(chosen.indices.size() == expected.size());
    const auto members = lipt::index_by_class(stored().labels, classes);
    const auto quotas = lipt::selection_quotas(stored().labels, classes, fraction, true);
    std::vector<bool> in_order(expected.size(), true);
    std::size_t first = 0;
    for (std::size_t c = 0; c < classes; first += quotas[c++]) {
        const auto ours = std::span(chosen.indices).subspan(first, quotas[c]);
        const auto theirs = std::span(expected).subspan(first, quotas[c]);
        if (std::equal(ours.begin(), ours.end(), theirs.begin())) continue;
        std::fill_n(in_order.begin() + static_cast<std::ptrdiff_t>(first), quotas[c], false);
        BOOST_TEST_MESSAGE(method << ": a tie in class " << c);
        const double reached = objective(members[c], ours), wanted = objective(members[c], theirs);
        BOOST_TEST(std::abs(reached - wanted) <= 1e-5 * std::abs(wanted));
    }
    return in_order;
}

/// Every score within 1e-5 of the stored one, relative to it or to `least` where it is smaller than that.
void check_scores(const std::string &method, const lipt::selection &chosen, double least) {
    const auto expected = values<double>(method + "-scores");
    BOOST_REQUIRE(chosen.scores.size() == expected.size());
    const bool is_odds = method == "margin" || method == "least_confidence"; // stored as minus a probability
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double score = chosen.scores[i], ours = is_odds ? -1 / (1 + std::exp(score)) : score;
        worst = std::max(worst, std::abs(ours - expected[i]) / std::max(std::abs(expected[i]), least));
    }
    BOOST_TEST(worst < 1e-5);
}

/// Every weight within 1e-3 of the stored one, in the classes whose picks are in order: at least half of
/// them.
void check_weights(const std::string &method, const lipt::selection &chosen,
                   const std::vector<bool> &in_order) {
    const auto expected = values<double>(method + "-weights");
    BOOST_REQUIRE(chosen.weights.size() == expected.size());
    double worst = 0;
    std::size_t compared = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (!in_order[i]) continue;
        worst = std::max(worst, std::abs(static_cast<double>(chosen.weights[i]) - expected[i]));
        ++compared;
    }
    BOOST_TEST(worst < 1e-3);
    BOOST_TEST(2 * compared >= expected.size());
}

/// The sum of the stored scores of the picks.
auto score_sum(const std::string &method) {
    return [scores = values<double>(method + "-scores")](const auto &, std::span<const std::int64_t> picks) {
        double sum = 0;
        for (const auto i : picks) sum += scores[static_cast<std::size_t>(i)];
        return sum;
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(golden_selection)

BOOST_AUTO_TEST_CASE(scores) {
    for (const std::string method : {"grand", "el2n", "entropy", "margin", "least_confidence"}) {
        BOOST_TEST_CONTEXT(method) {
            const auto chosen = stored().select(method);
            // A margin or an entropy is a difference of probabilities, and may be near 0; a length is not.
            const bool is_length = method == "grand" || method == "el2n";
            check_scores(method, chosen, is_length ? 0.0 : 1e-2);
            same_picks(method, chosen, score_sum(method));
        }
    }
}

BOOST_AUTO_TEST_CASE(glister) {
    // Its objective changes with every round, so that no single number stands for it: the picks must be the
    // same.
    const auto chosen = stored().select("glister");
    const auto expected = values<std::int64_t>("glister-indices");
    BOOST_TEST(chosen.indices == expected, boost::test_tools::per_element());
}

/// No memory for similarities, so that rows are computed again, and enough to keep them.
constexpr std::size_t memories[] = {std::size_t{0}, std::size_t{512} << 20};

BOOST_AUTO_TEST_CASE(gradmatch) {
    for (const std::size_t memory : memories) {
        const auto chosen = stored().select("gradmatch", {.raw_weights = true, .memory = memory});
        check_weights("gradmatch", chosen, same_picks("gradmatch", chosen, mismatch));
    }
}

BOOST_AUTO_TEST_CASE(craig) {
    for (const std::size_t memory : memories) {
        const auto chosen = stored().select("craig", {.raw_weights = true, .memory = memory});
        check_weights("craig", chosen, same_picks("craig", chosen, distance_to_picks));
    }
}

BOOST_AUTO_TEST_CASE(facility_location) {
    for (const std::size_t memory : memories) {
        same_picks("facility_location", stored().select("facility_location", {.memory = memory}), coverage);
    }
}

BOOST_AUTO_TEST_CASE(nearest_similarities_alone_cover_nearly_as_well) {
    lipt::select_options sparse;
    sparse.submodular.storage = lipt::similarity_storage::sparse;
    const auto members = lipt::index_by_class(stored().labels, classes);
    const auto largest = std::ranges::max(members, {}, [](const auto &of) { return of.size(); }).size();
    const auto quotas = lipt::selection_quotas(stored().labels, classes, fraction, true);
    const auto covered = [&](const lipt::selection &chosen) {
        double sum = 0;
        std::size_t first = 0;
        for (std::size_t c = 0; c < classes; first += quotas[c++])
            sum += coverage(members[c], std::span(chosen.indices).subspan(first, quotas[c]));
        return sum;
    };
    const double whole = covered(stored().select("facility_location"));
    for (const std::size_t neighbours : {16, 32}) {
        sparse.submodular.neighbours = neighbours;
        sparse.memory = lipt::sparse_bytes(largest, neighbours);
        for (const auto &of_class : members) BOOST_TEST(lipt::is_sparse(sparse, of_class.size()));
        const double share = covered(stored().select("facility_location", sparse)) / whole;
        BOOST_TEST(share < 1 + 1e-6, neighbours << " neighbours: " << share);
        BOOST_TEST(share > (neighbours == 32 ? 0.99 : 0.98), neighbours << " neighbours: " << share);
    }
}

BOOST_AUTO_TEST_CASE(graph_cut) { same_picks("graph_cut", stored().select("graph_cut"), cut); }

BOOST_AUTO_TEST_CASE(k_center) { same_picks("k_center", stored().select("k_center"), radius); }

BOOST_AUTO_TEST_CASE(herding) { same_picks("herding", stored().select("herding"), mean_apart); }

BOOST_AUTO_TEST_CASE(log_determinant) {
    // Every first pick spans the same volume; which one the definition takes hangs on the rounding of its
    // double. From that pick on, the picks are the same.
    const auto expected = values<std::int64_t>("log_determinant-indices");
    const auto members = lipt::index_by_class(stored().labels, classes);
    const auto quotas = lipt::selection_quotas(stored().labels, classes, fraction, true);
    std::size_t first = 0;
    for (std::size_t c = 0; c < classes; first += quotas[c++]) {
        const auto theirs = std::span(expected).subspan(first, quotas[c]);
        lipt::factored_vectors<tensor_type> unit(
            stored().tensor, lipt::gather(stored().tensor, stored().gradients, members[c]),
            lipt::similarity_space::gradients);
        unit.normalise();
        lipt::volume_function<tensor_type> volume(stored().tensor, unit, 1e-6);
        std::vector<std::int64_t> open(members[c].size());
        std::iota(open.begin(), open.end(), std::int64_t{0});
        for (const float gain : volume.first_gains()) BOOST_TEST(gain == 1.0f + 1e-6f);
        for (std::size_t t = 0; t < theirs.size(); ++t) {
            const auto at = std::lower_bound(members[c].begin(), members[c].end(), theirs[t]);
            const std::int64_t pick = at - members[c].begin();
            const auto gains = volume.gains(open);
            const auto best = std::max_element(gains.begin(), gains.end());
            if (t > 0) BOOST_TEST(open[static_cast<std::size_t>(best - gains.begin())] == pick);
            std::erase(open, pick);
            volume.take(pick);
        }
    }
    BOOST_TEST(stored().select("log_determinant").indices.size() == expected.size());
}

BOOST_AUTO_TEST_CASE(every_selection_is_the_same_at_any_number_of_threads) {
    for (const auto &info : lipt::all_methods::infos) {
        const std::string name(info.name);
        const auto one = problem_type(1).select(name);
        for (const std::size_t threads : {2, 4}) {
            const auto many = problem_type(threads).select(name);
            BOOST_TEST((one.indices == many.indices), name);
            BOOST_TEST((one.weights == many.weights), name);
            BOOST_TEST((one.scores == many.scores), name);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
