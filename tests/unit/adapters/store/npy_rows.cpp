#include <lipt/adapters/store/npy_rows.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/npy_bytes.hpp>
#include <support/temporary_directory.hpp>

#include <string>
#include <vector>

namespace {

using lipt::adapters::npy_rows;
using lipt_test::error_id;
using lipt_test::npy_of;
using lipt_test::raw;

std::vector<float> rows_of(const npy_rows &array, const std::vector<std::int64_t> &indices) {
    std::vector<float> out(indices.size() * array.width());
    array.read(indices, out.data());
    return out;
}

/// What the error of `work` says.
template <class Work>
std::string sentence(Work &&work) {
    try {
        work();
    } catch (const lipt::error &failure) {
        return failure.what();
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(npy_rows_of_a_file)

BOOST_AUTO_TEST_CASE(rows_come_in_the_order_asked_for_whatever_the_type) {
    const lipt_test::temporary_directory folder;
    const std::vector<float> expected{7, 8, 9, 1, 2, 3, 4, 5, 6, 1, 2, 3};
    const auto check = [&](const std::string &content) {
        const npy_rows array(folder.write("a.npy", content));
        BOOST_TEST((array.rows() == 3u && array.width() == 3u));
        BOOST_TEST(rows_of(array, {2, 0, 1, 0}) == expected, boost::test_tools::per_element());
        BOOST_TEST(rows_of(array, {}).empty());
    };
    const auto floats = raw<float>({1, 2, 3, 4, 5, 6, 7, 8, 9});
    check(npy_of("<f4", "(3, 3)", floats));
    check(npy_of("<f8", "(3, 3)", raw<double>({1, 2, 3, 4, 5, 6, 7, 8, 9})));
    check(
        npy_of("<f2", "(3, 3)",
               raw<std::uint16_t>({0x3C00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800, 0x4880})));
    check(npy_of("<f4", "(3, 3)", raw<float>({1, 4, 7, 2, 5, 8, 3, 6, 9}), true));
    // A header of odd length leaves the elements unaligned.
    check(npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3)} ", floats));
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_finite_is_named_when_its_row_is_read) {
    const lipt_test::temporary_directory folder;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const npy_rows array(folder.write("a.npy", npy_of("<f4", "(3, 2)", raw<float>({0, 1, 2, 3, 4, nan}))));
    BOOST_TEST(rows_of(array, {0, 1}).size() == 4u);
    const auto said = sentence([&] { rows_of(array, {1, 2}); });
    BOOST_TEST(said.find("[LIPT-F17] npy: row 2 of '" + (folder / "a.npy").string()) == 0u, said);
    BOOST_TEST(said.find("nan in column 1") != std::string::npos, said);
    const npy_rows halves(
        folder.write("h.npy", npy_of("<f2", "(2, 1)", raw<std::uint16_t>({0x3C00, 0x7C00}))));
    BOOST_TEST(error_id([&] { rows_of(halves, {1}); }) == "LIPT-F17");
    const npy_rows large(folder.write("d.npy", npy_of("<f8", "(2, 1)", raw<double>({1e300, 1}))));
    BOOST_TEST(error_id([&] { rows_of(large, {0}); }) == "LIPT-F17"); // beyond float32
    BOOST_TEST(rows_of(large, {1})[0] == 1.0f);
}

BOOST_AUTO_TEST_CASE(what_is_no_matrix_of_reals_is_refused) {
    const lipt_test::temporary_directory folder;
    const auto id = [&](const std::string &content, std::size_t turned = npy_rows::most_turned) {
        return error_id([&] { npy_rows(folder.write("a.npy", content), turned); });
    };
    const std::string four(16, '\0');
    BOOST_TEST(id(npy_of("<f4", "(4,)", four)) == "LIPT-F15");
    BOOST_TEST(id(npy_of("<f4", "(2, 2, 1)", four)) == "LIPT-F15");
    BOOST_TEST(id(npy_of("<f4", "(4, 0)", "")) == "LIPT-F15");
    BOOST_TEST(id(npy_of("<i4", "(2, 2)", four)) == "LIPT-F13");
    BOOST_TEST(id(npy_of("<f4", "(2, 3)", four)) == "LIPT-F12");
    BOOST_TEST(id(npy_of("<f4", "(2, 2)", four, true), 15) == "LIPT-F18");
    BOOST_TEST(id(npy_of("<f4", "(2, 2)", four, true), 16) == "");
    BOOST_TEST(id(npy_of("<f4", "(0, 4)", "")) == "");
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_meanwhile_is_noticed) {
    const lipt_test::temporary_directory folder;
    const auto path = folder.write("a.npy", npy_of("<f4", "(2, 2)", std::string(16, '\0')));
    const npy_rows array(path);
    BOOST_TEST(rows_of(array, {0}).size() == 2u);
    // Replaced by renaming, it stays what it was.
    std::filesystem::rename(folder.write("b.npy", "x"), path);
    BOOST_TEST(rows_of(array, {1}).size() == 2u);
    const npy_rows shrinking(folder.write("c.npy", npy_of("<f4", "(2, 2)", std::string(16, '\0'))));
    std::filesystem::resize_file(folder / "c.npy", 100);
    BOOST_TEST(error_id([&] { rows_of(shrinking, {0}); }) == "LIPT-F04");
}

// More rows than are kept mapped at a time, so that pages are given back between two reads.
BOOST_AUTO_TEST_CASE(rows_read_after_pages_were_given_back_are_the_same) {
    const lipt_test::temporary_directory folder;
    constexpr std::int64_t count = 9000;
    std::vector<float> values(count);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const npy_rows array(folder.write("a.npy", npy_of("<f4", "(9000, 1)", raw(values))));
    std::vector<std::int64_t> even;
    for (std::int64_t i = 0; i < count; i += 2) even.push_back(i); // 4500 parts, each said to touch 64 KiB
    for (int pass = 0; pass < 2; ++pass) {
        const auto read = rows_of(array, even);
        for (std::size_t i = 0; i < read.size(); ++i) BOOST_REQUIRE(read[i] == static_cast<float>(2 * i));
    }
}

BOOST_AUTO_TEST_SUITE_END()
