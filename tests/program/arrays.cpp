// `lipt select` on stored arrays: the same subset from every kind of file, killed or not, and one clear error
// for what cannot be selected from.
#include "stored_arrays.hpp"

#include <algorithm>
#include <limits>
#include <set>

using namespace lipt_test;
using lipt::adapters::read_npy;
using lipt::adapters::write_npy;

BOOST_AUTO_TEST_SUITE(arrays)

BOOST_FIXTURE_TEST_CASE(every_type_and_order_gives_the_same_subset, array_fixture) {
    const stored_arrays made(300, 4, 6);
    made.write(folder);
    const std::vector<std::string> flags{"--weights-out", at("w.npy"), "--scores-out", at("s.npy")};
    const auto expected = subset(flags), weights = content_of(folder / "w.npy");
    const auto scores = content_of(folder / "s.npy");
    for (const auto write : {as_halves, as_doubles, in_fortran_order}) {
        folder.write("logits.npy", write(made.logits, 4));
        folder.write("embeddings.npy", write(made.embeddings, 6));
        BOOST_TEST((subset(flags) == expected));
        BOOST_TEST((content_of(folder / "w.npy") == weights && content_of(folder / "s.npy") == scores));
    }
    const std::vector<std::int32_t> small(made.labels.begin(), made.labels.end());
    write_npy<std::int32_t>(folder / "labels.npy", small);
    BOOST_TEST((subset(flags) == expected));
}

BOOST_FIXTURE_TEST_CASE(the_report_and_the_table_say_what_was_chosen_and_how, array_fixture) {
    const stored_arrays made(200, 3, 5);
    made.write(folder);
    subset({"--method", "gradmatch", "--fraction", "0.2", "--seed", "7", "--weights-out", at("w.npy"),
            "--csv", at("t.csv")});
    const auto chosen = indices();
    const auto said = report();
    BOOST_TEST(chosen.size() == 40u);
    std::vector<std::size_t> available(3), kept(3);
    for (const auto label : made.labels) ++available[static_cast<std::size_t>(label)];
    for (const auto index : chosen)
        ++kept[static_cast<std::size_t>(made.labels[static_cast<std::size_t>(index)])];
    BOOST_TEST(said.at("class_counts") == kept);
    BOOST_TEST(said.at("available") == available);
    BOOST_TEST((said.at("kept") == 40 && said.at("samples") == 200 && said.at("classes") == 3));
    BOOST_TEST((said.at("method") == "gradmatch" && said.at("budget") == "exactly"));
    BOOST_TEST((said.at("threads") > 0 && said.at("device") == "cpu" && said.contains("backend")));
    BOOST_TEST(said.at("similarities") == "none"); // with so few classes the residual is cheaper
    BOOST_TEST((said.at("settings").at("fraction") == 0.2 && said.at("settings").at("seed") == 7));
    BOOST_TEST(said.at("settings").at("balanced") == true);
    BOOST_TEST(said.at("settings").at("gradmatch-ridge") == 1.0);
    BOOST_TEST(said.at("arrays").at("logits").at("shape") == (std::vector<int>{200, 3}));
    BOOST_TEST(said.at("arrays").at("labels").at("type") == "int64");
    BOOST_TEST(said.at("arrays").at("embeddings").at("fingerprint").get<std::string>().size() == 16u);

    const auto weights = read_npy<float>(folder / "w.npy").values;
    std::istringstream table(content_of(folder / "t.csv"));
    std::string line;
    std::getline(table, line);
    BOOST_TEST(line == "index,class,weight,score");
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        std::getline(table, line);
        std::istringstream fields(line);
        std::int64_t index = -1, label = -1;
        float weight = -1;
        char comma = 0;
        fields >> index >> comma >> label >> comma >> weight;
        BOOST_TEST((index == chosen[i] && label == made.labels[static_cast<std::size_t>(index)]));
        BOOST_TEST(weight == weights[i]);
    }
    BOOST_TEST(!std::getline(table, line));
}

