// What `lipt select` asks for: the arrays that a method looks at, scores in its place, settings that are
// read.
#include "stored_arrays.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

using namespace lipt_test;
using lipt::adapters::read_npy;
using lipt::adapters::write_npy;

BOOST_AUTO_TEST_SUITE(array_needs)

BOOST_FIXTURE_TEST_CASE(scores_from_elsewhere_are_sampled_like_a_methods_own, array_fixture) {
    const stored_arrays made(120, 4, 5);
    made.write(folder);
    for (const std::string sampler : {"top-k", "ccs", "beta", "d2"}) {
        const auto own = subset(
            {"--method", "grand", "--sampler", sampler, "--scores-out", at("s.npy"), "--fraction", "1"});
        const std::vector<std::string> flags{"--sampler", sampler, "--fraction", "0.3"};
        const auto expected = subset(flags + std::vector<std::string>{"--method", "grand"});
        BOOST_TEST((subset(flags + std::vector<std::string>{"--scores", at("s.npy")}) == expected), sampler);
        BOOST_TEST(report().at("method") == "scores");
        BOOST_TEST(report().at("settings").at("sampler") == sampler);
        BOOST_TEST(report().at("arrays").at("scores").at("shape") == std::vector<int>{120});
    }
    const auto spread = subset({"--scores", at("s.npy"), "--sampler", "d2"});
    const auto without_logits =
        run_lipt(folder, {"select", "--labels", at("labels.npy"), "--embeddings", at("embeddings.npy"),
                          "--scores", at("s.npy"), "--sampler", "d2", "--out", at("alone.npy")});
    BOOST_TEST(without_logits.status == 0, without_logits.err);
    BOOST_TEST((content_of(folder / "alone.npy") == spread));
    // But for D2 the labels are enough.
    const auto alone = run_lipt(folder, {"select", "--labels", at("labels.npy"), "--scores", at("s.npy"),
                                         "--unbalanced", "--out", at("alone.npy")});
    BOOST_TEST(alone.status == 0, alone.err);
    auto scores = read_npy<float>(folder / "s.npy").values;
    auto chosen = read_npy<std::int64_t>(folder / "alone.npy").values;
    BOOST_TEST(chosen.size() == 12u);
    std::sort(chosen.begin(), chosen.end(), [&](auto a, auto b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    auto sorted = scores;
    std::sort(sorted.rbegin(), sorted.rend());
    for (std::size_t i = 0; i < 12; ++i) BOOST_TEST(scores[static_cast<std::size_t>(chosen[i])] == sorted[i]);

    check_refused({"--scores", at("s.npy"), "--method", "el2n"}, 2, "U48", {"s.npy"});
    subset({"--scores", at("labels.npy")}); // counts are ratings, too
    check_refused({"--scores", at("logits.npy")}, 1, "C30", {"2 dimensions (120,4)", "one score a sample"});
    scores[7] = std::numeric_limits<float>::quiet_NaN();
    write_npy<float>(folder / "s.npy", scores);
    check_refused({"--scores", at("s.npy")}, 1, "C44", {"sample 7"});
    // What float32 cannot tell apart, or not hold; and ratings alone take no time.
    std::vector<double> far(made.samples);
    std::iota(far.begin(), far.end(), 1e9);
    write_npy<double>(folder / "s.npy", far);
    check_refused({"--scores", at("s.npy")}, 1, "C44", {"120 different scores", "ranks"});
    std::iota(far.begin(), far.end(), 0.0);
    far[5] = 1e300;
    write_npy<double>(folder / "s.npy", far);
    check_refused({"--scores", at("s.npy")}, 1, "C44", {"1e+300", "sample 5"});
    far[5] = 5;
    write_npy<double>(folder / "s.npy", far);
    const auto dry = run_lipt(folder, {"select", "--labels", at("labels.npy"), "--scores", at("s.npy"),
                                       "--out", at("alone.npy"), "--dry-run"});
    BOOST_TEST(dry.out.find("time: about 0 s") != std::string::npos, dry.out);
}

BOOST_FIXTURE_TEST_CASE(a_setting_that_nobody_reads_was_meant_for_another_method, array_fixture) {
    stored_arrays(60, 3, 4).write(folder);
    check_refused({"--method", "gradmatch", "--glister-rounds", "3"}, 2, "U49",
                  {"--glister-rounds", "glister"});
    check_refused({"--method", "gradmatch", "--sampler", "ccs"}, 2, "U49", {"--sampler"});
    check_refused({"--method", "el2n", "--ccs-cutoff", "0.1"}, 2, "U49", {"--ccs-cutoff"});
    check_refused({"--method", "el2n/ccs", "--d2-neighbours", "3"}, 2, "U49", {"d2"});
    check_refused({"--method", "log-determinant", "--neighbours", "3"}, 2, "U49", {"graph-cut"});
    subset({"--method", "el2n/ccs", "--ccs-cutoff", "0.1"});
    subset({"--method", "el2n", "--sampler", "ccs", "--ccs-strata", "5"});
    subset({"--method", "craig", "--greedy", "stochastic", "--neighbours", "3"});
    subset({"--method", "gradmatch-batch", "--gradmatch-batch", "5", "--gradmatch-ridge", "2"});
}

BOOST_FIXTURE_TEST_CASE(a_stray_label_without_logits_is_refused_before_it_costs_anything, array_fixture) {
    write_npy<std::int64_t>(folder / "labels.npy", std::vector<std::int64_t>{0, 1, 2'000'000'000});
    const auto ended = run_lipt(
        folder, {"select", "--method", "random", "--labels", at("labels.npy"), "--out", at("alone.npy")});
    BOOST_TEST(ended.status != 0);
    BOOST_TEST(ended.err.find("[LIPT-C30]") != std::string::npos, ended.err);
}

BOOST_FIXTURE_TEST_CASE(arrays_that_the_method_does_not_look_at_may_be_left_out, array_fixture) {
    stored_arrays(120, 4, 5).write(folder);
    const auto alone = [&](const std::string &method, const std::vector<std::string> &names) {
        std::vector<std::string> words{"select", "--threads",    "1", "--method", method,
                                       "--out",  at("alone.npy")};
        for (const auto &name : names)
            words = words + std::vector<std::string>{"--" + name, at(name + ".npy")};
        return words;
    };
    const std::vector<std::string> labels{"labels"}, logits{"labels", "logits"},
        embeddings{"labels", "embeddings"};
    const auto check_enough = [&](const std::string &method, const std::vector<std::string> &names) {
        const auto expected = subset({"--method", method});
        const auto ended = run_lipt(folder, alone(method, names));
        BOOST_TEST_REQUIRE(ended.status == 0, method << ": " << ended.err);
        BOOST_TEST((content_of(folder / "alone.npy") == expected), method);
        const auto dry = run_lipt(folder, alone(method, names) + std::vector<std::string>{"--dry-run"});
        BOOST_TEST(dry.out.find("time: about ") != std::string::npos, dry.out);
    };
    for (const std::string method : {"el2n", "el2n/ccs", "el2n/ccs:0.6", "entropy", "margin",
                                     "least-confidence", "deepfool", "contextual-diversity"})
        check_enough(method, logits);
    for (const std::string method : {"k-center", "herding", "moderate", "moderate/d2", "gist", "zcore",
                                     "zcore/d2", "prototype", "semdedup"})
        check_enough(method, embeddings);
    for (const std::string method : {"random", "stratified", "rs2"}) {
        const auto expected = subset({"--method", method});
        BOOST_TEST_REQUIRE(run_lipt(folder, alone(method, labels)).status == 0, method);
        BOOST_TEST((content_of(folder / "alone.npy") == expected), method);
    }
    // What is given and not looked at is not read: neither of these is finite.
    const auto whole = content_of(folder / "logits.npy");
    stored_arrays broken(120, 4, 5);
    broken.logits[7] = std::numeric_limits<float>::quiet_NaN();
    const auto herded = subset({"--method", "herding"});
    broken.write(folder);
    BOOST_TEST((subset({"--method", "herding"}) == herded));
    folder.write("logits.npy", whole);
    // More neighbours than samples are all of them, in what is expected as well.
    subset({"--method", "cal", "--cal-neighbours", "1000000000"});
    BOOST_TEST_REQUIRE(run_lipt(folder, alone("el2n/ccs", logits)).status == 0);
    const auto said = nlohmann::json::parse(content_of(folder / "alone.json"));
    BOOST_TEST(said.at("settings").at("sampler") == "ccs");
    const auto twice =
        run_lipt(folder, alone("el2n/ccs", logits) + std::vector<std::string>{"--sampler", "d2"});
    BOOST_TEST((twice.status == 2 && twice.err.find("[LIPT-C40]") != std::string::npos), twice.err);
    for (const auto &[method, names, wanted] :
         {std::tuple{"el2n/d2", logits, "el2n/d2 needs embeddings: give what is missing"},
          std::tuple{"herding", logits, "herding needs embeddings"},
          std::tuple{"gradmatch", logits, "gradmatch needs embeddings"},
          std::tuple{"el2n", labels, "el2n needs logits (or residuals)"}}) {
        const auto ended = run_lipt(folder, alone(method, names));
        BOOST_TEST((ended.status == 2 && ended.err.find("[LIPT-U26]") != std::string::npos), ended.err);
        BOOST_TEST(ended.err.find(wanted) != std::string::npos, ended.err);
    }
}

BOOST_AUTO_TEST_SUITE_END()
