#include <lipt/adapters/store/atomic_file.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>
#include <vector>

namespace {

using lipt::adapters::atomic_file;
using lipt::adapters::write_file;
using lipt_test::content_of;
using lipt_test::error_id;

/// Runs `work` in a child process in which no file may grow beyond `limit` bytes; returns its exit status.
template <class Work>
int with_file_size_limit(rlim_t limit, Work &&work) {
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGXFSZ,
                    SIG_IGN); // so that the write fails with EFBIG, as it does with ENOSPC on a full disk
        const rlimit size{limit, limit};
        setrlimit(RLIMIT_FSIZE, &size);
        _exit(work());
    }
    int status = 0;
    waitpid(child, &status, 0);
    BOOST_REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

} // namespace

BOOST_AUTO_TEST_SUITE(atomic_file_)

BOOST_AUTO_TEST_CASE(writes_and_replaces) {
    const lipt_test::temporary_directory folder;
    const auto path = folder / "result.json";
    write_file(path, "first");
    BOOST_TEST(content_of(path) == "first");
    write_file(path, "second, longer");
    BOOST_TEST(content_of(path) == "second, longer");
    write_file(path, "");
    BOOST_TEST(content_of(path) == "");
    BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_visible_before_commit_and_nothing_is_left_without_it) {
    const lipt_test::temporary_directory folder;
    const auto path = folder.write("kept", "old");
    {
        atomic_file file(path);
        file.write("new");
        BOOST_TEST(content_of(path) == "old");
        BOOST_TEST(folder.entries() == 2);
    }
    BOOST_TEST(content_of(path) == "old");
    BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_one_error_and_the_old_file_survives) {
    const lipt_test::temporary_directory folder;
    const auto path = folder.write("weights", "old content");
    const int status = with_file_size_limit(4096, [&] {
        try {
            write_file(path, std::string(10000, 'x'));
        } catch (const lipt::error &failure) {
            const std::string what = failure.what();
            const bool told = failure.id() == "LIPT-F02" && what.find(path.string()) != std::string::npos &&
                              what.find("4096 bytes") != std::string::npos &&
                              what.find("File too large") != std::string::npos;
            return told ? 0 : 1;
        }
        return 2;
    });
    BOOST_TEST(status == 0);
    BOOST_TEST(content_of(path) == "old content");
    BOOST_TEST(folder.entries() == 1);
    write_file(path, std::string(10000, 'x')); // the same call succeeds where there is room
    BOOST_TEST(content_of(path).size() == 10000u);
}

BOOST_AUTO_TEST_CASE(writers_of_one_path_do_not_share_a_temporary) {
    const lipt_test::temporary_directory folder;
    const auto path = folder / "contested";
    {
        atomic_file first(path), second(path);
        first.write("first");
        second.write("second");
        second.commit();
        BOOST_TEST(content_of(path) == "second");
        first.commit();
        BOOST_TEST(content_of(path) == "first");
    }
    std::vector<std::thread> writers;
    for (char letter = 'a'; letter < 'e'; ++letter) {
        writers.emplace_back([&path, letter] {
            for (int i = 0; i < 10; ++i) write_file(path, std::string(5000, letter));
        });
    }
    for (auto &writer : writers) writer.join();
    const auto content = content_of(path);
    BOOST_TEST((content.size() == 5000 && content == std::string(5000, content[0])));
    BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(a_temporary_left_by_a_killed_process_is_stepped_over) {
    const lipt_test::temporary_directory folder;
    std::optional<atomic_file> probe(folder / "x");
    const auto taken = std::filesystem::directory_iterator(folder.path())->path().filename().string();
    probe.reset();
    // ".x.<pid>-<count>.tmp": occupy the names that would come next.
    const auto dash = taken.rfind('-');
    const int count = std::stoi(taken.substr(dash + 1));
    for (int i = 1; i <= 3; ++i)
        folder.write(taken.substr(0, dash + 1) + std::to_string(count + i) + ".tmp", "left");
    write_file(folder / "x", "good");
    BOOST_TEST(content_of(folder / "x") == "good");
    BOOST_TEST(folder.entries() == 4);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_replaced_is_refused) {
    const lipt_test::temporary_directory folder;
    BOOST_TEST(error_id([&] { write_file(folder / "absent/file", "x"); }) == "LIPT-F02");
    BOOST_TEST(error_id([&] { write_file(folder.path(), "x"); }) == "LIPT-F03");
    BOOST_TEST(error_id([&] { write_file("/dev/full", "x"); }) == "LIPT-F03");
    BOOST_TEST(std::filesystem::is_character_file("/dev/full"));
    BOOST_TEST(folder.entries() == 0);
}

BOOST_AUTO_TEST_CASE(a_link_stays_a_link) {
    const lipt_test::temporary_directory folder;
    folder.write("target", "old");
    std::filesystem::create_symlink("target", folder / "link");
    write_file(folder / "link", "new");
    BOOST_TEST(std::filesystem::is_symlink(folder / "link"));
    BOOST_TEST(content_of(folder / "target") == "new");
}

BOOST_AUTO_TEST_SUITE_END()
