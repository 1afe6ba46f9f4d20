// Settings that nothing in a run reads, and fractions that keep nothing: said, not passed over.
#include "program.hpp"

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(unread)

namespace {

struct fixture : one_run {
    void check_unread(const std::vector<std::string> &flags, const std::string &setting) {
        const auto ended =
            run_lipt(folder, std::vector<std::string>{"run", "--out", (folder / "run").string()} + flags);
        check_refused(ended, 2, "LIPT-U49");
        BOOST_TEST(ended.err.find(setting) != std::string::npos, ended.err);
        BOOST_TEST(!std::filesystem::exists(folder / "run"));
    }
    void check_unread_beside(const std::vector<std::string> &more, const std::string &setting) {
        check_unread(small_run(data) + more, setting);
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_setting_that_nothing_reads_is_wrong_use, fixture) {
    check_unread_beside({"--selector", "el2n", "--ccs-cutoff", "0.5"}, "--ccs-cutoff is for ccs");
    check_unread_beside({"--selector", "rs2", "--gradmatch-ridge", "5"}, "--gradmatch-ridge");
    check_unread_beside({"--selector", "facility-location", "--sampler", "ccs"}, "--sampler");
    check_unread_beside({"--soup", "uniform", "--soup-points", "9"}, "--soup-points");
    check_unread_beside({"--trial-candidates", "el2n"}, "--selector auto");
    const std::vector<std::string> bare{"--data", data.string(), "--start", "fresh", "--pretrain"};
    check_unread(bare + std::vector<std::string>{"none", "--workers", "5"}, "--workers");
    check_unread(bare + std::vector<std::string>{"full", "--local-learning-rate", "5"},
                 "--local-learning-rate");
    const auto file = folder.write("settings.toml", "ccs-cutoff = 0.5\n");
    check_unread_beside({"--config", file.string()}, "--ccs-cutoff");
}

BOOST_FIXTURE_TEST_CASE(defaults_and_a_resolved_config_are_read_by_whoever_they_are_for, fixture) {
    // Another method's default may be spelt out, as a script for all methods does.
    const auto ended = run({"--selector", "rs2", "--ccs-cutoff", "0.3", "--gradmatch-ridge", "1.0"});
    BOOST_TEST_REQUIRE(ended.status == 0, ended.err);
    const auto path = (folder / "run").string();
    for (const char *stage : {"merge", "select", "train"})
        BOOST_TEST(run_lipt(folder, {stage, "--run", path}).status == 0, stage);
}

BOOST_FIXTURE_TEST_CASE(a_fraction_that_keeps_nothing_is_an_error, fixture) {
    const auto ended = run({"--fraction", "0.0008"}); // of 600: 0.48
    check_refused(ended, 2, "LIPT-U11");
    const auto part = run({"--fraction", "0.004", "--train-samples", "100"});
    BOOST_TEST((part.status == 2 && part.err.find("LIPT-U11") != std::string::npos), part.err);
}

BOOST_AUTO_TEST_SUITE_END()
