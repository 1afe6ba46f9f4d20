#include <lipt/adapters/arrays/select.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace lipt::arrays;
using lipt_test::error_id;

constexpr std::size_t samples = 120, classes = 3, width = 8;

/// Numbers that every type of 16 bits and more holds exactly.
struct outputs {
    std::vector<std::int64_t> labels;
    std::vector<float> logits, embeddings;

    outputs() {
        for (std::size_t i = 0; i < samples; ++i) {
            labels.push_back(static_cast<std::int64_t>(i % classes));
            for (std::size_t c = 0; c < classes; ++c)
                logits.push_back(
                    static_cast<float>(static_cast<int>((3 * i * i + 53 * i + 29 * c + 17 * i * c) % 251) -
                                       125) /
                    32);
            for (std::size_t e = 0; e < width; ++e)
                embeddings.push_back(
                    static_cast<float>(static_cast<int>((7 * i * i + 37 * i + 13 * e * e + 5 * i * e) % 251) -
                                       125) /
                    128);
        }
    }
    select_request request(const std::string &method) const {
        select_request asked{.method = method};
        asked.labels = labels;
        asked.logits = array_view::of(std::span<const float>(logits), {samples, classes});
        asked.embeddings = array_view::of(std::span<const float>(embeddings), {samples, width});
        return asked;
    }
};

const std::vector<std::int64_t> k_center_picks{24, 21, 39, 66, 40, 67, 73, 19, 44, 110, 77, 104};
const std::vector<std::int64_t> el2n_picks{54, 39, 93, 78, 10, 112, 49, 4, 95, 5, 35, 50};
const std::vector<std::int64_t> facility_picks{42, 27, 48, 105, 22, 94, 109, 64, 101, 92, 95, 20};
const std::vector<std::int64_t> one_pool_picks{40, 68, 67, 73, 99, 39, 31, 96, 35, 23, 13, 113};

