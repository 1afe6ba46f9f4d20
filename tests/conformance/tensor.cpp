// The written contract of lipt::tensor_backend, line by line.
#include "matrices.hpp"

#include <support/expect_error.hpp>

namespace {

using namespace lipt_test;

/// alpha op(a) op(b) + beta c in double.
host_matrix product(const host_matrix &a, const host_matrix &b, const host_matrix &c,
                    const lipt::gemm_options &o) {
    const std::size_t rows = a.shape(o.transpose_a ? 1 : 0), inner = a.shape(o.transpose_a ? 0 : 1);
    host_matrix out = host_matrix::from_shape({rows, b.shape(o.transpose_b ? 0 : 1)});
    for (std::size_t i = 0; i < out.shape(0); ++i) {
        for (std::size_t j = 0; j < out.shape(1); ++j) {
            double sum = 0;
            for (std::size_t p = 0; p < inner; ++p) {
                sum += static_cast<double>(o.transpose_a ? a(p, i) : a(i, p)) *
                       (o.transpose_b ? b(j, p) : b(p, j));
            }
            out(i, j) = static_cast<float>(o.alpha * sum +
                                           (o.beta == 0.0f ? 0.0 : o.beta * static_cast<double>(c(i, j))));
        }
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tensor_contract)

BOOST_AUTO_TEST_CASE(line_1_make_is_zero_and_host_copies_are_exact) {
    const auto tensor = make_tensor();
    for (const auto &[rows, columns] : {std::pair{0, 0}, {0, 3}, {1, 1}, {3, 0}, {5, 7}}) {
        const auto made = tensor.make(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
        BOOST_TEST(tensor.rows(made) == static_cast<std::size_t>(rows));
        BOOST_TEST(tensor.columns(made) == static_cast<std::size_t>(columns));
        for (const float value : tensor.to_host(made)) BOOST_TEST(value == 0.0f);
    }
    const auto odd = of(2, 3, {-0.0f, not_a_number, infinity, -infinity, 1e-42f, 3.0f});
    auto copy = tensor.from_host(odd);
    BOOST_TEST(same_bits(tensor.to_host(copy), odd));
    const auto second = copy;
    tensor.set(copy, 0, 0, 5.0f);
    BOOST_TEST(same_bits(tensor.to_host(second), odd)); // copies share nothing
}

BOOST_AUTO_TEST_CASE(line_2_gemm_of_every_form_and_edge_shape) {
    const auto tensor = make_tensor(2);
    struct extents {
        std::size_t rows, inner, columns;
    };
    for (const auto &[rows, inner, columns] : {extents{1, 1, 1},
                                               {1, 5, 1},
                                               {7, 1, 3},
                                               {3, 4, 1},
                                               {1, 4, 9},
                                               {17, 16, 15},
                                               {33, 31, 2},
                                               {200, 3, 300},
                                               {130, 65, 600},
                                               {700, 64, 10},
                                               {10, 900, 12},
                                               {0, 3, 2},
                                               {2, 3, 0},
                                               {4, 0, 3}}) {
        for (unsigned form = 0; form < 8; ++form) {
            const lipt::gemm_options options{.transpose_a = (form & 1u) != 0,
                                             .transpose_b = (form & 2u) != 0,
                                             .alpha = 0.5f,
                                             .beta = (form & 4u) != 0 ? -2.0f : 0.0f};
            const auto a = options.transpose_a ? filled(inner, rows, 1) : filled(rows, inner, 1);
            const auto b = options.transpose_b ? filled(columns, inner, 2) : filled(inner, columns, 2);
            const auto c = filled(rows, columns, 3);
            auto out = tensor.from_host(c);
            tensor.gemm(tensor.from_host(a), tensor.from_host(b), out, options);
            check_near(tensor.to_host(out), product(a, b, c, options),
                       3e-6 * (10 + static_cast<double>(inner)));
        }
    }
}

BOOST_AUTO_TEST_CASE(line_2_gemm_without_beta_reads_nothing_and_gives_c_its_shape) {
    const auto tensor = make_tensor();
    for (const std::size_t columns : {1, 20}) {
        const auto a = filled(40, 30, 1), b = filled(30, columns, 2);
        auto poisoned = tensor.from_host(host_matrix({40, columns}, not_a_number)), wrong = tensor.make(2, 2);
        tensor.gemm(tensor.from_host(a), tensor.from_host(b), poisoned, {});
        tensor.gemm(tensor.from_host(a), tensor.from_host(b), wrong, {});
        check_near(tensor.to_host(poisoned), product(a, b, {}, {}), 1e-4);
        BOOST_TEST(same_bits(tensor.to_host(poisoned), tensor.to_host(wrong)));
    }
}

BOOST_AUTO_TEST_CASE(line_3_combine) {
    const auto tensor = make_tensor();
    auto y = tensor.from_host(of(2, 2, {1, 2, 3, 4}));
    tensor.combine(2.0f, tensor.from_host(of(2, 2, {10, 20, 30, 40})), -1.0f, y);
    BOOST_TEST(same_bits(tensor.to_host(y), of(2, 2, {19, 38, 57, 76})));
    tensor.combine(0.5f, y, 0.5f, y); // onto itself
    BOOST_TEST(same_bits(tensor.to_host(y), of(2, 2, {19, 38, 57, 76})));
}

BOOST_AUTO_TEST_CASE(line_4_multiply_element_by_element_or_by_rows) {
    const auto tensor = make_tensor();
    auto y = tensor.from_host(of(2, 3, {1, 2, 3, 4, 5, 6}));
    tensor.multiply(tensor.from_host(of(2, 3, {2, 2, 2, 3, 3, 0})), y);
    BOOST_TEST(same_bits(tensor.to_host(y), of(2, 3, {2, 4, 6, 12, 15, 0})));
    tensor.multiply(tensor.from_host(of(2, 1, {-1, 0.5f})), y);
    BOOST_TEST(same_bits(tensor.to_host(y), of(2, 3, {-2, -4, -6, 6, 7.5f, 0})));
    auto column = tensor.from_host(of(3, 1, {1, 2, 3}));
    tensor.multiply(tensor.from_host(of(3, 1, {4, 5, 6})), column); // both readings agree
    BOOST_TEST(same_bits(tensor.to_host(column), of(3, 1, {4, 10, 18})));
}

BOOST_AUTO_TEST_CASE(line_5_maximum) {
    const auto tensor = make_tensor();
    auto y = tensor.from_host(of(1, 4, {1, -2, infinity, 0}));
    tensor.maximum(tensor.from_host(of(1, 4, {0, -1, 5, -infinity})), y);
    BOOST_TEST(same_bits(tensor.to_host(y), of(1, 4, {1, -1, infinity, 0})));
}

BOOST_AUTO_TEST_CASE(line_6_row_dots_of_every_length) {
    const auto tensor = make_tensor();
    for (std::size_t columns = 0; columns < 70; ++columns) {
        const auto a = filled(3, columns, 1), b = filled(3, columns, 2);
        host_matrix expected = host_matrix::from_shape({3, 1});
        for (std::size_t i = 0; i < 3; ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < columns; ++j) sum += static_cast<double>(a(i, j)) * b(i, j);
            expected(i, 0) = static_cast<float>(sum);
        }
        check_near(tensor.to_host(tensor.row_dots(tensor.from_host(a), tensor.from_host(b))), expected, 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(line_7_softmax_residual) {
    const auto tensor = make_tensor();
    const std::vector<std::int32_t> labels{2, 0};
    // exp(0), exp(log 2), exp(log 5): probabilities 1/8, 2/8, 5/8.
    const auto d = tensor.to_host(tensor.softmax_residual(
        tensor.from_host(of(2, 3, {0, std::log(2.0f), std::log(5.0f), 0, std::log(2.0f), std::log(5.0f)})),
        labels));
    check_near(d, of(2, 3, {0.125f, 0.25f, -0.375f, -0.875f, 0.25f, 0.625f}), 1e-7);
}

BOOST_AUTO_TEST_CASE(line_7_softmax_residual_is_stable_and_keeps_the_digits_of_a_learned_sample) {
    const auto tensor = make_tensor();
    const std::vector<std::int32_t> labels{0, 1, 0};
    constexpr float huge = std::numeric_limits<float>::max();
    const auto d = tensor.to_host(
        tensor.softmax_residual(tensor.from_host(of(3, 2, {huge, -huge, huge, -huge, 20, 0})), labels));
    BOOST_TEST(same_bits(of(2, 2, {d(0, 0), d(0, 1), d(1, 0), d(1, 1)}), of(2, 2, {-0.0f, 0, 1, -1})));
    const double left = std::exp(-20.0) / (1 + std::exp(-20.0));
    BOOST_TEST(std::abs(d(2, 1) / left - 1) < 1e-6);
    BOOST_TEST(std::abs(-d(2, 0) / left - 1) < 1e-6);
}

BOOST_AUTO_TEST_CASE(line_8_gather_rows_in_order_with_repeats) {
    const auto tensor = make_tensor();
    const auto a = tensor.from_host(of(3, 2, {1, 2, 3, 4, 5, 6}));
    const std::vector<std::int64_t> indices{2, 0, 2};
    BOOST_TEST(same_bits(tensor.to_host(tensor.gather_rows(a, indices)), of(3, 2, {5, 6, 1, 2, 5, 6})));
    const auto none = tensor.gather_rows(a, {});
    BOOST_TEST(tensor.rows(none) == 0u);
    BOOST_TEST(tensor.columns(none) == 2u);
}

BOOST_AUTO_TEST_CASE(line_9_column_means_of_millions_lose_nothing) {
    const auto tensor = make_tensor(2);
    BOOST_TEST(same_bits(tensor.to_host(tensor.column_means(tensor.from_host(of(2, 3, {1, 2, 3, 3, 6, 5})))),
                         of(1, 3, {2, 4, 4})));
    // A float sum of these stops growing at 2^24 and would be off by a third.
    constexpr std::size_t count = std::size_t{5} << 22;
    host_matrix ones({count, 1}, 1.0f);
    ones(0, 0) = 0.1f;
    BOOST_TEST(tensor.get(tensor.column_means(tensor.from_host(ones)), 0, 0) ==
               static_cast<float>((static_cast<double>(count) - 1 + 0.1f) / static_cast<double>(count)));
}

BOOST_AUTO_TEST_CASE(line_10_smallest_magnitude_mask_with_ties_signs_and_nan) {
    const auto tensor = make_tensor();
    const auto a = tensor.from_host(of(2, 4, {-2, 0.5f, 1, -1, not_a_number, 0, -0.0f, 1}));
    const auto mask = [&](std::size_t count) {
        return tensor.to_host(tensor.smallest_magnitude_mask(a, count));
    };
    BOOST_TEST(same_bits(mask(0), of(2, 4, {1, 1, 1, 1, 1, 1, 1, 1})));
    BOOST_TEST(same_bits(mask(1), of(2, 4, {1, 1, 1, 1, 1, 0, 1, 1}))); // 0 and -0 tie
    BOOST_TEST(same_bits(mask(4), of(2, 4, {1, 0, 0, 1, 1, 0, 0, 1}))); // three of magnitude 1 tie
    BOOST_TEST(same_bits(mask(6), of(2, 4, {1, 0, 0, 0, 1, 0, 0, 0})));
    BOOST_TEST(same_bits(mask(7), of(2, 4, {0, 0, 0, 0, 1, 0, 0, 0}))); // NaN goes last
    BOOST_TEST(same_bits(mask(8), of(2, 4, {0, 0, 0, 0, 0, 0, 0, 0})));
}

BOOST_AUTO_TEST_CASE(line_10_smallest_magnitude_mask_agrees_with_sorting) {
    const auto tensor = make_tensor();
    const auto values = filled(100, 37, 1);
    std::vector<float> sorted;
    for (const float value : values) sorted.push_back(std::abs(value));
    std::sort(sorted.begin(), sorted.end());
    for (const std::size_t count : {std::size_t{1}, std::size_t{1000}, values.size() - 1}) {
        const auto mask = tensor.to_host(tensor.smallest_magnitude_mask(tensor.from_host(values), count));
        for (std::size_t i = 0; i < values.size(); ++i) {
            BOOST_REQUIRE(mask.data()[i] == (std::abs(values.data()[i]) < sorted[count] ? 0.0f : 1.0f));
        }
    }
}

BOOST_AUTO_TEST_CASE(line_11_arg_max_with_exclusions_ties_and_nan) {
    const auto tensor = make_tensor();
    const auto found = [&](const std::vector<float> &values, const std::vector<float> &excluded) {
        return tensor.arg_max(tensor.from_host(of(values.size(), 1, values)),
                              tensor.from_host(of(excluded.size(), 1, excluded)));
    };
    BOOST_TEST(found({1, 3, 2}, {0, 0, 0}) == 1);
    BOOST_TEST(found({1, 3, 2}, {0, 1, 0}) == 2);
    BOOST_TEST(found({3, 3, 3}, {1, 0, 0}) == 1);
    BOOST_TEST(found({not_a_number, -infinity, -5}, {0, 0, 1}) == 1);
    BOOST_TEST(found({not_a_number, 2, not_a_number}, {0, 1, 0}) == 0);
    BOOST_TEST(error_id([&] { found({1, 2}, {1, 1}); }) == "LIPT-B05");
    BOOST_TEST(error_id([&] { found({}, {}); }) == "LIPT-B05");
}

BOOST_AUTO_TEST_CASE(line_12_set_and_get) {
    const auto tensor = make_tensor();
    auto a = tensor.make(2, 3);
    tensor.set(a, 1, 2, 7.0f);
    BOOST_TEST(tensor.get(a, 1, 2) == 7.0f);
    BOOST_TEST(same_bits(tensor.to_host(a), of(2, 3, {0, 0, 0, 0, 0, 7})));
}

BOOST_AUTO_TEST_CASE(line_13_facility_gain) {
    const auto tensor = make_tensor();
    const auto gain = tensor.facility_gain(tensor.from_host(of(2, 3, {1, 0.5f, 0.25f, 0, 0, 3})),
                                           tensor.from_host(of(1, 3, {0.5f, 0.5f, 0.5f})));
    BOOST_TEST(same_bits(tensor.to_host(gain), of(2, 1, {0.5f, 2.5f})));
    const auto wide = filled(3, 1001, 1), best = filled(1, 1001, 2);
    host_matrix expected = host_matrix::from_shape({3, 1});
    for (std::size_t i = 0; i < 3; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < 1001; ++j)
            sum += std::max(static_cast<double>(wide(i, j) - best(0, j)), 0.0);
        expected(i, 0) = static_cast<float>(sum);
    }
    check_near(tensor.to_host(tensor.facility_gain(tensor.from_host(wide), tensor.from_host(best))), expected,
               1e-4);
}

BOOST_AUTO_TEST_CASE(line_13_a_gain_never_grows_with_best) {
    const auto tensor = make_tensor();
    const auto similarity = tensor.from_host(filled(50, 333, 1));
    auto best = tensor.from_host(filled(1, 333, 2));
    auto before = tensor.to_host(tensor.facility_gain(similarity, best));
    for (std::uint32_t step = 3; step < 10; ++step) {
        tensor.maximum(tensor.from_host(filled(1, 333, step)), best);
        const auto now = tensor.to_host(tensor.facility_gain(similarity, best));
        for (std::size_t i = 0; i < now.size(); ++i) BOOST_TEST(now.data()[i] <= before.data()[i]);
        before = now;
    }
}

BOOST_AUTO_TEST_CASE(line_14_negative_distances) {
    const auto tensor = make_tensor();
    // Of (0,0) and (3,4) to (3,0), (3,4) and (0,5); a product that rounding made too large is a distance of
    // 0.
    auto y = tensor.from_host(of(2, 3, {0, 0, 0, 9, 26, 20}));
    tensor.negative_distances(tensor.from_host(of(2, 1, {0, 25})), tensor.from_host(of(1, 3, {9, 25, 25})),
                              y);
    const auto found = tensor.to_host(y);
    check_near(found, of(2, 3, {-3, -5, -5, -4, 0, -std::sqrt(10.0f)}), 1e-6);
    BOOST_TEST(found(1, 1) == 0.0f);
}

BOOST_AUTO_TEST_CASE(no_result_depends_on_the_number_of_threads) {
    const auto run = [](std::size_t threads) {
        const auto tensor = make_tensor(threads);
        std::vector<host_matrix> results;
        const auto keep = [&](const matrix &a) { results.push_back(tensor.to_host(a)); };
        const auto tall = tensor.from_host(filled(9000, 40, 1)),
                   other = tensor.from_host(filled(9000, 40, 2));
        const auto small = tensor.from_host(filled(40, 11, 3)), column = tensor.from_host(filled(40, 1, 4));
        auto out = tensor.make(0, 0);
        tensor.gemm(tall, small, out);
        keep(out);
        tensor.gemm(tall, column, out);
        keep(out);
        tensor.gemm(tall, other, out, {.transpose_a = true});
        keep(out);
        tensor.gemm(tensor.gather_rows(tall, std::vector<std::int64_t>{5, 2, 8999}), other, out,
                    {.transpose_b = true});
        keep(out);
        keep(tensor.facility_gain(out, tensor.gather_rows(out, std::vector<std::int64_t>{1})));
        keep(tensor.row_dots(tall, other));
        keep(tensor.column_means(tall));
        keep(tensor.smallest_magnitude_mask(tall, 70000));
        keep(tensor.softmax_residual(tall, std::vector<std::int32_t>(9000, 7)));
        auto changed = tall;
        tensor.combine(0.3f, other, 0.7f, changed);
        tensor.multiply(other, changed);
        tensor.maximum(other, changed);
        keep(changed);
        tensor.negative_distances(tensor.row_dots(tall, tall), tensor.make(1, 40), changed);
        keep(changed);
        return results;
    };
    const auto one = run(1);
    for (const std::size_t threads : {1, 2, 4}) {
        const auto many = run(threads);
        for (std::size_t i = 0; i < one.size(); ++i) BOOST_TEST(same_bits(one[i], many[i]), "result " << i);
    }
}

BOOST_AUTO_TEST_CASE(shapes_that_do_not_fit_raise_before_anything_is_written) {
    const auto tensor = make_tensor();
    const auto a = tensor.make(2, 3), b = tensor.make(4, 5), column = tensor.make(4, 1);
    const std::vector<std::int32_t> labels{0, 1};
    const auto before = filled(4, 5, 1);
    auto out = tensor.from_host(before);
    BOOST_TEST(error_id([&] { tensor.gemm(a, b, out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.gemm(a, a, out, {.transpose_b = true, .beta = 1.0f}); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.combine(1, a, 1, out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.multiply(a, out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.multiply(tensor.make(5, 1), out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.maximum(column, out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.row_dots(a, b); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.softmax_residual(b, labels); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.column_means(tensor.make(0, 3)); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.arg_max(a, a); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.arg_max(column, tensor.make(3, 1)); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.set(out, 4, 0, 1.0f); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.get(out, 0, 5); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.facility_gain(a, b); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.facility_gain(a, tensor.make(1, 4)); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.negative_distances(column, tensor.make(1, 4), out); }) == "LIPT-B01");
    BOOST_TEST(error_id([&] { tensor.negative_distances(b, tensor.make(1, 5), out); }) == "LIPT-B01");
    BOOST_TEST(same_bits(tensor.to_host(out), before));
}

BOOST_AUTO_TEST_CASE(indices_labels_and_counts_out_of_range_raise) {
    const auto tensor = make_tensor();
    const auto a = tensor.make(2, 3);
    for (const std::int32_t label : {-1, 3}) {
        BOOST_TEST(error_id([&] {
                       tensor.softmax_residual(a, std::vector<std::int32_t>{0, label});
                   }) == "LIPT-B02");
    }
    for (const std::int64_t index : {-1, 2}) {
        BOOST_TEST(error_id([&] {
                       tensor.gather_rows(a, std::vector<std::int64_t>{0, index});
                   }) == "LIPT-B03");
    }
    BOOST_TEST(error_id([&] { tensor.smallest_magnitude_mask(a, 7); }) == "LIPT-B04");
}

BOOST_AUTO_TEST_SUITE_END()
