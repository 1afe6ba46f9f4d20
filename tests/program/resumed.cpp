// A selection from stored arrays that was stopped goes on, and ends with the same bytes.
#include "stored_arrays.hpp"

#include <chrono>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(resumed)

namespace {

/// Forty classes, so that there is something to go on with.
struct fixture : array_fixture {
    const std::vector<std::string> flags{"--method",  "gradmatch",    "--fraction", "0.3",   "--weights-out",
                                         at("w.npy"), "--scores-out", at("s.npy"),  "--csv", at("table.csv")};
    const std::vector<std::string> outputs{"subset.npy", "subset.json", "w.npy", "s.npy", "table.csv"};
    std::vector<std::string> whole;
    std::uint32_t microseconds = 0; ///< that the whole takes

    fixture() {
        stored_arrays(4000, 40, 24).write(folder);
        const auto begin = std::chrono::steady_clock::now();
        subset(flags);
        const auto took = std::chrono::steady_clock::now() - begin;
        microseconds =
            static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
        whole = written();
        remove();
    }
    std::vector<std::string> written() const {
        std::vector<std::string> contents;
        for (const auto &name : outputs) contents.push_back(content_of(folder / name));
        return contents;
    }
    void remove() const {
        for (const auto &name : outputs) std::filesystem::remove(folder / name);
    }
    /// Stops the selection at its state, which may not grow beyond these bytes.
    void stop(rlim_t limit) const {
        const auto ended = run_lipt(folder, arguments(flags), limit);
        BOOST_TEST(ended.status == 1);
        BOOST_TEST(ended.err.find("LIPT-F02") != std::string::npos, ended.err);
        BOOST_TEST(std::filesystem::file_size(folder / "subset.npy.state") == limit);
        BOOST_TEST(!std::filesystem::exists(folder / "subset.npy"));
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(stopped_by_a_full_disk_it_goes_on_with_the_classes_that_are_done, fixture) {
    stop(10'000); // a class has some 900 bytes of picks, weights and scores
    const auto ended = select(flags);
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(ended.err.find("going on with the ") != std::string::npos, ended.err);
    BOOST_TEST((written() == whole));
    BOOST_TEST(!std::filesystem::exists(folder / "subset.npy.state"));
}

BOOST_FIXTURE_TEST_CASE(other_settings_or_arrays_begin_anew, fixture) {
    stop(10'000);
    const auto other = select(flags + std::vector<std::string>{"--gradmatch-ridge", "3"});
    BOOST_TEST(other.err.find("beginning anew") != std::string::npos, other.err);
    BOOST_TEST((content_of(folder / "w.npy") != whole[2]));
    remove();
    stop(10'000);
    // The same content written again: it might be other content where no part of it was looked at.
    const auto again = content_of(folder / "logits.npy");
    folder.write("logits.npy", again);
    const auto touched = select(flags);
    BOOST_TEST(touched.err.find("beginning anew") != std::string::npos, touched.err);
    BOOST_TEST((content_of(folder / "subset.npy") == whole[0]));
}

BOOST_FIXTURE_TEST_CASE(killed_at_any_moment_it_ends_the_same, fixture) {
    lipt::rng draw({.seed = 12, .stage = lipt::stream::test});
    int kills = 0, resumed = 0;
    // Each round leaves it a random part of the time that the whole takes, however long the program needs to
    // start; one that came through is begun anew.
    while (kills < 20 || resumed < 3) {
        started_program program(folder, arguments(flags));
        usleep(draw.below(microseconds));
        program.kill();
        const auto ended = program.finish();
        BOOST_TEST_REQUIRE((ended.status == 0 || ended.status == -SIGKILL), ended.err);
        kills += ended.status != 0;
        resumed += ended.err.find("going on with the ") != std::string::npos;
        BOOST_TEST_REQUIRE(kills < 2000);
        if (ended.status != 0) continue;
        BOOST_TEST((written() == whole));
        remove();
    }
    BOOST_TEST(select(flags).status == 0);
    BOOST_TEST((written() == whole));
}

BOOST_FIXTURE_TEST_CASE(one_pool_goes_on_with_the_ratings_that_are_made, fixture) {
    const std::vector<std::string> one{"--method", "grand", "--unbalanced", "--fraction", "0.3"};
    const auto expected = subset(one);
    std::filesystem::remove(folder / "subset.npy");
    BOOST_TEST(run_lipt(folder, arguments(one), 20'000).status == 1);
    const auto ended = select(one);
    BOOST_TEST(ended.err.find("going on with the ") != std::string::npos, ended.err);
    BOOST_TEST((content_of(folder / "subset.npy") == expected));
}

BOOST_FIXTURE_TEST_CASE(stability_tells_agreement_from_chance, fixture) {
    subset({"--method", "grand", "--scores-out", at("s.npy"), "--fraction", "0.1"});
    const auto name = [&](const std::string &seed) { return at("seed" + seed + ".npy"); };
    for (const std::string seed : {"1", "2", "3"})
        BOOST_TEST(select({"--method", "stratified", "--seed", seed, "--out", name(seed)}).status == 0);
    const auto ended = run_lipt(folder, {"stability", name("1"), name("2"), name("3"), at("subset.npy"),
                                         "--json", at("stability.json")});
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(ended.out.find("by chance") != std::string::npos);
    const auto pairs = nlohmann::json::parse(content_of(folder / "stability.json")).at("pairs");
    BOOST_TEST(pairs.size() == 6u);
    for (const auto &pair : pairs) {
        // Of 400 of 4000 each: 40 in common by chance, with a deviation of 6.
        BOOST_TEST(std::abs(pair.at("jaccard").get<double>() - 0.0526) < 0.05);
        BOOST_TEST(std::abs(pair.at("jaccard_by_chance").get<double>() - 0.0526) < 0.001);
        BOOST_TEST(pair.at("spearman").is_null());
    }
    const auto same = run_lipt(folder, {"stability", at("s.npy"), at("s.npy")});
    BOOST_TEST(same.out.find("1.0000") != std::string::npos, same.out);
    BOOST_TEST(run_lipt(folder, {"stability", at("s.npy"), name("1")}).status == 2); // nothing in common
    const auto other = run_lipt(folder, {"stability", at("s.npy"), at("s.npy"), "--samples", "7"});
    BOOST_TEST(other.err.find("[LIPT-C34]") != std::string::npos, other.err);
    BOOST_TEST(run_lipt(folder, {"stability", at("logits.npy"), at("s.npy")}).status == 1);
    // Scores of doubles are ranked as doubles, and what is compared is not written over.
    const std::vector<double> far{1e9 + 1, 1e9 + 3, 1e9 + 2}, near{1, 3, 2};
    lipt::adapters::write_npy<double>(folder / "far.npy", far);
    lipt::adapters::write_npy<double>(folder / "near.npy", near);
    const auto alike = run_lipt(folder, {"stability", at("far.npy"), at("near.npy")});
    BOOST_TEST(alike.out.find("1.0000") != std::string::npos, alike.out);
    const auto over =
        run_lipt(folder, {"stability", at("far.npy"), at("near.npy"), "--json", at("near.npy")});
    BOOST_TEST((over.status == 2 && over.err.find("[LIPT-U31]") != std::string::npos), over.err);
    // The report is found beside a subset of any name.
    BOOST_TEST(select({"--method", "stratified", "--out", at("pa.v1")}).status == 0);
    const auto named = run_lipt(folder, {"stability", at("pa.v1"), at("pa.v1"), "--json", at("j.json")});
    BOOST_TEST(named.status == 0, named.err);
    const auto read = nlohmann::json::parse(content_of(folder / "j.json"));
    BOOST_TEST(read.at("pairs").at(0).at("jaccard_by_chance").is_number());
}

BOOST_AUTO_TEST_SUITE_END()
