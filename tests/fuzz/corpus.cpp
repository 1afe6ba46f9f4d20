// Runs every file of the corpus through its reader: "good-" must be taken, "bad-" refused, and what the
// fuzzer left (named by its hash) must do no harm.
#include "readers.hpp"

#include <boost/test/unit_test.hpp>
#include <support/temporary_directory.hpp>

#include <filesystem>
#include <string>

namespace {

void run(const std::string &folder, bool (*read)(std::span<const std::byte>)) {
    int good = 0, bad = 0;
    for (const auto &entry : std::filesystem::directory_iterator(LIPT_FUZZ_CORPUS "/" + folder)) {
        const auto name = entry.path().filename().string();
        const auto content = lipt_test::content_of(entry.path());
        const bool taken = read(std::as_bytes(std::span(content)));
        BOOST_TEST_CONTEXT(folder << "/" << name) {
            if (name.starts_with("good-")) BOOST_TEST(taken);
            if (name.starts_with("bad-")) BOOST_TEST(!taken);
        }
        good += taken;
        bad += !taken;
        // Every beginning of a file, too: none may be taken for the whole.
        for (std::size_t length = 0; taken && length < content.size(); ++length) {
            BOOST_TEST(!read(std::as_bytes(std::span(content).first(length))));
        }
    }
    BOOST_TEST(good >= 2);
    BOOST_TEST(bad >= 2);
}

} // namespace

BOOST_AUTO_TEST_SUITE(corpus)

BOOST_AUTO_TEST_CASE(npy) { run("npy", lipt_test::read_npy); }
BOOST_AUTO_TEST_CASE(safetensors) { run("safetensors", lipt_test::read_safetensors); }
BOOST_AUTO_TEST_CASE(idx) { run("idx", lipt_test::read_idx); }
BOOST_AUTO_TEST_CASE(worker) { run("worker", lipt_test::read_worker); }
BOOST_AUTO_TEST_CASE(shard) { run("shard", lipt_test::read_shard); }
BOOST_AUTO_TEST_CASE(image) { run("image", lipt_test::read_image); }

BOOST_AUTO_TEST_SUITE_END()
