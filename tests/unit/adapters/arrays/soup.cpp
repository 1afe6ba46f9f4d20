#include "named_models.hpp"

#include <lipt/adapters/store/safetensors.hpp>

#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <cmath>
#include <deque>
#include <limits>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(named_soup)

BOOST_AUTO_TEST_CASE(the_uniform_soup_is_the_mean_by_name) {
    const auto one = model().add<float>("w", {1, 2}).add<double>("b", {0.5});
    const auto two = model().add<double>("b", {1.5}).add<float>("w", {2, 5});
    const auto three = model().add<float>("w", {6, -1}).add<double>("b", {4});
    const auto made = uniform({one, two, three});
    BOOST_TEST((made.weights[0].name == "w" && made.weights[1].name == "b"));
    BOOST_TEST(numbers(made.weights, "w") == (doubles{3, 2}), boost::test_tools::per_element());
    BOOST_TEST(numbers(made.weights, "b") == (doubles{2}), boost::test_tools::per_element());
    BOOST_TEST((at(made.weights, "b").type == scalar::f64));
    BOOST_TEST(std::isnan(made.score));
    BOOST_TEST(made.ingredients.size() == 3u);
    BOOST_TEST(made.ingredients[1].alpha == 1.0 / 3);
}

BOOST_AUTO_TEST_CASE(the_soup_of_equal_models_is_that_model_bit_for_bit) {
    const std::vector<float> values{0.1f, 1e-40f, -3.7f, -0.0f, 3.4e38f};
    const doubles deep{0.1, 5e-324, -3.7, -0.0, 1.7e308, -std::numeric_limits<double>::infinity()};
    for (std::size_t n = 1; n <= 11; ++n) {
        std::vector<named_tensors> models;
        std::deque<model> kept;
        for (std::size_t i = 0; i < n; ++i)
            models.push_back(kept.emplace_back().add<float>("w", values).add<double>("d", deep));
        for (const auto method : {merging::uniform, merging::greedy, merging::stock, merging::ties}) {
            if (method == merging::stock && n == 1) continue;
            soup_options options{.method = method};
            if (method == merging::stock || method == merging::ties) options.base = models[0];
            const auto made = soup(models, options, [](const auto &) { return 1.0; });
            BOOST_TEST(std::memcmp(at(made.weights, "w").bytes->data(), values.data(), 4 * values.size()) ==
                       0);
            BOOST_TEST(std::memcmp(at(made.weights, "d").bytes->data(), deep.data(), 8 * deep.size()) == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(halves_do_not_overflow_and_are_rounded_once) {
    for (const auto type : {scalar::f16, scalar::bf16}) {
        const auto large = model().add_halves("w", type, {60000, 1});
        const auto other = model().add_halves("w", type, {60000, 2});
        const auto made = uniform({large, other, large});
        BOOST_TEST((at(made.weights, "w").type == type));
        const auto read = numbers(made.weights, "w");
        BOOST_TEST(read[0] == (type == scalar::f16 ? 60000 : 59904));
        // 4/3 to 11 and to 8 bits.
        BOOST_TEST(read[1] == (type == scalar::f16 ? 1365.0 / 1024 : 171.0 / 128));
    }
}

BOOST_AUTO_TEST_CASE(counters_take_the_largest_and_other_whole_numbers_must_be_equal) {
    const auto make = [](std::int64_t steps, std::int64_t last, std::uint8_t flag) {
        return model()
            .add_counter("bn.num_batches_tracked", steps)
            .add<std::int64_t>("ids", {0, 1, last})
            .add<std::uint8_t>("mask", {1, flag})
            .as_boolean()
            .add<float>("w", {static_cast<float>(steps)});
    };
    const auto one = make(1, 2, 0), two = make(4, 2, 0), three = make(2, 2, 0);
    const auto made = uniform({one, two, three});
    BOOST_TEST(whole(made.weights, "bn.num_batches_tracked") == 4);
    BOOST_TEST(at(made.weights, "bn.num_batches_tracked").shape.empty());
    BOOST_TEST(at(made.weights, "mask").boolean);
    BOOST_TEST((at(made.weights, "ids").shape == std::vector<std::size_t>{3}));
    const auto shifted = make(1, 3, 0), turned = make(1, 2, 1);
    BOOST_TEST(holds(refusal({one, two, shifted}), "[LIPT-S13] soup: 'ids' of ingredient 2"));
    BOOST_TEST(holds(refusal({one, turned}), "[LIPT-S13] soup: 'mask' of ingredient 1"));
    int scored = 0;
    const auto count = [&](const auto &) { return ++scored; };
    BOOST_TEST(holds(refusal({one, shifted}, {}, count), "S13"));
    BOOST_TEST(scored == 0); // before anything is measured
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_with_its_name) {
    const auto one = model().add<float>("fc.weight", {1, 2}).add<float>("fc.bias", {0});
    const auto extra =
        model().add<float>("fc.weight", {1, 2}).add<float>("fc.bias", {0}).add<float>("new", {1});
    const auto longer = model().add<float>("fc.weight", {1, 2, 3}).add<float>("fc.bias", {0});
    const auto column = model().add<float>("fc.weight", {1, 2}, {2, 1}).add<float>("fc.bias", {0});
    const auto deep = model().add<double>("fc.weight", {1, 2}).add<float>("fc.bias", {0});
    BOOST_TEST(holds(refusal({one, extra}),
                     "[LIPT-S10] soup: ingredient 1 has a tensor 'new', float32 (1), ingredient 0"));
    BOOST_TEST(holds(refusal({extra, one}),
                     "[LIPT-S10] soup: ingredient 0 has a tensor 'new', float32 (1), ingredient 1"));
    BOOST_TEST(holds(refusal({one, longer}),
                     "[LIPT-S11] soup: 'fc.weight' is float32 (2) in ingredient 0 and "
                     "float32 (3) in ingredient 1"));
    BOOST_TEST(holds(refusal({one, column}), "float32 (2,1) in ingredient 1"));
    BOOST_TEST(holds(refusal({one, deep}), "float64 (2) in ingredient 1"));
    BOOST_TEST(holds(refusal({}), "LIPT-S01"));
    const std::vector<named_tensors> alike{one, one};
    BOOST_TEST(holds(refusal(alike, {.method = merging::uniform, .base = alike[0]}), "LIPT-S20"));
    const auto twice = model().add<float>("w", {1}).add<float>("w", {1});
    BOOST_TEST(holds(refusal({twice}), "LIPT-S14"));
    BOOST_TEST(holds(refusal({one, twice}), "LIPT-S14"));
    auto slanted = *static_cast<named_tensors>(one).tensors();
    slanted[0].values.strides = {4, 4};
    BOOST_TEST(holds(refusal({slanted}), "LIPT-S15"));
    const auto flags = model().add<float>("w", {1}).as_boolean();
    BOOST_TEST(holds(refusal({flags}), "LIPT-S15"));
}

BOOST_AUTO_TEST_CASE(prefixes_are_kept_where_all_have_them_and_refused_where_not) {
    const auto named = [](const std::string &prefix, float value) {
        return model().add<float>(prefix + "fc.weight", {value}).add<float>(prefix + "fc.bias", {0});
    };
    const auto bare = named("", 1), wrapped = named("module.", 2), both = named("_orig_mod.module.", 6),
               other = named("module.", 4);
    const auto made = uniform({wrapped, other});
    BOOST_TEST(numbers(made.weights, "module.fc.weight") == doubles{3}, boost::test_tools::per_element());
    const auto said = refusal({bare, wrapped});
    BOOST_TEST(holds(said, "[LIPT-S12]"));
    BOOST_TEST(holds(said, "'fc.weight'"));
    BOOST_TEST(holds(said, "'module.fc.weight'"));
    BOOST_TEST(holds(refusal({wrapped, both}), "'_orig_mod.module.fc.weight'"));
    BOOST_TEST(holds(refusal({both, bare}), "LIPT-S12"));
}

BOOST_AUTO_TEST_CASE(tied_tensors_stay_tied_where_all_are) {
    const auto tied = [](float value) { return model().add<float>("a", {value, 0}).add_tied("b"); };
    const auto one = tied(1), two = tied(4);
    const auto loose = model().add<float>("a", {1, 0}).add<float>("b", {7, 0});
    const auto made = uniform({one, two});
    BOOST_TEST(at(made.weights, "a").bytes.get() == at(made.weights, "b").bytes.get());
    BOOST_TEST(numbers(made.weights, "b") == (doubles{2.5, 0}), boost::test_tools::per_element());
    const auto apart = uniform({one, loose});
    BOOST_TEST(at(apart.weights, "a").bytes.get() != at(apart.weights, "b").bytes.get());
    BOOST_TEST(numbers(apart.weights, "a") == (doubles{1, 0}), boost::test_tools::per_element());
    BOOST_TEST(numbers(apart.weights, "b") == (doubles{4, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_are_refused) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto good = weights({1, 2}), broken = weights({1, std::nanf("")}), large = weights({1, infinity}),
               masked = model().add<float>("w", {1, -infinity});
    BOOST_TEST(
        holds(refusal({good, broken}), "[LIPT-S19] soup: 'w' of ingredient 1 has nan as its element 1"));
    BOOST_TEST(holds(refusal({broken, good}), "'w' of ingredient 0"));
    BOOST_TEST(holds(refusal({good, large}), "'w' of ingredient 1 has inf"));
    BOOST_TEST(holds(refusal({large, good}), "'w' of ingredient 0 has inf"));
    BOOST_TEST(holds(refusal({large, masked}), "LIPT-S19"));
    const auto made = uniform({masked, masked}); // as masks of attention are
    BOOST_TEST(numbers(made.weights, "w")[1] == -static_cast<double>(infinity));
}

BOOST_AUTO_TEST_CASE(files_are_merged_as_what_is_in_memory) {
    const lipt_test::temporary_directory folder;
    std::deque<model> kept;
    std::vector<named_tensors> in_memory, in_files;
    for (int m = 0; m < 4; ++m) {
        std::vector<float> large(40000);
        for (std::size_t i = 0; i < large.size(); ++i)
            large[i] =
                static_cast<float>(std::sin(static_cast<double>(i) + 0.3 * m * static_cast<double>(i % 7)));
        auto &made = kept.emplace_back()
                         .add<float>("large", large, {200, 200})
                         .add_counter("steps", m)
                         .add_halves("half", scalar::bf16, {1.0 + m, -2})
                         .add<std::uint8_t>("mask", {0, 1})
                         .as_boolean()
                         .add<double>("none", {});
        in_memory.push_back(made);
        const auto copy = uniform({in_memory.back()});
        write_tensors(folder / std::to_string(m), copy.weights);
        in_files.push_back(folder / std::to_string(m));
    }
    const std::span<const named_tensors> memory(in_memory.data(), 3), files(in_files.data(), 3);
    for (const auto method : {merging::uniform, merging::stock, merging::ties}) {
        soup_options options{.method = method};
        if (method != merging::uniform) options.base = in_memory[3];
        write_tensors(folder / "expected", soup(memory, options).weights);
        if (method != merging::uniform) options.base = in_files[3];
        options.out = folder / "written";
        const auto written = soup(files, options);
        BOOST_TEST(written.weights.empty());
        const lipt::adapters::safetensors_file expected(folder / "expected"), read(folder / "written");
        BOOST_TEST(read.tensors().size() == 5u);
        BOOST_TEST(read.at("mask").type == "BOOL");
        for (const auto &entry : expected.tensors()) {
            const auto a = expected.bytes(entry), b = read.bytes(read.at(entry.name));
            BOOST_TEST(std::equal(a.begin(), a.end(), b.begin(), b.end()));
        }
    }
    const auto last = [](std::span<const kept_tensor> made) {
        return static_cast<double>(whole({made.begin(), made.end()}, "steps"));
    };
    const auto greedy = soup(files, {.out = folder / "greedy"}, last);
    BOOST_TEST(greedy.score == 2);
    BOOST_TEST(lipt::adapters::safetensors_file(folder / "greedy").values<std::int64_t>("steps")[0] == 2);
    BOOST_TEST(error_id([&] {
                   soup(std::vector<named_tensors>{folder / "absent"}, {.method = merging::uniform});
               }) == "LIPT-F01");
    BOOST_TEST(error_id([&] { soup(files, {.method = merging::uniform, .out = folder / "no" / "where"}); }) ==
               "LIPT-F02");
}

BOOST_AUTO_TEST_CASE(types_that_cannot_be_merged_are_refused) {
    const lipt_test::temporary_directory folder;
    const std::vector<std::uint8_t> bits{1};
    const std::vector<lipt::adapters::named_tensor> tensors{
        {"tiny", "F8_E4M3", {1}, std::as_bytes(std::span(bits))}};
    lipt::adapters::write_safetensors(folder / "a", tensors);
    const auto said = refusal({folder / "a"});
    BOOST_TEST(holds(said, "[LIPT-S15] tensors: 'tiny'"));
    BOOST_TEST(holds(said, "F8_E4M3"));
}

BOOST_AUTO_TEST_CASE(the_caller_can_end_a_merge) {
    struct ended {};
    const auto large = weights(std::vector<float>(std::size_t{1} << 20));
    const std::vector<named_tensors> models{large, large};
    const soup_options options{.method = merging::uniform, .watch = [] { throw ended(); }};
    BOOST_CHECK_THROW(soup(models, options), ended);
}

BOOST_AUTO_TEST_CASE(methods_have_names) {
    for (const auto *name : {"greedy", "uniform", "stock", "ties"})
        BOOST_TEST(name_of(merging_of(name)) == name);
    BOOST_TEST((share_search_of("grid") == share_search::grid));
    BOOST_TEST(error_id([] { merging_of("mean"); }) == "LIPT-S16");
    BOOST_TEST(error_id([] { share_search_of("Golden"); }) == "LIPT-S16");
}

BOOST_AUTO_TEST_SUITE_END()
