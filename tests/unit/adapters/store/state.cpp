#include <lipt/adapters/store/state.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace {

using lipt::adapters::load_state;
using lipt::adapters::named_tensor;
using lipt::adapters::save_state;
using lipt_test::error_id;

struct fixture {
    lipt_test::temporary_directory folder;
    std::filesystem::path path = folder / "weights.safetensors";
    lipt::network_spec spec = lipt::make_network("resnet8", {});
    std::vector<float> weights = lipt::initial_weights(spec, 3);

    /// The tensors of the network's state, as another program would write them.
    std::vector<named_tensor> tensors() const {
        std::vector<named_tensor> result;
        for (const auto &entry : spec.weights) {
            result.push_back(named_tensor::of<float>(entry.name, entry.shape,
                                                     std::span(weights).subspan(entry.offset, entry.size)));
        }
        return result;
    }
    std::string id_of(const std::vector<named_tensor> &written) const {
        lipt::adapters::write_safetensors(path, written);
        return error_id([&] { load_state(path, spec); });
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(state, fixture)

BOOST_AUTO_TEST_CASE(load_after_save_is_the_identity) {
    save_state(path, spec, weights, {{"accuracy", "0.5"}});
    const auto plain = load_state(path, spec);
    BOOST_TEST((plain.state.weights == weights));
    BOOST_TEST(plain.state.momentum.empty());
    BOOST_TEST(plain.metadata.at("accuracy") == "0.5");

    std::vector<float> momentum(weights.size());
    std::iota(momentum.begin(), momentum.end(), -100.0f);
    save_state(path, spec, weights, {}, momentum);
    const auto whole = load_state(path, spec);
    BOOST_TEST((whole.state.weights == weights));
    BOOST_TEST((whole.state.momentum == momentum));
}

BOOST_AUTO_TEST_CASE(counters_of_pytorch_and_another_order_do_not_matter) {
    auto written = tensors();
    const std::vector<std::int64_t> batches{782};
    written.push_back(named_tensor::of<std::int64_t>("bn1.num_batches_tracked", {}, batches));
    std::swap(written.front(), written[5]);
    BOOST_TEST(id_of(written) == "");
    BOOST_TEST((load_state(path, spec).state.weights == weights));
}

BOOST_AUTO_TEST_CASE(files_of_another_network_are_refused) {
    const auto other = lipt::make_network("resnet14", {});
    save_state(path, other, lipt::initial_weights(other, 1));
    BOOST_TEST(error_id([&] { load_state(path, spec); }) == "LIPT-F25");
    BOOST_TEST(error_id([&] { save_state(path, spec, lipt::initial_weights(other, 1)); }) == "LIPT-T01");
    save_state(path, spec, weights);
    BOOST_TEST(error_id([&] { load_state(path, other); }) == "LIPT-F22");
    BOOST_TEST(error_id([&] { load_state(path, lipt::make_network("resnet8", {.classes = 100})); }) ==
               "LIPT-F23");

    auto missing = tensors();
    missing.pop_back();
    BOOST_TEST(id_of(missing) == "LIPT-F22");
    auto reshaped = tensors();
    std::swap(reshaped[0].shape[0], reshaped[0].shape[1]);
    BOOST_TEST(id_of(reshaped) == "LIPT-F23");
    auto incomplete = tensors();
    incomplete.push_back(incomplete[0]);
    incomplete.back().name = "momentum." + incomplete[0].name;
    BOOST_TEST(id_of(incomplete) == "LIPT-F22");
}

BOOST_AUTO_TEST_CASE(nan_is_caught_on_both_ways_and_the_error_names_the_file_and_the_tensor) {
    const auto &last = spec.weights.back();
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        auto damaged = weights;
        damaged[last.offset] = bad;
        BOOST_TEST(error_id([&] { save_state(path, spec, damaged); }) == "LIPT-T02");
        weights[last.offset] = bad;
        BOOST_TEST(id_of(tensors()) == "LIPT-F26");
        try {
            load_state(path, spec);
        } catch (const lipt::error &failure) {
            const std::string what = failure.what();
            BOOST_TEST(what.find(path.string()) != std::string::npos);
            BOOST_TEST(what.find(last.name) != std::string::npos);
        }
        weights[last.offset] = 0;
    }
}

BOOST_AUTO_TEST_CASE(truncated_and_missing_files_are_refused) {
    save_state(path, spec, weights);
    const auto size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, size - 1);
    BOOST_TEST(error_id([&] { load_state(path, spec); }) == "LIPT-F21");
    std::filesystem::resize_file(path, 100);
    BOOST_TEST(error_id([&] { load_state(path, spec); }) == "LIPT-F20");
    std::filesystem::remove(path);
    BOOST_TEST(error_id([&] { load_state(path, spec); }) == "LIPT-F01");
}

BOOST_AUTO_TEST_SUITE_END()