std::vector<std::byte> bytes_of(const std::vector<float> &values, scalar type) {
    std::vector<std::byte> out(values.size() * size_of(type));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double wide = values[i];
        std::uint32_t bits;
        std::memcpy(&bits, &values[i], 4);
        const auto brain = static_cast<std::uint16_t>(bits >> 16);
        // Exact halves: sign, exponent less 112, ten digits; none of the numbers here is subnormal.
        const auto half = static_cast<std::uint16_t>(
            values[i] == 0
                ? 0
                : (bits >> 16 & 0x8000u) | (((bits >> 23 & 0xFFu) - 112) << 10) | (bits >> 13 & 0x3FFu));
        const void *from = type == scalar::f64    ? static_cast<const void *>(&wide)
                           : type == scalar::bf16 ? static_cast<const void *>(&brain)
                           : type == scalar::f16  ? static_cast<const void *>(&half)
                                                  : static_cast<const void *>(&values[i]);
        std::memcpy(out.data() + i * size_of(type), from, size_of(type));
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(arrays_select)

BOOST_AUTO_TEST_CASE(the_same_picks_as_worked_out_in_double) {
    const outputs made;
    BOOST_TEST(select(made.request("k-center")).indices == k_center_picks, boost::test_tools::per_element());
    BOOST_TEST(select(made.request("el2n")).indices == el2n_picks, boost::test_tools::per_element());
    BOOST_TEST(select(made.request("facility-location")).indices == facility_picks,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(any_type_and_any_strides_are_the_same_array) {
    const outputs made;
    for (const auto type : {scalar::f16, scalar::bf16, scalar::f32, scalar::f64}) {
        const auto bytes = bytes_of(made.embeddings, type);
        auto asked = made.request("k-center");
        asked.embeddings = array_view{.data = bytes.data(), .type = type, .shape = {samples, width}};
        BOOST_TEST((select(asked).indices == k_center_picks), name_of(type));
    }
    // Columns first, rows from the last to the first, and not aligned to a float.
    std::vector<float> turned(made.embeddings.size());
    for (std::size_t i = 0; i < samples; ++i)
        for (std::size_t e = 0; e < width; ++e)
            turned[e * samples + (samples - 1 - i)] = made.embeddings[i * width + e];
    std::vector<std::byte> odd(turned.size() * 4 + 1);
    std::memcpy(odd.data() + 1, turned.data(), turned.size() * 4);
    auto asked = made.request("k-center");
    asked.embeddings = array_view{.data = odd.data() + 1 + 4 * (samples - 1),
                                  .shape = {samples, width},
                                  .strides = {-4, static_cast<std::ptrdiff_t>(4 * samples)}};
    BOOST_TEST(select(asked).indices == k_center_picks, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(labels_of_any_integer_type_or_in_a_column) {
    const outputs made;
    const std::vector<std::uint8_t> narrow(made.labels.begin(), made.labels.end());
    const std::vector<std::int16_t> some(made.labels.begin(), made.labels.end());
    const std::vector<double> real(made.labels.begin(), made.labels.end());
    auto asked = made.request("el2n");
    asked.labels = narrow;
    BOOST_TEST((select(asked).indices == el2n_picks));
    asked.labels = some;
    BOOST_TEST((select(asked).indices == el2n_picks));
    asked.labels = real;
    BOOST_TEST((select(asked).indices == el2n_picks));
    asked.labels = array_view::of(std::span<const std::int64_t>(made.labels), {samples, 1});
    BOOST_TEST((select(asked).indices == el2n_picks));
}

BOOST_AUTO_TEST_CASE(labels_that_no_class_has_are_refused_by_sample_and_value) {
    const outputs made;
    for (const std::int64_t wrong :
         {std::int64_t{-1}, std::int64_t{3}, std::int64_t{255}, std::int64_t{1} << 32}) {
        auto labels = made.labels;
        labels[5] = wrong;
        auto asked = made.request("el2n");
        asked.labels = labels;
        std::string said;
        try {
            select(asked);
        } catch (const lipt::error &failure) {
            said = failure.what();
        }
        BOOST_TEST(said.find("LIPT-C30") != std::string::npos, wrong);
        BOOST_TEST(said.find("label 5") != std::string::npos, said);
        BOOST_TEST(said.find(std::to_string(wrong)) != std::string::npos, said);
    }
    std::vector<double> half(made.labels.begin(), made.labels.end());
    half[0] += 0.5;
    auto asked = made.request("el2n");
    asked.labels = half;
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-C30");
}

BOOST_AUTO_TEST_CASE(without_labels_all_samples_are_one_pool) {
    const outputs made;
    auto asked = made.request("k-center");
    asked.labels = {};
    asked.logits = {};
    const auto chosen = select(asked);
    BOOST_TEST(chosen.indices == one_pool_picks, boost::test_tools::per_element());
    BOOST_TEST(chosen.classes == 1u);
    BOOST_TEST(chosen.labels.empty());
    for (const std::string method :
         {"herding", "facility-location", "graph-cut", "log-determinant", "moderate", "random"}) {
        asked.method = method;
        BOOST_TEST(select(asked).indices.size() == 12u, method);
    }
    auto rated = made.request("entropy");
    rated.labels = {};
    rated.embeddings = {};
    BOOST_TEST(select(rated).indices.size() == 12u);
    // What looks at labels says so.
    rated.method = "el2n";
    BOOST_TEST(error_id([&] { select(rated); }) == "LIPT-U26");
    rated.method = "stratified";
    BOOST_TEST(error_id([&] { select(rated); }) == "LIPT-U26");
}

BOOST_AUTO_TEST_CASE(a_count_is_kept_exactly) {
    const outputs made;
    for (const std::size_t count : {1u, 7u, 59u, 120u}) {
        for (const std::string method : {"k-center", "el2n", "rs2", "craig"}) {
            auto asked = made.request(method);
            asked.count = count;
            const auto chosen = select(asked);
            BOOST_TEST(chosen.indices.size() == count, method);
            BOOST_TEST(std::set<std::int64_t>(chosen.indices.begin(), chosen.indices.end()).size() == count);
        }
    }
    auto asked = made.request("el2n");
    asked.count = 121;
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U30");
    asked.count = 0;
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U30");
}

// The derivative of the loss in place of logits: that of softmax gives what logits give.
BOOST_AUTO_TEST_CASE(residuals_stand_for_logits_and_labels) {
    const outputs made;
    std::vector<float> residuals(made.logits.size());
    for (std::size_t i = 0; i < samples; ++i) {
        const float *z = made.logits.data() + i * classes;
        const double most = *std::max_element(z, z + classes);
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(z[c] - most);
        for (std::size_t c = 0; c < classes; ++c)
            residuals[i * classes + c] = static_cast<float>(std::exp(z[c] - most) / sum) -
                                         (static_cast<std::int64_t>(c) == made.labels[i]);
    }
    auto asked = made.request("el2n");
    asked.logits = {};
    asked.residuals = array_view::of(std::span<const float>(residuals), {samples, classes});
    BOOST_TEST(select(asked).indices == el2n_picks, boost::test_tools::per_element());
    asked.method = "facility-location";
    BOOST_TEST(select(asked).indices == facility_picks, boost::test_tools::per_element());
    // Without labels every gradient method runs on them, in one pool; what looks at probabilities does not.
    asked.labels = {};
    for (const std::string method : {"gradmatch", "craig", "grand", "el2n", "facility-location"}) {
        asked.method = method;
        BOOST_TEST(select(asked).indices.size() == 12u, method);
    }
    asked.method = "entropy";
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U26");
}

BOOST_AUTO_TEST_CASE(files_of_every_kind_are_the_same_array) {
    const outputs made;
    const lipt_test::temporary_directory folder;
    const std::vector<std::size_t> shape{samples, width};
    lipt::adapters::write_npy<float>(folder.path() / "e.npy", made.embeddings, shape);
    const auto tensor = lipt::adapters::named_tensor::of<float>("e", shape, made.embeddings);
    const auto other = lipt::adapters::named_tensor::of<std::int64_t>("y", {samples}, made.labels);
    lipt::adapters::write_safetensors(folder.path() / "one.safetensors", {{tensor}});
    lipt::adapters::write_safetensors(folder.path() / "ONE.SAFETENSORS", {{tensor}});
    lipt::adapters::write_safetensors(folder.path() / "two.safetensors", std::vector{tensor, other});
    std::ofstream table(folder.path() / "e.csv");
    table << "a,b,c,d,e,f,g,h\n";
    for (std::size_t i = 0; i < samples; ++i)
        for (std::size_t e = 0; e < width; ++e)
            table << made.embeddings[i * width + e] << (e + 1 < width ? "," : "\n");
    table.close();
    std::ifstream plain(folder.path() / "e.csv");
    const std::string text((std::istreambuf_iterator<char>(plain)), std::istreambuf_iterator<char>());
    std::ofstream(folder.path() / "marked.CSV") << "\xEF\xBB\xBF" << text.substr(text.find('\n') + 1);
    lipt::adapters::write_safetensors(
        folder.path() / "dots.safetensors",
        std::vector{lipt::adapters::named_tensor::of<float>("model.emb", shape, made.embeddings), other});
    for (const std::string file : {"e.npy", "one.safetensors", "ONE.SAFETENSORS", "two.safetensors:e",
                                   "dots.safetensors:model.emb", "e.csv", "marked.CSV"}) {
        auto asked = made.request("k-center");
        asked.embeddings = folder.path() / file;
        BOOST_TEST((select(asked).indices == k_center_picks), file);
    }
    auto asked = made.request("k-center");
    asked.labels = folder.path() / "two.safetensors:y";
    BOOST_TEST((select(asked).indices == k_center_picks));
    asked.embeddings = folder.path() / "two.safetensors";
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-F30");
    asked.embeddings = folder.path() / "two.safetensors:z";
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-F22");
    for (const std::string bad : {"1,2\n3\n", "NA,1\n2,3\n", "2024-01-02,5\n2024-01-03,6\n", "7,1.5.2\n8,2\n",
                                  "1,5;2,5\n", "a,b\n", "1,\n"}) {
        std::ofstream(folder.path() / "bad.csv") << bad;
        asked.embeddings = folder.path() / "bad.csv";
        BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-F28", bad);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_refused_where_it_is_read) {
    auto made = outputs();
    made.embeddings[7 * width + 3] = std::numeric_limits<float>::quiet_NaN();
    const auto asked = made.request("k-center");
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-F17");
    BOOST_TEST((select(made.request("el2n")).indices == el2n_picks)); // does not look at embeddings
}

BOOST_AUTO_TEST_CASE(an_option_that_nothing_reads_is_refused) {
    const outputs made;
    auto asked = made.request("el2n");
    asked.options.submodular.neighbours = 3;
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U49");
    asked = made.request("k-center");
    asked.options.sampler.kind = lipt::sampler_kind::ccs;
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U49");
    asked = made.request("el2n/ccs");
    asked.options.sampler.ccs.strata = 9;
    BOOST_TEST(select(asked).indices.size() == 12u);
}

BOOST_AUTO_TEST_CASE(options_are_set_by_name) {
    lipt::select_options options;
    set_option(options, "gradmatch-ridge", "0.25");
    set_option(options, "similarity", "embeddings");
    set_option(options, "ccs-strata", "7");
    BOOST_TEST(options.gradmatch.ridge == 0.25);
    BOOST_TEST((options.submodular.space == lipt::similarity_space::embeddings));
    BOOST_TEST(options.sampler.ccs.strata == 7u);
    for (const auto &[name, value] : {std::pair<std::string, std::string>{"gradmatch-rigde", "1"},
                                      {"gradmatch-ridge", "much"},
                                      {"similarity", "both"},
                                      {"ccs-strata", "1.5"},
                                      {"ccs-strata", "-1"}})
        BOOST_TEST(error_id([&] { set_option(options, name, value); }) == "LIPT-U03", name << "=" << value);
    // The list is what describe() says, each default the value that it sets.
    for (const auto &option : list_options()) {
        lipt::select_options again;
        set_option(again, option.name, option.initial);
        BOOST_TEST(!option.help.empty(), option.name);
    }
}

BOOST_AUTO_TEST_CASE(a_selection_stops_where_it_is_told_to) {
    const outputs made;
    struct stop {};
    std::size_t steps = 0;
    auto asked = made.request("facility-location");
    asked.between_steps = [&] {
        if (++steps == 20) throw stop();
    };
    BOOST_CHECK_THROW(select(asked), stop);
    BOOST_TEST(steps == 20u);
    asked.between_steps = {};
    BOOST_TEST((select(asked).indices == facility_picks));
}

BOOST_AUTO_TEST_CASE(one_that_was_stopped_goes_on_from_its_state) {
    const outputs made;
    const lipt_test::temporary_directory folder;
    struct stop {};
    auto asked = made.request("facility-location");
    asked.state = folder.path() / "state";
    asked.progress = [](std::size_t done, std::size_t) {
        if (done == 2) throw stop();
    };
    BOOST_CHECK_THROW(select(asked), stop);
    std::string said;
    asked.say = [&](const std::string &text) { said += text; };
    asked.progress = {};
    BOOST_TEST((select(asked).indices == facility_picks));
    BOOST_TEST(said.find("going on with the 2 classes") != std::string::npos, said);
    BOOST_TEST(!std::filesystem::exists(asked.state));
}

BOOST_AUTO_TEST_CASE(one_of_other_numbers_begins_anew) {
    auto made = outputs();
    const lipt_test::temporary_directory folder;
    struct stop {};
    auto asked = made.request("k-center");
    asked.state = folder.path() / "state";
    asked.progress = [](std::size_t done, std::size_t) {
        if (done == 2) throw stop();
    };
    BOOST_CHECK_THROW(select(asked), stop);
    made.embeddings[4 * width] = 1000; // one row, in place
    asked.progress = {};
    const auto chosen = select(asked).indices;
    BOOST_TEST((std::find(chosen.begin(), chosen.end(), 4) != chosen.end()));
}

BOOST_AUTO_TEST_CASE(an_estimate_of_more_samples_than_memory_holds_takes_none) {
    const float zero = 0;
    select_request asked{.method = "k-center", .fraction = 0.001};
    asked.embeddings = array_view{
        .data = reinterpret_cast<const std::byte *>(&zero), .shape = {5'000'000'000, 64}, .strides = {0, 0}};
    const auto found = estimate(asked);
    BOOST_TEST(found.samples == 5'000'000'000u);
    BOOST_TEST(found.kept == 5'000'000u);
    BOOST_TEST(found.bytes > 1.28e12);
    BOOST_TEST(error_id([&] { select(asked); }) == "LIPT-U33");
}

BOOST_AUTO_TEST_CASE(every_method_says_what_it_needs) {
    const outputs made;
    for (const auto &method : list_methods()) {
        if (method.name == "glister") continue; // needs a validation set besides
        select_request asked{.method = std::string(method.name)};
        const auto all = made.request("");
        const auto needs = [&](const char *what) { return method.needs.find(what) != std::string::npos; };
        if (needs("labels")) asked.labels = all.labels;
        if (needs("logits")) asked.logits = all.logits;
        if (needs("embeddings")) asked.embeddings = all.embeddings;
        if (method.needs.empty()) asked.labels = all.labels; // which say how many there are
        BOOST_TEST(error_id([&] { select(asked); }) == "", method.name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
