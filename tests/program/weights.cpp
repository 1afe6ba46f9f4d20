// Weights that `lipt select` writes: of mean 1 unless asked for as they are, ones where there are none; and
// what it says of logits that are not.
#include "stored_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace lipt_test;
using lipt::adapters::read_npy;
using lipt::adapters::write_npy;

BOOST_AUTO_TEST_SUITE(weights)

namespace {

struct fixture : array_fixture {
    std::vector<float> weights_of(const std::vector<std::string> &flags, const std::string &name = "w.npy") {
        subset(flags + std::vector<std::string>{"--weights-out", at(name)});
        return read_npy<float>(folder / name).values;
    }
    /// What it says on stderr.
    std::string said(const std::vector<std::string> &flags) {
        const auto ended = select(flags);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return ended.err;
    }
};

double sum_of(const std::vector<float> &values) { return std::accumulate(values.begin(), values.end(), 0.0); }

} // namespace

BOOST_FIXTURE_TEST_CASE(weights_have_mean_one_and_the_raw_ones_are_there_on_request, fixture) {
    stored_arrays(300, 3, 5).write(folder);
    for (const std::string method : {"craig", "gradmatch"}) {
        const std::vector<std::string> flags{"--method", method, "--fraction", "0.2"};
        const auto scaled = weights_of(flags);
        BOOST_TEST(scaled.size() == 60u);
        BOOST_TEST(sum_of(scaled) == 60, boost::test_tools::tolerance(1e-5));
        BOOST_TEST(report().at("weights") == "mean 1");
        const auto raw = weights_of(flags + std::vector<std::string>{"--raw-weights"}, "raw.npy");
        BOOST_TEST(report().at("weights") == "raw");
        for (std::size_t i = 0; i < raw.size(); ++i)
            BOOST_TEST(std::abs(raw[i] * 60 / sum_of(raw) - scaled[i]) < 1e-4, method << " " << i);
    }
    check_refused({"--method", "grand", "--raw-weights"}, 2, "U49", {"--raw-weights"});
}

BOOST_FIXTURE_TEST_CASE(a_method_without_weights_writes_ones_and_says_so, fixture) {
    stored_arrays(100, 3, 5).write(folder);
    const std::vector<std::string> flags{"--method", "grand", "--weights-out", at("w.npy")};
    BOOST_TEST(said(flags).find("grand gives no weights: '" + at("w.npy") + "' has ones") !=
               std::string::npos);
    BOOST_TEST((read_npy<float>(folder / "w.npy").values == std::vector<float>(10, 1.0f)));
    BOOST_TEST(report().at("weights") == "none");
    BOOST_TEST(said({"--method", "grand"}).empty());
}

BOOST_FIXTURE_TEST_CASE(probabilities_in_place_of_logits_are_noticed, fixture) {
    stored_arrays made(200, 4, 5);
    made.write(folder);
    const auto notice = "probabilities?";
    BOOST_TEST(said({"--method", "entropy"}).find(notice) == std::string::npos);
    const std::size_t shape[] = {200, 4};
    auto shares = made.logits, logarithms = made.logits;
    for (std::size_t i = 0; i < 200; ++i) {
        double sum = 0;
        for (std::size_t c = 0; c < 4; ++c) sum += std::exp(made.logits[4 * i + c]);
        for (std::size_t c = 0; c < 4; ++c) {
            shares[4 * i + c] = static_cast<float>(std::exp(made.logits[4 * i + c]) / sum);
            logarithms[4 * i + c] = std::log(shares[4 * i + c]);
        }
    }
    write_npy<float>(folder / "logits.npy", shares, shape);
    const auto ended = said({"--method", "entropy"});
    BOOST_TEST(ended.find(notice) != std::string::npos, ended);
    BOOST_TEST(ended.find("logits.npy") != std::string::npos, ended);
    BOOST_TEST(said({"--method", "herding"}).find(notice) == std::string::npos); // looks at embeddings alone
    write_npy<float>(folder / "logits.npy", logarithms, shape);
    BOOST_TEST(said({"--method", "entropy"}).find(notice) == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(one_column_of_a_sigmoid_is_refused_with_the_way_out, fixture) {
    stored_arrays(60, 2, 3).write(folder);
    const std::vector<float> column(60, 0.5f);
    const std::size_t shape[] = {60, 1};
    write_npy<float>(folder / "logits.npy", column, shape);
    check_refused({"--method", "entropy"}, 1, "C30", {"logits.npy", "two columns, 0 and z"});
}

BOOST_AUTO_TEST_SUITE_END()