BOOST_FIXTURE_TEST_CASE(similarities_are_said_to_be_kept_or_computed_again, array_fixture) {
    stored_arrays(1500, 2, 5).write(folder);
    const std::vector<std::string> flags{"--method", "facility-location", "--fraction", "0.02"};
    const auto kept = subset(flags);
    BOOST_TEST(report().at("similarities") == "kept"); // two classes of 750: 2 MiB each
    BOOST_TEST((subset(flags + std::vector<std::string>{"--max-memory", "1"}) == kept));
    BOOST_TEST(report().at("similarities") == "recomputed");
    BOOST_TEST(report().at("settings").at("max-memory") == 1);
    const std::vector<std::string> sparse{"--max-memory", "1", "--similarities", "sparse", "--neighbours"};
    // All there are take four times what was too much.
    check_refused(flags + sparse + std::vector<std::string>{"749"}, 1, "C43", {"749 nearest of "});
    subset(flags + sparse + std::vector<std::string>{"20"});
    BOOST_TEST(report().at("similarities") == "sparse, the 20 nearest of each sample");
    const auto dry = select(flags + sparse + std::vector<std::string>{"20", "--dry-run"});
    BOOST_TEST(dry.out.find("similarities: sparse, the 20 nearest of each sample (--max-memory 1 MiB)") !=
                   std::string::npos,
               dry.out);
    check_refused(flags + sparse + std::vector<std::string>{"0"}, 2, "C42");
}

BOOST_FIXTURE_TEST_CASE(one_pool_ranks_what_was_rated_class_by_class, array_fixture) {
    stored_arrays(120, 4, 5).write(folder);
    const std::vector<std::string> scored{"--method", "grand", "--scores-out", at("s.npy"), "--fraction"};
    subset(scored + std::vector<std::string>{"1"});
    const auto expected = read_npy<float>(folder / "s.npy").values;
    subset(scored + std::vector<std::string>{"0.25", "--unbalanced"});
    const auto scores = read_npy<float>(folder / "s.npy").values;
    BOOST_TEST(scores == expected, boost::test_tools::per_element());
    auto chosen = indices();
    std::vector<std::int64_t> order(120);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    BOOST_TEST(std::set<std::int64_t>(chosen.begin(), chosen.end()) ==
               std::set<std::int64_t>(order.begin(), order.begin() + 30));
}

BOOST_FIXTURE_TEST_CASE(every_method_runs_on_files_within_what_a_dry_run_knows, array_fixture) {
    stored_arrays(90, 3, 4).write(folder);
    stored_arrays(15, 3, 4, 2).write(folder, "validation-");
    const std::vector<std::string> flags{"--validation-labels",
                                         at("validation-labels.npy"),
                                         "--validation-logits",
                                         at("validation-logits.npy"),
                                         "--validation-embeddings",
                                         at("validation-embeddings.npy"),
                                         "--fraction",
                                         "0.2"};
    std::istringstream list(run_lipt(folder, {"select", "--list"}).out);
    int methods = 0;
    for (std::string line; std::getline(list, line); ++methods) {
        const auto method = line.substr(0, line.find(' '));
        const auto dry = select(flags + std::vector<std::string>{"--method", method, "--dry-run"});
        BOOST_TEST(dry.out.find("time: about") != std::string::npos, method << ": " << dry.out << dry.err);
        for (const auto &pools : {std::vector<std::string>{}, std::vector<std::string>{"--unbalanced"}}) {
            subset(flags + std::vector<std::string>{"--method", method} + pools);
            const auto kept = indices().size();
            BOOST_TEST((report().at("budget") == "exactly" ? kept == 18 : kept <= 18), method);
        }
    }
    BOOST_TEST(methods >= 21);
}

