// Every subset of up to eight samples: how near greedy selections come to the best there is. What a greedy
// pick should be at each step is held against its definition in each method's own file.
#include <lipt/select/named_method.hpp>

#include <boost/test/unit_test.hpp>
#include <support/naive_selection.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

BOOST_AUTO_TEST_SUITE(brute_force)

namespace {

using subset = std::vector<std::int64_t>;

/// The largest objective of all subsets of `quota` among so many candidates.
template <class Objective>
double best_of_all(std::size_t candidates, std::size_t quota, Objective &&objective) {
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t bits = 0; bits < std::size_t{1} << candidates; ++bits) {
        subset picks;
        for (std::size_t i = 0; i < candidates; ++i) {
            if (bits >> i & 1) picks.push_back(static_cast<std::int64_t>(i));
        }
        if (picks.size() == quota) best = std::max(best, objective(picks));
    }
    return best;
}

/// Holds a method's picks of every small problem against the best: share(k) of it must be reached.
/// objective(problem) gives a function of the picks.
template <class Method, class Objective, class Share>
void check_bound(Objective &&objective, Share &&share, const lipt::select_options &options = {}) {
    lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
        const auto value = objective(problem);
        const auto picks = Method::pick(problem.tensor, problem.pool(quota), options).order;
        const double best = best_of_all(problem.labels.size(), quota, value);
        BOOST_TEST_INFO(problem.labels.size() << " samples, " << quota << " picks");
        BOOST_TEST(value(picks) >= share(quota) * best - 1e-5 * std::abs(best));
    });
}

/// Of a monotone submodular function; the best single one is found. source: [Nemhauser1978]
double greedy_share(std::size_t quota) { return quota == 1 ? 1.0 : 1 - 1 / std::numbers::e; }

double determinant(std::vector<std::vector<double>> matrix) {
    double product = 1;
    for (std::size_t i = 0; i < matrix.size(); ++i) {
        product *= matrix[i][i];
        for (std::size_t row = i + 1; row < matrix.size(); ++row) {
            const double factor = matrix[row][i] / matrix[i][i];
            for (std::size_t c = i; c < matrix.size(); ++c) matrix[row][c] -= factor * matrix[i][c];
        }
    }
    return product;
}

/// The least squared distance of non-negative sums of the picks' gradients from the target: of all systems
/// of some of the picks, those whose solution has no negative weight.
double nearest_sum(const lipt_test::vectors &g, const std::vector<double> &target, const subset &picks) {
    double best = lipt_test::dot(target, target);
    for (std::size_t bits = 1; bits < std::size_t{1} << picks.size(); ++bits) {
        std::vector<const std::vector<double> *> active;
        for (std::size_t i = 0; i < picks.size(); ++i) {
            if (bits >> i & 1) active.push_back(&g[static_cast<std::size_t>(picks[i])]);
        }
        lipt::growing_cholesky factor;
        std::vector<double> right;
        for (const auto *one : active) {
            std::vector<double> row;
            for (const auto *other : std::span(active).first(right.size() + 1))
                row.push_back(lipt_test::dot(*one, *other));
            factor.append(row);
            right.push_back(lipt_test::dot(*one, target));
        }
        const auto weights = factor.solve(right);
        if (std::ranges::any_of(weights, [](double weight) { return weight < 0; })) continue;
        auto rest = target;
        for (std::size_t a = 0; a < active.size(); ++a) {
            for (std::size_t p = 0; p < rest.size(); ++p) rest[p] -= weights[a] * (*active[a])[p];
        }
        best = std::min(best, lipt_test::dot(rest, rest));
    }
    return best;
}

std::vector<double> mean_of(const lipt_test::vectors &g) {
    std::vector<double> mean(g[0].size());
    for (const auto &one : g) {
        for (std::size_t p = 0; p < mean.size(); ++p) mean[p] += one[p] / static_cast<double>(g.size());
    }
    return mean;
}

/// Embeddings whose products with each other are -1, so that all gradients are orthogonal; their lengths
/// grow. The rows of a Cholesky factor.
lipt::host_matrix orthogonal_embeddings(std::size_t samples) {
    auto h = lipt::host_matrix::from_shape({samples, samples});
    h.fill(0);
    for (std::size_t i = 0; i < samples; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double rest = i == j ? static_cast<double>(samples + i) : -1.0;
            for (std::size_t e = 0; e < j; ++e) rest -= static_cast<double>(h(i, e)) * h(j, e);
            h(i, j) = static_cast<float>(i == j ? std::sqrt(rest) : rest / h(j, j));
        }
    }
    return h;
}

auto gradients_of(const lipt_test::random_problem &problem) {
    return lipt_test::vectors_of(problem, lipt::similarity_space::gradients);
}

} // namespace

