// Wrong use and bad input: one clear error, the right exit status, nothing lost.
#include "program.hpp"

#include <lipt/adapters/store/state.hpp>

#include <sys/file.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <span>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(use)

namespace {

struct fixture : one_run {
    void check_run_refused(const std::vector<std::string> &more, int status, const std::string &id) {
        check_refused(run(more), status, id);
        BOOST_TEST(!std::filesystem::exists(folder / "run"), id << " left a directory behind");
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(settings_out_of_range_are_wrong_use, fixture) {
    check_run_refused({"--fraction", "0"}, 2, "LIPT-U11");
    check_run_refused({"--fraction", "1.5"}, 2, "LIPT-U11");
    check_run_refused({"--fraction", "-1"}, 2, "LIPT-U11");
    check_run_refused({"--fraction", "nan"}, 2, "LIPT-U03");
    check_run_refused({"--fraction", "ten"}, 2, "LIPT-U03");
    check_run_refused({"--hold-out", "1"}, 2, "LIPT-U10");
    check_run_refused({"--workers", "-1"}, 2, "LIPT-U03");
    check_run_refused({"--soup", "boiled"}, 2, "LIPT-U03");
    check_run_refused({"--preset", "best"}, 2, "LIPT-U01");
    check_run_refused({"--precision", "int8"}, 2, "LIPT-U03");
    check_run_refused({"--evaluate-every", "0"}, 2, "LIPT-U12");
    check_run_refused({"--fraction", "0.00001"}, 2, "LIPT-U11"); // of 600: none
    check_run_refused({"--momentum", "-5"}, 2, "LIPT-U29");
    check_run_refused({"--weight-decay", "-1e9"}, 2, "LIPT-U29");
    check_run_refused({"--rand-augment-operations", "99999999999"}, 2, "LIPT-U16");
    check_run_refused({"--ccs-strata", "1000000000000"}, 2, "LIPT-C17");
    check_run_refused({"--d2-unit", "-1"}, 2, "LIPT-C17");
    check_run_refused({"--graph-cut-lambda", "-1"}, 2, "LIPT-C41");
    check_run_refused({"--glister-learning-rate", "-1"}, 2, "LIPT-C11");
    check_run_refused({"--train-samples", "601"}, 2, "LIPT-U20");
    check_run_refused({"--epochs", "0"}, 2, "LIPT-U14");
    check_run_refused({"--epochs", "-1"}, 2, "--epochs is -1, expected above 0");
    check_run_refused({"--init-learning-rate", "0"}, 2, "--init-learning-rate is 0, expected above 0");
    check_run_refused({"--rounds", "0"}, 2, "LIPT-U46");
    check_run_refused({"--workers", "0"}, 2, "LIPT-Q01");
    check_run_refused({"--train-batch-size", "0"}, 2, "LIPT-U14");
    check_run_refused({"--soup-points", "0"}, 2, "LIPT-U15");
    check_run_refused({"--observe-images", "0"}, 2, "LIPT-U15");
    check_run_refused({"--rand-augment-magnitude", "40"}, 2, "LIPT-U16");
    check_run_refused({"--features", "ensemble"}, 2, "LIPT-U18");
    check_run_refused({"--pretrain", "none", "--start", "fresh", "--init-weights", "x"}, 2, "LIPT-U27");
    check_run_refused({"--head", "fc"}, 2, "LIPT-U50");  // resnet8 has one under its own name
    check_run_refused({"--equal-steps"}, 2, "LIPT-U48"); // a setting says its value
    check_refused(run_lipt(folder, {"train", "--run", "x", "--rum", "y"}), 2, "LIPT-U48");
    check_refused(run_lipt(folder, {"fly"}), 2,
                  "[LIPT-U47] there is no command 'fly', expected one of: run, ");
    check_refused(run_lipt(folder, {"run", "--out", folder.write("file", "").string()}), 1, "is a file");
}

BOOST_FIXTURE_TEST_CASE(unknown_names_are_listed, fixture) {
    check_run_refused({"--selector", "magic"}, 2, "LIPT-C01");
    for (const char *network : {"vgg", "resnet50", "resnet152"})
        check_run_refused({"--network", network}, 2, "LIPT-N01");
    check_run_refused({"--dataset", "mnist"}, 2, "LIPT-D16");
    const auto ended = run_lipt(folder, {"run", "--out", "x", "--no-such-flag"});
    BOOST_TEST(ended.status == 2);
    BOOST_TEST(run_lipt(folder, {}).status == 2);
    BOOST_TEST(run_lipt(folder, {"fly"}).status == 2);
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_does_not_fit_is_refused_before_any_training, fixture) {
    check_run_refused({"--workers", "100"}, 2, "LIPT-Q02");
    check_run_refused({"--density-min", "0"}, 2, "LIPT-P01");
}

BOOST_FIXTURE_TEST_CASE(damaged_data_is_refused_by_name, fixture) {
    const auto images = data / "train-images-idx3-ubyte";
    const auto good = content_of(images);
    std::ofstream(images, std::ios::binary) << good.substr(0, 1000);
    check_run_refused({}, 1, "LIPT-D12");
    auto magic = good;
    magic[2] = 9;
    std::ofstream(images, std::ios::binary) << magic;
    check_run_refused({}, 1, "LIPT-D11");
    write_data(data, 10);
    check_run_refused({}, 1, "LIPT-D15");
    std::filesystem::remove(images);
    check_run_refused({}, 1, "LIPT-D10");
}

BOOST_FIXTURE_TEST_CASE(a_directory_of_other_settings_is_not_touched, fixture) {
    BOOST_TEST(run({}).status == 0);
    const auto before = content_of(folder / "run" / "result.json");
    check_refused(run({"--seed", "4"}), 1, "LIPT-R01");
    check_refused(run({"--epochs", "5"}), 1, "'epochs' was 4.0 and is now 5.0");
    BOOST_TEST(content_of(folder / "run" / "result.json") == before);
    BOOST_TEST(run({}).status == 0); // done: nothing is made again
    folder.write("stranger", "");
    std::filesystem::create_directories(folder / "full");
    std::ofstream(folder / "full" / "file") << "x";
    check_refused(run_lipt(folder, std::vector<std::string>{"run", "--out", (folder / "full").string()} +
                                       small_run(data)),
                  1, "LIPT-R02");
    check_refused(run_lipt(folder, {"merge", "--run", (folder / "full").string()}), 1, "LIPT-R02");
    check_refused(run_lipt(folder, {"worker", "--run", (folder / "run").string(), "--worker", "3"}), 2,
                  "LIPT-Q03");
}

BOOST_FIXTURE_TEST_CASE(a_run_may_move_to_where_the_data_lies_elsewhere, fixture) {
    BOOST_TEST(run({"--epochs", "2"}).status == 0);
    const auto elsewhere = folder / "elsewhere";
    std::filesystem::rename(data, elsewhere);
    // The last --data counts; the run goes on from its soup, and only the subset and what follows is made.
    const auto made = content_of(folder / "run" / "subset.npy");
    std::filesystem::remove(folder / "run" / "subset.npy");
    const auto ended = run({"--epochs", "2", "--data", elsewhere.string()});
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(content_of(folder / "run" / "subset.npy") == made);
    write_data(data, 9); // the same place, other data
    check_refused(run({"--epochs", "2"}), 1, "LIPT-R01");
}

BOOST_FIXTURE_TEST_CASE(two_processes_in_one_directory_are_refused_but_for_workers, fixture) {
    const auto path = (folder / "run").string();
    BOOST_TEST(run({}).status == 0);
    const int held = open((path + "/.lock").c_str(), O_RDWR);
    BOOST_TEST_REQUIRE(flock(held, LOCK_EX | LOCK_NB) == 0);
    check_refused(run({}), 1, "LIPT-R09");
    check_refused(run_lipt(folder, {"train", "--run", path}), 1, "LIPT-R09");
    BOOST_TEST(run_lipt(folder, {"worker", "--run", path, "--worker", "0"}).status == 0);
    close(held);
    BOOST_TEST(run({}).status == 0);
}

BOOST_FIXTURE_TEST_CASE(counts_have_no_sign_in_any_command, fixture) {
    const auto path = (folder / "run").string();
    for (const char *command : {"merge", "train", "select"})
        check_refused(run_lipt(folder, {command, "--run", path, "--threads", "-1"}), 2, "LIPT-U03");
    check_refused(run_lipt(folder, {"worker", "--run", path, "--worker", "-1"}), 2, "LIPT-U03");
    for (const char *flag : {"--seed", "--max-memory", "--threads"})
        check_refused(run_lipt(folder, {"select", flag, "-1"}), 2, "LIPT-U03");
    check_refused(run_lipt(folder, {"stability", path, path, "--samples", "-1"}), 2, "LIPT-U03");
}

BOOST_FIXTURE_TEST_CASE(output_that_cannot_be_written_is_a_failure, fixture) {
    const auto status = [](const std::string &arguments) {
        const auto line = std::string(LIPT_PROGRAM) + " " + arguments + " >/dev/full 2>/dev/null";
        return WEXITSTATUS(std::system(line.c_str()));
    };
    BOOST_TEST(status("select --list") == 1);
    BOOST_TEST(status("run --help") == 1);
    BOOST_TEST(run({"--epochs", "1"}).status == 0);
    BOOST_TEST(status("report " + (folder / "run").string()) == 1);
}

BOOST_FIXTURE_TEST_CASE(every_stage_finds_data_that_lies_elsewhere, fixture) {
    const auto path = (folder / "run").string(), elsewhere = (folder / "elsewhere").string();
    BOOST_TEST(run_lipt(folder, std::vector<std::string>{"plan", "--out", path} + small_run(data)).status ==
               0);
    std::filesystem::rename(data, elsewhere);
    const auto stage = [&](const std::vector<std::string> &arguments) {
        const auto ended = run_lipt(folder, arguments + std::vector<std::string>{"--data", elsewhere});
        BOOST_TEST(ended.status == 0, ended.err);
    };
    for (const char *worker : {"0", "1", "2"}) // which need their shards alone
        BOOST_TEST(run_lipt(folder, {"worker", "--run", path, "--worker", worker}).status == 0);
    for (const char *command : {"merge", "select", "train"}) stage({command, "--run", path});
    stage({"report", path});
    check_refused(run_lipt(folder, {"merge", "--run", path}), 1, "LIPT-D10");
    write_data(data, 9); // other data under the right names
    check_refused(run_lipt(folder, {"merge", "--run", path, "--data", data.string()}), 1, "LIPT-R01");
    check_refused(run_lipt(folder, {"report", path, "--data", data.string()}), 1, "LIPT-R01");
    check_refused(run_lipt(folder, {"select", "--data", elsewhere}), 2, "LIPT-U25");
}

BOOST_FIXTURE_TEST_CASE(a_warm_start_and_what_follows_share_the_steps, fixture) {
    const auto settings = [&](const std::vector<std::string> &more) {
        std::filesystem::remove_all(folder / "warm");
        const std::vector<std::string> flags{"run",
                                             "--out",
                                             (folder / "warm").string(),
                                             "--preset",
                                             "paper",
                                             "--data",
                                             data.string(),
                                             "--pretrain",
                                             "full",
                                             "--epochs",
                                             "4",
                                             "--fraction",
                                             "0.2",
                                             "--hold-out",
                                             "0.1",
                                             "--train-batch-size",
                                             "64",
                                             "--pretrain-batch-size",
                                             "64"};
        const auto ended = run_lipt(folder, flags + more);
        BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
        return nlohmann::json::parse(content_of(folder / "warm" / "config.json")).at("settings");
    };
    // Four epochs of a fifth: half of those steps on the whole set, half on the subset.
    const auto warm = settings({"--selector", "gradmatch"});
    BOOST_TEST((warm.at("epochs") == 2.0 && warm.at("pretrain-epochs") == 0.4));
    BOOST_TEST(warm.at("start") == "pretrained");
    const auto own = settings({"--selector", "gradmatch", "--pretrain-epochs", "1"});
    BOOST_TEST((own.at("epochs") == 4.0 && own.at("pretrain-epochs") == 1.0));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_could_not_begin_can_be_begun, fixture) {
    std::filesystem::create_directories(folder / "run");
    std::ofstream(folder / "run" / ".config.json.1-0.tmp") << "{";
    BOOST_TEST(run({}).status == 0);
}

BOOST_FIXTURE_TEST_CASE(settings_come_from_a_file_and_flags_win, fixture) {
    const auto file = folder.write("settings.toml", "epochs = 2\nseed = 9\nstart = \"fresh\"\n");
    BOOST_TEST(run({"--config", file.string()}).status == 0);
    const auto config = nlohmann::json::parse(content_of(folder / "run" / "config.json")).at("settings");
    BOOST_TEST(config.at("epochs") == 4.0);         // the flag
    BOOST_TEST(config.at("start") == "pretrained"); // the flag
    const auto other = folder.write("other.toml", "momentum = 0.8\npreset = \"paper\"\nprune = \"off\"\n");
    const auto ended =
        run_lipt(folder, std::vector<std::string>{"plan", "--out", (folder / "plan").string()} +
                             small_run(data) + std::vector<std::string>{"--config", other.string()});
    BOOST_TEST(ended.status == 0, ended.err);
    const auto planned = nlohmann::json::parse(content_of(folder / "plan" / "config.json")).at("settings");
    BOOST_TEST(planned.at("momentum") == 0.8);
    BOOST_TEST(planned.at("preset") == "paper");
    BOOST_TEST(planned.at("prune") == "off");
    check_refused(run_lipt(folder, {"plan", "--out", (folder / "w").string(), "--config", data.string()}), 2,
                  "is not a file");
    const auto section = folder.write("section.toml", "[a]\nseed = 3\n");
    check_refused(run_lipt(folder, {"plan", "--out", (folder / "w").string(), "--config", section.string()}),
                  2, "has a section [a]");
    const auto several = folder.write("several.toml", "seed = [1, 2]\n");
    check_refused(run_lipt(folder, {"plan", "--out", (folder / "w").string(), "--config", several.string()}),
                  2, "'seed' has 2 values");
    const auto flag = folder.write("flag.toml", "launcher = \"threads\"\n");
    check_refused(run_lipt(folder, {"plan", "--out", (folder / "w").string(), "--config", flag.string()}), 2,
                  "LIPT-U03");
    const auto marked = folder.write("marked.toml", "train-samples = 1_000_000\n");
    check_refused(run({"--config", marked.string()}), 2, "--train-samples is 1000000,");
    const auto wrong = folder.write("wrong.toml", "colour = 3\n");
    check_refused(run_lipt(folder, {"plan", "--out", (folder / "w").string(), "--config", wrong.string()}), 2,
                  "LIPT-U03");
}

BOOST_FIXTURE_TEST_CASE(the_common_start_may_be_a_given_file, fixture) {
    const auto spec = lipt::make_network("resnet8", {.image = {1, 28, 28}});
    const auto weights = lipt::initial_weights(spec, 17);
    const auto file = folder / "start.safetensors";
    lipt::adapters::save_state(file, spec, weights);
    // No start is trained, so that its epochs are read by nothing: two are the default.
    const std::vector<std::string> given{"--init-weights", file.string(), "--init-epochs", "2"};
    BOOST_TEST_REQUIRE(run(given).status == 0);
    const auto path = folder / "run";
    BOOST_TEST((lipt::adapters::load_state(path / "theta_star.safetensors", spec).state.weights == weights));
    const auto config = nlohmann::json::parse(content_of(path / "config.json")).at("settings");
    BOOST_TEST(config.at("init-weights") == file.string());
    const auto first = result_of(path).at("stages").at(0);
    BOOST_TEST(first.at("name") == "initialize");
    for (const char *key : {"samples_read", "forward", "backward"}) BOOST_TEST(first.at(key) == 0);
    BOOST_TEST(!std::filesystem::exists(path / "initialize"));
    // The run has its own copy, as its workers on other hosts have.
    std::filesystem::remove(file);
    std::filesystem::remove(path / "result.json");
    BOOST_TEST(run(given).status == 0);
}

BOOST_FIXTURE_TEST_CASE(a_given_start_that_does_not_fit_is_refused, fixture) {
    const auto spec = lipt::make_network("resnet8", {.image = {1, 28, 28}});
    const auto file = folder / "start.safetensors";
    const std::vector<std::string> given{"--init-weights", file.string(), "--init-epochs", "2"};
    check_run_refused(given, 1, "LIPT-F01");
    const auto write = [&](const lipt::network_spec &of, std::size_t without, float last) {
        auto weights = lipt::initial_weights(of, 17);
        weights.back() = last;
        std::vector<lipt::adapters::named_tensor> tensors;
        for (std::size_t w = 0; w + without < of.weights.size(); ++w) {
            const auto &entry = of.weights[w];
            tensors.push_back(lipt::adapters::named_tensor::of<float>(
                entry.name, entry.shape, std::span(weights).subspan(entry.offset, entry.size)));
        }
        lipt::adapters::write_safetensors(file, tensors);
    };
    write(spec, 1, 0);
    check_run_refused(given, 1, "has no tensor 'linear.bias'");
    write(spec, 0, std::numeric_limits<float>::quiet_NaN());
    check_run_refused(given, 1, "LIPT-F26");
    write(lipt::make_network("resnet8", {.image = {3, 28, 28}}), 0, 0);
    check_run_refused(given, 1, "LIPT-F23");
    write(lipt::make_network("resnet14", {.image = {1, 28, 28}}), 0, 0);
    check_run_refused(given, 1, "LIPT-F25");
}

BOOST_FIXTURE_TEST_CASE(every_device_of_a_list_is_tried_before_anything_is_made, fixture) {
    const auto ended = run({"--device", "cpu,nonsense"});
    BOOST_TEST(ended.status != 0);
    BOOST_TEST(ended.err.find("'nonsense'") != std::string::npos, ended.err);
    BOOST_TEST(!std::filesystem::exists(folder / "run"));
}

BOOST_FIXTURE_TEST_CASE(a_method_may_be_chosen_by_trials, fixture) {
    const std::vector<std::string> automatic{"--selector", "auto", "--trial-candidates",
                                             "facility-location,el2n/ccs"};
    const auto ended = run(automatic);
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    BOOST_TEST(ended.err.find("trials chose ") != std::string::npos, ended.err);
    const auto trials = nlohmann::json::parse(content_of(folder / "run" / "trials.json"));
    BOOST_TEST(trials.at("trials").size() == 3u + 6u);
    const auto chosen = trials.at("chosen").get<std::string>();
    const auto rival = trials.at("rival").get<std::string>();
    BOOST_TEST((chosen == rival || chosen == "stratified"));
    BOOST_TEST(ended.err.find(rival + " led stratified by ") != std::string::npos, ended.err);
    BOOST_TEST(content_of(folder / "run" / "report.html").find(rival + " led by ") != std::string::npos);
    BOOST_TEST(content_of(folder / "run" / "report.html").find("How the method was chosen") !=
               std::string::npos);
    // The run that names the chosen method keeps the same samples.
    const auto subset = content_of(folder / "run" / "subset.npy");
    std::filesystem::remove_all(folder / "run");
    BOOST_TEST(run({"--selector", chosen}).status == 0);
    BOOST_TEST(content_of(folder / "run" / "subset.npy") == subset);
    std::filesystem::remove_all(folder / "run");
    check_run_refused({"--selector", "auto", "--trial-candidates", "magic"}, 2, "LIPT-C01");
    check_run_refused({"--selector", "gradmatch/ccs"}, 2, "LIPT-C40");
    check_run_refused({"--selector", "el2n/ccs", "--ccs-cutoff", "2"}, 2, "LIPT-C17");
    check_run_refused({"--gradmatch-ridge", "0"}, 2, "LIPT-C14");
    check_run_refused({"--gradmatch-weights", "ridge"}, 2, "LIPT-U28");
    check_run_refused({"--selector", "auto", "--trial-budget", "0"}, 2, "LIPT-U19");
    check_run_refused({"--selector", "auto", "--pretrain", "full", "--pretrain-runs", "2"}, 2, "LIPT-U18");
}

BOOST_FIXTURE_TEST_CASE(conventional_and_no_pretraining_are_choices_of_the_same_pipeline, fixture) {
    const std::vector<std::string> begin{"run", "--out", (folder / "run").string()};
    const auto flags = begin + small_run_without_workers(data);
    const auto full =
        run_lipt(folder, flags + std::vector<std::string>{"--pretrain", "full", "--pretrain-epochs", "1",
                                                          "--pretrain-batch-size", "64", "--selector",
                                                          "grand", "--pretrain-runs", "2"});
    BOOST_TEST(full.status == 0, full.err);
    const auto stages = result_of(folder / "run").at("stages");
    BOOST_TEST(stages.at(0).at("name") == "pretrain");
    BOOST_TEST(stages.at(0).at("backward") == 2 * 540);
    std::filesystem::remove_all(folder / "run");
    const auto none = run_lipt(
        folder, begin + without(small_run_without_workers(data), {"--hold-out"}) +
                    std::vector<std::string>{"--pretrain", "none", "--selector", "rs2", "--start", "fresh"});
    BOOST_TEST(none.status == 0, none.err);
    BOOST_TEST(run_lipt(folder, {"report", (folder / "run").string()}).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
