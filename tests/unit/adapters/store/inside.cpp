#include <lipt/adapters/store/inside.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

BOOST_AUTO_TEST_SUITE(inside_)

BOOST_AUTO_TEST_CASE(a_path_below_is_returned_whether_it_is_there_or_not) {
    const lipt_test::temporary_directory folder;
    folder.write("file", "");
    for (const char *name : {"file", "none", "no/such/file"})
        BOOST_TEST(lipt::adapters::inside(folder.path(), name) == folder / name);
}

BOOST_AUTO_TEST_CASE(links_and_names_that_lead_out_are_refused) {
    const lipt_test::temporary_directory folder, other;
    const auto id = [&](const char *name) {
        return lipt_test::error_id([&] { lipt::adapters::inside(folder / "run", name); });
    };
    std::filesystem::create_directories(folder / "run");
    std::filesystem::create_symlink(other / "file", folder / "run/link");
    std::filesystem::create_directory_symlink(other.path(), folder / "run/folder");
    std::filesystem::create_directories(folder / "run-2");
    BOOST_TEST(id("link") == "LIPT-R12"); // although there is no such file yet
    BOOST_TEST(id("folder/file") == "LIPT-R12");
    BOOST_TEST(id("../other") == "LIPT-R12");
    BOOST_TEST(id("../run-2/file") == "LIPT-R12");
    BOOST_TEST(id("/etc/passwd") == "LIPT-R12");
    std::filesystem::create_symlink(folder / "run/file", folder / "run/own");
    folder.write("run/file", "");
    BOOST_TEST(id("own") == "LIPT-R12"); // one name would write the other
}

BOOST_AUTO_TEST_SUITE_END()