BOOST_FIXTURE_TEST_CASE(methods_take_their_settings_and_samplers, array_fixture) {
    stored_arrays(150, 3, 4).write(folder);
    const auto top = subset({"--method", "el2n"}), strata = subset({"--method", "el2n/ccs"});
    BOOST_TEST((top != strata));
    BOOST_TEST(report().at("method") == "el2n/ccs");
    BOOST_TEST((subset({"--method", "el2n", "--sampler", "ccs"}) == strata));
    BOOST_TEST(
        (report().at("settings").at("sampler") == "ccs" && report().at("settings").at("ccs-cutoff") == 0.3));
    BOOST_TEST((subset({"--method", "el2n/d2", "--unbalanced"}) != top));
    check_refused({"--method", "gradmatch", "--gradmatch-ridge", "much"}, 2, "U03");
    check_refused({"--method", "gradmatch/ccs"}, 2, "C40");
    check_refused({"--method", "el2n/ccs:0.6", "--ccs-cutoff", "0.3"}, 2, "C40");
    check_refused({"--method", "el2n/d2:2.5"}, 2, "C17");
    subset({"--method", "el2n/ccs:0.6"});
    BOOST_TEST(
        (report().at("settings").at("sampler") == "ccs" && report().at("settings").at("ccs-cutoff") == 0.6));

    const stored_arrays weights(3, 4, 4), wide(3, 5, 4); // logits (3,4) and (3,5)
    weights.write(folder, "w-");
    wide.write(folder, "wide-");
    const auto plain = subset({"--method", "deepfool"});
    const auto weighted = subset({"--method", "deepfool", "--last-layer", at("w-logits.npy")});
    BOOST_TEST((plain != weighted));
    BOOST_TEST(report().at("arrays").at("last-layer").at("shape") == (std::vector<int>{3, 4}));
    check_refused({"--method", "deepfool", "--last-layer", at("wide-logits.npy")}, 1, "C31",
                  {"(3,5)", "(3,4)"});
}