BOOST_AUTO_TEST_CASE(facility_location_covers_nearly_as_well_as_the_best) {
    check_bound<lipt::methods::facility_location>(
        [](const auto &problem) {
            return [s = lipt_test::similarities(gradients_of(problem))](const subset &picks) {
                double sum = 0;
                for (const auto &row : s) {
                    double nearest = 0;
                    for (const auto i : picks) nearest = std::max(nearest, row[static_cast<std::size_t>(i)]);
                    sum += nearest;
                }
                return sum;
            };
        },
        greedy_share);
}

BOOST_AUTO_TEST_CASE(craig_lowers_distances_nearly_as_much_as_the_best) {
    check_bound<lipt::methods::craig>(
        [](const auto &problem) {
            const auto g = gradients_of(problem);
            double longest = 0;
            for (const auto &one : g) longest = std::max(longest, std::sqrt(lipt_test::dot(one, one)));
            return [g, farthest = 2 * longest](const subset &picks) {
                double sum = 0;
                for (const auto &one : g) {
                    double nearest = farthest;
                    for (const auto i : picks)
                        nearest = std::min(nearest, lipt_test::distance(one, g[static_cast<std::size_t>(i)]));
                    sum += farthest - nearest;
                }
                return sum;
            };
        },
        greedy_share);
}

BOOST_AUTO_TEST_CASE(a_monotone_graph_cut_is_nearly_the_best) {
    constexpr float lambda = 2; // below it a pick may lower the objective, and no bound holds
    check_bound<lipt::methods::graph_cut>(
        [](const auto &problem) {
            return [s = lipt_test::similarities(gradients_of(problem))](const subset &picks) {
                double sum = 0;
                for (const auto i : picks) {
                    const auto &row = s[static_cast<std::size_t>(i)];
                    for (const double to : row) sum += lambda * to;
                    for (const auto j : picks) sum -= row[static_cast<std::size_t>(j)];
                }
                return sum;
            };
        },
        greedy_share, {.graph_cut = {.lambda = lambda}});
}

BOOST_AUTO_TEST_CASE(k_centres_reach_at_most_twice_as_far_as_the_best) {
    // Negated radii: twice the best. source: [Gonzalez1985]
    check_bound<lipt::methods::k_center>(
        [](const auto &problem) {
            return [h = lipt_test::embeddings_of(problem)](const subset &picks) {
                double radius = 0;
                for (const auto &one : h) {
                    double nearest = std::numeric_limits<double>::infinity();
                    for (const auto i : picks)
                        nearest = std::min(nearest, lipt_test::distance(one, h[static_cast<std::size_t>(i)]));
                    radius = std::max(radius, nearest);
                }
                return -radius;
            };
        },
        [](std::size_t) { return 2.0; });
}

BOOST_AUTO_TEST_CASE(log_determinants_lose_no_more_than_a_factorial) {
    // The picks' volume is at least 1/k! of the largest, a determinant its square. source: [Civril2009]
    check_bound<lipt::methods::log_determinant>(
        [](const auto &problem) {
            return [s = lipt_test::similarities(gradients_of(problem))](const subset &picks) {
                std::vector<std::vector<double>> of(picks.size(), std::vector<double>(picks.size()));
                for (std::size_t i = 0; i < picks.size(); ++i) {
                    for (std::size_t j = 0; j < picks.size(); ++j)
                        of[i][j] = s[static_cast<std::size_t>(picks[i])][static_cast<std::size_t>(picks[j])] +
                                   (i == j ? 1e-6 : 0.0);
                }
                return determinant(of);
            };
        },
        [](std::size_t quota) { return std::pow(std::tgamma(static_cast<double>(quota) + 1), -2.0); });
}

namespace {

/// GradMatch by batches of one sample is GradMatch.
const lipt::select_options hardly_any_ridge{.gradmatch = {.ridge = 1e-9, .batch = 1}};

/// The weights of the picks leave no more of the mean gradient than the best weights of any.
template <class Method>
void check_weights() {
    lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
        const auto g = gradients_of(problem);
        const auto target = mean_of(g);
        const auto found = Method::pick(problem.tensor, problem.pool(quota), hardly_any_ridge);
        auto rest = target;
        for (std::size_t i = 0; i < quota; ++i) {
            BOOST_TEST(found.weights[i] >= 0);
            for (std::size_t p = 0; p < rest.size(); ++p)
                rest[p] -= found.weights[i] * g[static_cast<std::size_t>(found.order[i])][p];
        }
        const double best = nearest_sum(g, target, found.order);
        BOOST_TEST(std::abs(lipt_test::dot(rest, rest) - best) < 1e-5 * lipt_test::dot(target, target));
    });
}

