// Selections of 2500 samples held against plain float64 definitions of the methods.
#include <lipt/adapters/store/npy.hpp>
#include <lipt/select/methods.hpp>

#include <backend.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
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
    static Tensor make(std::size_t threads) {
        if constexpr (std::is_constructible_v<Tensor, std::size_t>) {
            return Tensor(threads);
        } else {
            return Tensor();
        }
    }
    explicit stored_problem(std::size_t threads) : tensor(make(threads)) {}

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
        return lipt::select(tensor, method, problem, options);
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
/// instead. Returns whether all were in order.
template <class Objective>
bool same_picks(const std::string &method, const lipt::selection &chosen, Objective &&objective) {
    const auto expected = values<std::int64_t>(method + "-indices");
    BOOST_REQUIRE(chosen.indices.size() == expected.size());
    const auto members = lipt::index_by_class(stored().labels, classes);
    const auto quotas = lipt::selection_quotas(stored().labels, classes, fraction, true);
    bool all_in_order = true;
    std::size_t first = 0;
    for (std::size_t c = 0; c < classes; first += quotas[c++]) {
        const auto ours = std::span(chosen.indices).subspan(first, quotas[c]);
        const auto theirs = std::span(expected).subspan(first, quotas[c]);
        if (std::equal(ours.begin(), ours.end(), theirs.begin())) continue;
        all_in_order = false;
        BOOST_TEST_MESSAGE(method << ": a tie in class " << c);
        const double reached = objective(members[c], ours), wanted = objective(members[c], theirs);
        BOOST_TEST(std::abs(reached - wanted) <= 1e-5 * std::abs(wanted));
    }
    return all_in_order;
}

void check_scores(const std::string &method, const lipt::selection &chosen) {
    const auto expected = values<double>(method + "-scores");
    BOOST_REQUIRE(chosen.scores.size() == expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        worst = std::max(worst, std::abs(static_cast<double>(chosen.scores[i]) / expected[i] - 1));
    }
    BOOST_TEST(worst < 1e-5);
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

BOOST_AUTO_TEST_CASE(grand) {
    const auto chosen = stored().select("grand");
    check_scores("grand", chosen);
    same_picks("grand", chosen, score_sum("grand"));
}

BOOST_AUTO_TEST_CASE(el2n) {
    const auto chosen = stored().select("el2n");
    check_scores("el2n", chosen);
    same_picks("el2n", chosen, score_sum("el2n"));
}

BOOST_AUTO_TEST_CASE(glister) {
    // Its objective changes with every round, so that no single number stands for it: the picks must be the
    // same.
    const auto chosen = stored().select("glister");
    const auto expected = values<std::int64_t>("glister-indices");
    BOOST_TEST(chosen.indices == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(gradmatch) {
    for (const std::size_t memory :
         {std::size_t{0}, std::size_t{512} << 20}) { // from the residual, and as it comes
        const auto chosen = stored().select("gradmatch", {.memory = memory});
        if (!same_picks("gradmatch", chosen, mismatch)) continue;
        const auto expected = values<double>("gradmatch-weights");
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            worst = std::max(worst, std::abs(static_cast<double>(chosen.weights[i]) - expected[i]));
        }
        BOOST_TEST(worst < 1e-3);
    }
}

BOOST_AUTO_TEST_CASE(facility_location) {
    for (const std::size_t memory :
         {std::size_t{0}, std::size_t{512} << 20}) { // rows computed again, and kept
        same_picks("facility_location", stored().select("facility-location", {.memory = memory}), coverage);
    }
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