BOOST_FIXTURE_TEST_CASE(empty_classes_and_classes_smaller_than_the_others_work, array_fixture) {
    stored_arrays made(101, 5, 4);
    for (auto &label : made.labels) label = label == 3 ? 0 : label; // none of class 3
    for (auto &label : made.labels) label = label == 4 ? 1 : label;
    made.labels[50] = 4; // one of class 4
    made.write(folder);
    made.write(folder, "validation-");
    for (const std::string method : {"grand", "gradmatch", "facility-location", "glister", "stratified"}) {
        for (const std::string fraction : {"0.02", "0.5", "0.99", "1"}) {
            subset({"--method", method, "--fraction", fraction, "--validation-labels",
                    at("validation-labels.npy"), "--validation-logits", at("validation-logits.npy"),
                    "--validation-embeddings", at("validation-embeddings.npy")});
            BOOST_TEST(indices().size() == static_cast<std::size_t>(101 * std::stod(fraction) + 0.5));
            const auto counts = report().at("class_counts");
            BOOST_TEST((counts.at(3) == 0 && counts.at(4) <= 1));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_fraction_that_keeps_nothing_is_wrong_use, array_fixture) {
    stored_arrays(30, 3, 4).write(folder);
    for (const char *fraction : {"0", "-0.1", "1.1", "nan", "0.01"})
        check_refused({"--fraction", fraction}, 2, "U30");
    subset({"--fraction", "0.02"}); // 0.6 of a sample: one
    BOOST_TEST(indices().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(arrays_that_do_not_fit_each_other_are_refused_by_name, array_fixture) {
    const stored_arrays made(30, 3, 4), fewer(29, 3, 4);
    made.write(folder);
    fewer.write(folder, "fewer-");
    const auto with = [&](const std::string &flag, const std::string &file) {
        return std::vector<std::string>{"--" + flag, at(file)};
    };
    check_refused(with("logits", "fewer-logits.npy"), 1, "C30", {"fewer-logits.npy", "29", "30"});
    check_refused(with("embeddings", "fewer-embeddings.npy"), 1, "C30", {"fewer-embeddings.npy"});
    check_refused(with("labels", "fewer-labels.npy"), 1, "C30", {"fewer-labels.npy"});
    check_refused(with("logits", "labels.npy"), 1, "F13", {"labels.npy", "<i8"});
    check_refused(with("labels", "logits.npy"), 1, "C30", {"logits.npy", "2 dimensions"});
    check_refused(with("labels", "absent.npy"), 1, "F01", {"absent.npy"});
    std::vector<float> halves(30, 0.0f);
    halves[4] = 0.5f;
    folder.write("floats.npy", npy_of("<f4", "(30,)", raw(halves)));
    check_refused(with("labels", "floats.npy"), 1, "C30", {"floats.npy", "label 4", "0.5", "whole number"});
    folder.write("cube.npy", npy_of("<f4", "(30, 3, 1)", std::string(360, '\0')));
    check_refused(with("logits", "cube.npy"), 1, "F15", {"cube.npy", "3 dimensions"});
    folder.write("none.npy", npy_of("<i8", "(0,)", ""));
    check_refused(with("labels", "none.npy"), 1, "C30", {"none.npy"});
    for (const std::int64_t label : {std::int64_t{3}, std::int64_t{-1}, std::int64_t{1} << 40}) {
        auto wild = made.labels;
        wild[17] = label;
        write_npy<std::int64_t>(folder / "wild.npy", wild);
        check_refused(with("labels", "wild.npy"), 1, "C30", {"wild.npy", "label 17", std::to_string(label)});
    }
}

BOOST_FIXTURE_TEST_CASE(values_that_are_not_finite_and_damaged_files_are_refused_by_name, array_fixture) {
    const stored_arrays made(30, 3, 4);
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        auto bad = made;
        bad.embeddings[4 * 11 + 2] = value;
        bad.write(folder);
        for (const char *method : {"grand", "gradmatch"})
            check_refused({"--method", method}, 1, "F17", {"embeddings.npy", "row 11", "column 2"});
    }
    made.write(folder);
    const auto whole = content_of(folder / "logits.npy");
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, std::size_t{60}, std::size_t{127}})
        folder.write("logits.npy", whole.substr(0, length)), check_refused({}, 1, "F10", {"logits.npy"});
    folder.write("logits.npy", whole.substr(0, whole.size() - 1));
    check_refused({}, 1, "F12", {"logits.npy", "truncated"});
    folder.write("logits.npy", npy_of(">f4", "(30, 3)", std::string(360, '\0')));
    check_refused({}, 1, "F11", {"logits.npy"});
}

BOOST_FIXTURE_TEST_CASE(validation_that_does_not_fit_is_refused_by_name, array_fixture) {
    const stored_arrays made(60, 3, 4);
    made.write(folder);
    const auto validation = [&](const std::string &prefix) {
        return std::vector<std::string>{"--method",
                                        "glister",
                                        "--validation-labels",
                                        at(prefix + "labels.npy"),
                                        "--validation-logits",
                                        at(prefix + "logits.npy"),
                                        "--validation-embeddings",
                                        at(prefix + "embeddings.npy")};
    };
    check_refused({"--method", "glister"}, 2, "U23", {"--validation-embeddings"});
    stored_arrays(20, 3, 5, 2).write(folder, "wide-");
    check_refused(validation("wide-"), 1, "C31", {"wide-embeddings.npy", "5 columns", "has 4"});
    stored_arrays(20, 4, 4, 2).write(folder, "more-");
    check_refused(validation("more-"), 1, "C31", {"more-logits.npy", "4 columns", "has 3"});
    stored_arrays lacking(20, 3, 4, 2);
    for (auto &label : lacking.labels) label = label == 1 ? 2 : label;
    lacking.write(folder, "lacking-");
    check_refused(validation("lacking-"), 1, "C32", {"lacking-labels.npy", "class 1"});
    subset(validation("lacking-") + std::vector<std::string>{"--unbalanced"});
    stored_arrays fitting(20, 3, 4, 2);
    fitting.write(folder, "good-");
    subset(validation("good-"));
    BOOST_TEST(report().at("arrays").at("validation-logits").at("shape") == (std::vector<int>{20, 3}));
    fitting.logits[3 * 5] = std::numeric_limits<float>::quiet_NaN();
    fitting.write(folder, "good-");
    check_refused(validation("good-"), 1, "F17", {"good-logits.npy", "row 5"});
}

BOOST_FIXTURE_TEST_CASE(outputs_that_collide_or_cannot_be_are_refused_before_any_work, array_fixture) {
    stored_arrays(30, 3, 4).write(folder);
    const auto before = content_of(folder / "labels.npy");
    check_refused({"--weights-out", at("subset.npy")}, 2, "U31", {"--weights-out", "--out"});
    check_refused({"--csv", at("subset.json")}, 2, "U31");
    check_refused({"--out", at("labels.npy")}, 2, "U31", {"--labels"});
    check_refused({"--scores-out", at("absent/s.npy")}, 2, "U32", {"absent"});
    check_refused({"--method", "random", "--scores-out", at("s.npy")}, 2, "U24");
    BOOST_TEST((content_of(folder / "labels.npy") == before));
    folder.write("subset.npy.state", "my own notes");
    check_refused({}, 1, "F06", {"subset.npy.state"});
    BOOST_TEST(content_of(folder / "subset.npy.state") == "my own notes");
}

BOOST_FIXTURE_TEST_CASE(classes_that_lose_all_their_samples_are_said_or_keep_one, array_fixture) {
    // Classes of 1300, 1290, 1280 and 1270, and one of 2: exact shares, and for the last 0.3.
    std::vector<std::int64_t> labels;
    for (const std::size_t size : {1300, 1290, 1280, 1270, 2})
        labels.insert(labels.end(), size, labels.empty() ? 0 : labels.back() + 1);
    write_npy<std::int64_t>(folder / "labels.npy", labels);
    const auto run = [&](const std::string &method, const std::vector<std::string> &more) {
        return run_lipt(folder,
                        std::vector<std::string>{"select", "--labels", at("labels.npy"), "--out",
                                                 at("subset.npy"), "--method", method, "--fraction", "0.15"} +
                            more);
    };
    const auto ended = run("stratified", {});
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(report().at("class_counts") == (std::vector<int>{195, 194, 192, 190, 0}));
    BOOST_TEST(ended.out.find("no sample is kept of 1 class (4)") != std::string::npos, ended.out);
    const auto each = run("stratified", {"--at-least-one"});
    BOOST_TEST(report().at("class_counts") == (std::vector<int>{194, 194, 192, 190, 1}));
    BOOST_TEST(each.out.find("no sample is kept") == std::string::npos, each.out);
    BOOST_TEST(report().at("settings").at("at-least-one") == true);
    for (const char *method : {"random", "rs2"}) {
        const auto refused = run(method, {"--at-least-one"});
        BOOST_TEST(refused.status == 2);
        BOOST_TEST(refused.err.find("LIPT-U49") != std::string::npos, refused.err);
    }
}

BOOST_FIXTURE_TEST_CASE(weights_have_mean_one_and_those_of_zero_are_said, array_fixture) {
    stored_arrays made(200, 3, 5);
    made.write(folder);
    for (const char *method : {"craig", "gradmatch"}) {
        subset({"--method", method, "--weights-out", at("w.npy")});
        double sum = 0;
        const auto weights = read_npy<float>(folder / "w.npy").values;
        for (const float weight : weights) sum += weight;
        BOOST_TEST(sum / static_cast<double>(weights.size()) == 1.0, boost::test_tools::tolerance(1e-5));
    }
    for (std::size_t i = 0; i < 200; ++i) made.logits[i * 3 + static_cast<std::size_t>(made.labels[i])] = 300;
    made.write(folder); // all learned to the last digit: every gradient is 0
    const auto ended = select({"--method", "gradmatch", "--weights-out", at("w.npy")});
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(ended.out.find("all weights are 0") != std::string::npos, ended.out);
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_says_what_it_would_take_and_leaves_nothing, array_fixture) {
    stored_arrays(400, 4, 8).write(folder);
    const auto ended = select({"--method", "facility-location", "--dry-run"});
    BOOST_TEST(ended.status == 0, ended.err);
    for (const char *word : {"exactly 40 of 400", "similarities: kept", "memory: about", "time: about"})
        BOOST_TEST(ended.out.find(word) != std::string::npos, word << " is not in: " << ended.out);
    BOOST_TEST(folder.entries() == 3 + 2); // the arrays, and what this test keeps of stdout and stderr
}

// Rows of a thousand million columns, in a file without a byte on disk.
BOOST_FIXTURE_TEST_CASE(what_does_not_fit_into_this_machine_is_refused, array_fixture) {
    stored_arrays(200, 2, 4).write(folder);
    const auto head = npy_of("<f4", "(200, 1073741824)", "");
    folder.write("embeddings.npy", head);
    std::filesystem::resize_file(folder / "embeddings.npy", head.size() + (std::uintmax_t{800} << 30));
    check_refused({}, 2, "U33", {"GiB"});
}

BOOST_AUTO_TEST_SUITE_END()