/// Where gradients are orthogonal, the picks leave no more of their mean than the best subset does.
template <class Method>
void check_orthogonal() {
    for (std::size_t samples = 2; samples <= 8; ++samples) {
        lipt_test::random_problem problem({.samples = samples, .classes = 3, .width = samples});
        problem.embeddings = orthogonal_embeddings(samples);
        problem.gradients =
            lipt::make_gradients(problem.tensor, problem.logits, problem.embeddings, problem.labels);
        const auto g = gradients_of(problem);
        BOOST_REQUIRE(std::abs(lipt_test::dot(g[0], g[1])) < 1e-5 * lipt_test::dot(g[0], g[0]));
        const auto target = mean_of(g);
        const auto reached = [&](const subset &picks) { return -nearest_sum(g, target, picks); };
        for (std::size_t quota = 1; quota <= samples; ++quota) {
            const auto picks = Method::pick(problem.tensor, problem.pool(quota), hardly_any_ridge).order;
            const double missed = best_of_all(samples, quota, reached) - reached(picks);
            BOOST_TEST(missed < 1e-6 * lipt_test::dot(target, target));
        }
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(gradmatch_weighs_its_picks_as_well_as_can_be) {
    check_weights<lipt::methods::gradmatch>();
    check_weights<lipt::methods::gradmatch_batch>();
}

BOOST_AUTO_TEST_CASE(gradmatch_is_the_best_where_gradients_are_orthogonal) {
    check_orthogonal<lipt::methods::gradmatch>();
    check_orthogonal<lipt::methods::gradmatch_batch>();
}

BOOST_AUTO_TEST_CASE(glister_is_the_best_where_its_step_is_small) {
    // The validation loss falls by the sum of the picks' products with its gradient, to first order.
    lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
        const auto g = gradients_of(problem);
        const auto target = mean_of(lipt_test::written_out(
            problem.validation.logits, problem.validation.embeddings, problem.validation.labels));
        const auto gain = [&](const subset &picks) {
            double sum = 0;
            for (const auto i : picks) sum += lipt_test::dot(g[static_cast<std::size_t>(i)], target);
            return sum;
        };
        const auto picks = lipt::methods::glister::pick(problem.tensor, problem.pool(quota),
                                                        {.glister = {.learning_rate = 1e-6f}})
                               .order;
        const double best = best_of_all(g.size(), quota, gain);
        BOOST_TEST(gain(picks) >= best - 1e-4 * std::abs(best));
    });
}

BOOST_AUTO_TEST_CASE(scorers_keep_the_largest_sum_of_scores) {
    std::size_t rated = 0;
    lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
        for (const auto &info : lipt::all_methods::infos) {
            if (!info.scorer) continue;
            auto view = problem.view(static_cast<double>(quota) / static_cast<double>(problem.labels.size()),
                                     /*balanced=*/false);
            auto weights = problem.tensor.from_host(lipt::host_matrix({problem.classes, 4}, 0.5f));
            view.last_layer = &weights;
            const auto found = lipt::select(problem.tensor, info.name, view);
            const auto sum = [&](const subset &picks) {
                double all = 0;
                for (const auto i : picks) all += found.scores[static_cast<std::size_t>(i)];
                return all;
            };
            BOOST_TEST_INFO(info.name);
            BOOST_TEST(found.indices.size() == quota);
            BOOST_TEST(sum(found.indices) == best_of_all(problem.labels.size(), quota, sum));
            ++rated;
        }
    });
    BOOST_TEST(rated > 0u);
}

BOOST_AUTO_TEST_CASE(herding_begins_with_the_sample_nearest_to_the_mean) {
    lipt_test::for_small_problems([&](auto &problem, std::size_t quota) {
        const auto h = lipt_test::embeddings_of(problem);
        const auto mean = mean_of(h);
        const auto nearness = [&](const subset &picks) {
            return -lipt_test::distance(h[static_cast<std::size_t>(picks[0])], mean);
        };
        const auto picks =
            lipt::methods::herding::pick(problem.tensor, problem.pool(quota), lipt::select_options{}).order;
        BOOST_TEST(nearness({picks[0]}) >= best_of_all(h.size(), 1, nearness) - 1e-6);
    });
}

BOOST_AUTO_TEST_CASE(all_but_none_left_is_everything) {
    lipt_test::for_small_problems([](auto &problem, std::size_t quota) {
        if (quota < problem.labels.size()) return;
        for (const auto &info : lipt::all_methods::infos) {
            if (!info.exact) continue;
            auto view = problem.view(1.0, false);
            auto weights = problem.tensor.from_host(lipt::host_matrix({problem.classes, 4}, 0.5f));
            view.last_layer = &weights;
            auto picks = lipt::select(problem.tensor, info.name, view).indices;
            std::sort(picks.begin(), picks.end());
            subset all(problem.labels.size());
            for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
            BOOST_TEST_INFO(info.name);
            BOOST_TEST(picks == all, boost::test_tools::per_element());
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()
