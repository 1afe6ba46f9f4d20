// `lipt soup`: models in files of safetensors, merged from the shell.
#include "program.hpp"

#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/adapters/store/state.hpp>
#include <lipt/network/network.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(soup_program)

namespace {

struct fixture {
    temporary_directory folder;

    std::string at(const std::string &name) const { return (folder / name).string(); }
    /// A model of one matrix and a counter.
    std::string model(const std::string &name, std::vector<float> weights, std::int64_t steps = 1) const {
        const std::vector<std::int64_t> counter{steps};
        const std::vector<lipt::adapters::named_tensor> tensors{
            lipt::adapters::named_tensor::of<float>("fc.weight", {1, weights.size()}, weights),
            lipt::adapters::named_tensor::of<std::int64_t>("bn.num_batches_tracked", {}, counter)};
        lipt::adapters::write_safetensors(folder / name, tensors);
        return at(name);
    }
    outcome soup(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "soup");
        return run_lipt(folder, arguments);
    }
    std::vector<float> weights(const std::string &name) const {
        return lipt::adapters::safetensors_file(folder / name).values<float>("fc.weight");
    }
    void refused(std::vector<std::string> arguments, int status, const std::string &id) const {
        arguments.insert(arguments.end(), {"--out", at("refused")});
        const auto ended = soup(arguments);
        BOOST_TEST(ended.status == status, ended.err);
        BOOST_TEST(ended.err.find("[LIPT-" + id + "]") != std::string::npos, ended.err);
        BOOST_TEST(!std::filesystem::exists(folder / "refused"));
    }
};

using floats = std::vector<float>;

} // namespace

BOOST_FIXTURE_TEST_CASE(models_are_merged_by_every_method_that_needs_no_score, fixture) {
    const auto one = model("one", {2, 1}, 3), two = model("two", {1.6f, 1.8f}, 9),
               base = model("base", {1, 1});
    const auto mean = soup({one, two, "--out", at("mean")});
    BOOST_TEST(mean.status == 0, mean.err);
    BOOST_TEST(mean.out == at("mean") + ": uniform of 2 models\n");
    BOOST_TEST(weights("mean") == (floats{1.8f, 1.4f}), boost::test_tools::per_element());
    const auto read = lipt::adapters::safetensors_file(folder / "mean");
    BOOST_TEST(read.values<std::int64_t>("bn.num_batches_tracked")[0] == 9);
    BOOST_TEST((read.at("fc.weight").shape == std::vector<std::size_t>{1, 2}));
    BOOST_TEST(soup({one, two, "--method", "stock", "--base", base, "--out", at("stock")}).status == 0);
    BOOST_TEST(weights("stock") == (floats{1.6f, 1.3f}), boost::test_tools::per_element());
    const auto ties = soup({one, two, "--method", "ties", "--base", base, "--density", "0.5", "--scale",
                            "0.5", "--out", at("ties")});
    BOOST_TEST(ties.status == 0, ties.err);
    BOOST_TEST(weights("ties") == (floats{1.5f, 1.4f}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(wrong_use_has_status_2, fixture) {
    const auto one = model("one", {2, 1}), two = model("two", {1, 2});
    refused({}, 2, "U48");
    refused({one, "--method", "mean"}, 2, "S16");
    refused({one, two, "--method", "ties"}, 2, "S18");
    refused({one, two, "--method", "ties", "--base", one, "--density", "0"}, 2, "S17");
    refused({one, two, "--method", "ties", "--base", one, "--density", "half"}, 2, "U03");
    refused({one, "--method", "stock", "--base", one}, 2, "S17");
    refused({one, two, "--base", one}, 2, "U49");
    refused({one, two, "--points", "3"}, 2, "U49");
    refused({one, two, "--method", "greedy"}, 2, "U51");
    refused({one, two, "--method", "greedy", "--network", "resnet8"}, 2, "U51");
    refused({one, two, "--method", "greedy", "--network", "resnet9", "--data", at("")}, 2, "N01");
    const auto before = content_of(folder / "one");
    const auto itself = soup({one, two, "--out", one});
    BOOST_TEST(itself.status == 2, itself.err);
    BOOST_TEST(itself.err.find("[LIPT-U31]") != std::string::npos, itself.err);
    BOOST_TEST(content_of(folder / "one") == before);
    const auto nowhere = soup({one, two, "--out", at("no/where")});
    BOOST_TEST(nowhere.status == 2, nowhere.err);
    BOOST_TEST(nowhere.err.find("[LIPT-U32]") != std::string::npos, nowhere.err);
}

BOOST_FIXTURE_TEST_CASE(files_that_do_not_fit_have_status_1_and_are_named, fixture) {
    const auto one = model("one", {2, 1}), longer = model("longer", {1, 2, 3});
    refused({one, longer}, 1, "S11");
    refused({one, at("none")}, 1, "F01");
    folder.write("text", "no tensors at all");
    refused({one, at("text")}, 1, "F20");
    refused({one, model("broken", {1, std::nanf("")})}, 1, "S19");
    const auto ended = soup({one, longer, "--out", at("refused")});
    for (const auto &part : {std::string("'fc.weight'"), std::string("(1,2)"), std::string("(1,3)"), longer})
        BOOST_TEST(ended.err.find(part) != std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(a_network_of_lipts_is_scored_on_data, fixture) {
    write_data(folder / "data");
    const lipt::network_options images{.image = {.channels = 1, .height = 28, .width = 28},
                                       .classes = 10,
                                       .mean = {0.5f},
                                       .deviation = {0.5f}};
    const auto spec = lipt::make_network("resnet8", images);
    std::vector<std::string> arguments;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const auto name = "start-" + std::to_string(seed);
        lipt::adapters::save_state(folder / name, spec, lipt::initial_weights(spec, seed));
        arguments.push_back(at(name));
    }
    auto greedy = arguments;
    greedy.insert(greedy.end(),
                  {"--method", "greedy", "--network", "resnet8", "--data", at("data"), "--hold-out", "0.2",
                   "--observe-images", "64", "--points", "2", "--threads", "1"});
    auto written = greedy;
    written.insert(written.end(), {"--out", at("soup")});
    const auto ended = soup(written);
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(ended.out.find("best alone") != std::string::npos, ended.out);
    BOOST_TEST(ended.out.find("on 120 held-out samples") != std::string::npos, ended.out);
    const auto merged = lipt::adapters::load_state(folder / "soup", spec).state.weights;
    bool renewed = false; // statistics are those of the data, no longer 0 and 1
    for (const auto &entry : spec.weights) {
        if (entry.kind != lipt::weight_kind::running_mean) continue;
        for (std::size_t i = 0; i < entry.size; ++i) renewed = renewed || merged[entry.offset + i] != 0;
    }
    BOOST_TEST(renewed);
    written.back() = at("again");
    BOOST_TEST(soup(written).status == 0);
    BOOST_TEST(content_of(folder / "again") == content_of(folder / "soup"));
    auto other = greedy;
    other[std::find(other.begin(), other.end(), "resnet8") - other.begin()] = "resnet14";
    refused(other, 2, "U52");
}

BOOST_AUTO_TEST_SUITE_END()
