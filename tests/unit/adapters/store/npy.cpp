#include <lipt/adapters/store/half.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/npy_bytes.hpp>
#include <support/temporary_directory.hpp>

#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

using lipt::adapters::npy_file;
using lipt::adapters::read_npy;
using lipt::adapters::write_npy;
using lipt_test::error_id;
using lipt_test::npy_of;
using lipt_test::raw;

std::string id_of(const std::string &content) {
    const lipt_test::temporary_directory folder;
    return error_id([&] { npy_file(folder.write("a.npy", content)); });
}

const std::string four_floats(16, '\0');

} // namespace

BOOST_AUTO_TEST_SUITE(npy)

BOOST_AUTO_TEST_CASE_TEMPLATE(
    what_is_written_is_read, Value,
    decltype(std::tuple<float, double, std::int32_t, std::int64_t, std::uint8_t>())) {
    const lipt_test::temporary_directory folder;
    const std::vector<Value> values{1, 2, 3, 4, 5, 255};
    const std::size_t shape[] = {2, 1, 3};
    write_npy<Value>(folder / "a.npy", values, shape);
    const npy_file file(folder / "a.npy");
    BOOST_TEST((file.shape() == std::vector<std::size_t>{2, 1, 3}));
    BOOST_TEST(file.size() == 6u);
    const auto view = file.values<Value>();
    BOOST_TEST(std::vector<Value>(view.begin(), view.end()) == values, boost::test_tools::per_element());
    BOOST_TEST(read_npy<Value>(folder / "a.npy").values == values, boost::test_tools::per_element());
    BOOST_TEST(std::filesystem::file_size(folder / "a.npy") == 128 + 6 * sizeof(Value));
}

BOOST_AUTO_TEST_CASE(vectors_scalars_and_empty_arrays) {
    const lipt_test::temporary_directory folder;
    const std::vector<std::int64_t> indices{7, -1};
    write_npy<std::int64_t>(folder / "a.npy", indices);
    BOOST_TEST(lipt_test::content_of(folder / "a.npy").find("'shape': (2,), }") != std::string::npos);
    BOOST_TEST((read_npy<std::int64_t>(folder / "a.npy").shape == std::vector<std::size_t>{2}));
    write_npy<std::int64_t>(folder / "a.npy", std::span(indices).first(1), {});
    BOOST_TEST(read_npy<std::int64_t>(folder / "a.npy").shape.empty());
    BOOST_TEST(read_npy<std::int64_t>(folder / "a.npy").values[0] == 7);
    const std::size_t none[] = {0, 5};
    write_npy<float>(folder / "a.npy", {}, none);
    BOOST_TEST((read_npy<float>(folder / "a.npy").shape == std::vector<std::size_t>{0, 5}));
    BOOST_TEST(error_id([&] { write_npy<std::int64_t>(folder / "a.npy", indices, none); }) == "LIPT-F14");
}

// Made by numpy.save of numpy.arange(6).reshape(2, 3) in Fortran order, as '<i4'; the dictionary as NumPy
// writes it.
BOOST_AUTO_TEST_CASE(fortran_order_is_turned_into_c_order) {
    const lipt_test::temporary_directory folder;
    const auto stored = raw<std::int32_t>({0, 3, 1, 4, 2, 5});
    const auto path =
        folder.write("f.npy", npy_of("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }" +
                                         std::string(61, ' ') + "\n",
                                     stored));
    BOOST_TEST((read_npy<std::int32_t>(path).values == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
    // (2,2,2): element (i,j,k) is stored at i + 2j + 4k.
    const auto cube =
        folder.write("c.npy", npy_of("{'descr': '<i4', 'fortran_order': True, 'shape': (2,2,2)}",
                                     raw<std::int32_t>({0, 1, 2, 3, 4, 5, 6, 7})));
    BOOST_TEST((read_npy<std::int32_t>(cube).values == std::vector<std::int32_t>{0, 4, 2, 6, 1, 5, 3, 7}));
}

BOOST_AUTO_TEST_CASE(headers_of_any_length_version_and_spacing_are_read) {
    const lipt_test::temporary_directory folder;
    for (int pad = 0; pad < 9; ++pad) { // eight of the nine leave the elements unaligned
        const auto path =
            folder.write("a.npy", npy_of("{\"shape\":(2 ,),\"descr\":\"<f8\", 'fortran_order' :False}" +
                                             std::string(static_cast<std::size_t>(pad), ' '),
                                         raw<double>({1.5, -2.5})));
        const auto view = npy_file(path);
        BOOST_TEST((view.values<double>()[0] == 1.5 && view.values<double>()[1] == -2.5));
    }
    auto long_header = npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", "abc");
    for (const char version : {'\x02', '\x03'}) {
        auto content = long_header;
        content[6] = version;
        content.insert(10, 2, '\0');
        BOOST_TEST((read_npy<std::uint8_t>(folder.write("b.npy", content)).values ==
                    std::vector<std::uint8_t>{'a', 'b', 'c'}));
    }
}

BOOST_AUTO_TEST_CASE(values_convert_within_their_kind_only) {
    const lipt_test::temporary_directory folder;
    const std::vector<std::int64_t> fits{1, -2}, large{1, std::int64_t{1} << 40};
    write_npy<std::int64_t>(folder / "a.npy", fits);
    BOOST_TEST((read_npy<std::int32_t>(folder / "a.npy").values == std::vector<std::int32_t>{1, -2}));
    BOOST_TEST(error_id([&] { read_npy<float>(folder / "a.npy"); }) == "LIPT-F13");
    BOOST_TEST(error_id([&] { read_npy<std::uint8_t>(folder / "a.npy"); }) == "LIPT-F13");
    BOOST_TEST(error_id([&] { npy_file(folder / "a.npy").values<float>(); }) == "LIPT-F13");
    write_npy<std::int64_t>(folder / "a.npy", large);
    BOOST_TEST(error_id([&] { read_npy<std::int32_t>(folder / "a.npy"); }) == "LIPT-F13");
    const std::vector<double> reals{0.5, 1e-3};
    write_npy<double>(folder / "a.npy", reals);
    BOOST_TEST((read_npy<float>(folder / "a.npy").values == std::vector<float>{0.5f, 1e-3f}));
    BOOST_TEST(error_id([&] { read_npy<std::int64_t>(folder / "a.npy"); }) == "LIPT-F13");
}

BOOST_AUTO_TEST_CASE(half_precision_is_widened_exactly) {
    const lipt_test::temporary_directory folder;
    // one, minus two, the largest, the smallest normal, the smallest subnormal, infinity
    const auto path =
        folder.write("h.npy", npy_of("{'descr': '<f2', 'fortran_order': False, 'shape': (6,)}",
                                     raw<std::uint16_t>({0x3C00, 0xC000, 0x7BFF, 0x0400, 1, 0x7C00})));
    const auto values = read_npy<float>(path).values;
    BOOST_TEST((values == std::vector<float>{1, -2, 65504, 0x1p-14f, 0x1p-24f,
                                             std::numeric_limits<float>::infinity()}));
}

// Value of a half from its fields, as IEEE 754 defines it, for all there are.
BOOST_AUTO_TEST_CASE(every_half_is_widened_in_hardware_and_without) {
    std::vector<std::uint16_t> halves(65536);
    std::iota(halves.begin(), halves.end(), std::uint16_t{0});
    for (const bool hardware : {false, lipt::adapters::detail::widens_eights()}) {
        std::vector<float> wide(halves.size());
        lipt::adapters::widen(reinterpret_cast<const std::byte *>(halves.data()), halves.size(), wide.data(),
                              hardware);
        int wrong = 0;
        for (const auto half : halves) {
            const int exponent = half >> 10 & 31, fraction = half & 1023;
            const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                                     : exponent == 31 ? HUGE_VAL
                                                      : std::ldexp(1024 + fraction, exponent - 25);
            const double expected = half >> 15 ? -magnitude : magnitude, found = wide[half];
            const bool is_nan = exponent == 31 && fraction > 0;
            wrong += is_nan ? !std::isnan(found)
                            : found != expected || std::signbit(found) != std::signbit(expected);
        }
        BOOST_TEST(wrong == 0);
    }
}

BOOST_AUTO_TEST_CASE(integers_of_every_width_are_read) {
    const lipt_test::temporary_directory folder;
    const auto read = [&](const std::string &type, const std::string &bytes) {
        const auto count = bytes.size() / static_cast<std::size_t>(type[2] - '0');
        const auto path =
            folder.write("a.npy", npy_of("{'descr': '" + type + "', 'fortran_order': False, 'shape': (" +
                                             std::to_string(count) + ",), }",
                                         bytes));
        return npy_file(path).converted<std::int64_t>();
    };
    using list = std::vector<std::int64_t>;
    BOOST_TEST(read("|i1", "\x01\xFF") == (list{1, -1}), boost::test_tools::per_element());
    BOOST_TEST(read("<i2", std::string("\x01\x02\xFE\xFF", 4)) == (list{513, -2}),
               boost::test_tools::per_element());
    BOOST_TEST(read("<u2", "\xFE\xFF") == (list{65534}), boost::test_tools::per_element());
    BOOST_TEST(read("<u4", "\xFE\xFF\xFF\xFF") == (list{4294967294}), boost::test_tools::per_element());
    BOOST_TEST(read("<u8", std::string("\x07\0\0\0\0\0\0\0", 8)) == (list{7}),
               boost::test_tools::per_element());
    BOOST_TEST(error_id([&] { read("<u8", std::string(8, '\xFF')); }) == "LIPT-F13");
}

BOOST_AUTO_TEST_CASE(damaged_files_are_refused) {
    const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    const auto with = [&](const std::string &from, const std::string &to) {
        auto dictionary = good;
        dictionary.replace(dictionary.find(from), from.size(), to);
        return id_of(npy_of(dictionary, four_floats));
    };
    BOOST_TEST(id_of(npy_of(good, four_floats)) == "");
    BOOST_TEST(id_of("") == "LIPT-F10");
    BOOST_TEST(id_of("\x93NUMPX") == "LIPT-F10");
    BOOST_TEST(id_of(std::string("\x93NUMPY\x01\x00\xFF\xFF{'descr'", 18)) == "LIPT-F10");
    for (const char *type : {"'>f4'", "'=f4'", "'<c8'", "'|b1'", "'|O'", "'<f44'", "[('a', '<f4')]"}) {
        BOOST_TEST(with("'<f4'", type) == "LIPT-F11");
    }
    BOOST_TEST(id_of(npy_of("{'descr", four_floats)) == "LIPT-F10");
    BOOST_TEST(with("'<f4'", "7") == "LIPT-F10");
    BOOST_TEST(with("False", "Never") == "LIPT-F10");
    BOOST_TEST(with("(2, 2)", "(2, -2)") == "LIPT-F10");
    BOOST_TEST(with("(2, 2)", "(2, 2") == "LIPT-F10");
    BOOST_TEST(with("(2, 2)", "[2, 2]") == "LIPT-F10");
    BOOST_TEST(with("(2, 2)", "(99999999999999999999,)") == "LIPT-F10");
    BOOST_TEST(with("'shape'", "'descr'") == "LIPT-F10");
    BOOST_TEST(with("'shape'", "'other'") == "LIPT-F10");
    BOOST_TEST(with(", 'shape': (2, 2)", "") == "LIPT-F10");
    BOOST_TEST(with(", }", "} x") == "LIPT-F10");
    BOOST_TEST(with("(2, 2)", "(4294967296, 4294967296)") == "LIPT-F12");
    BOOST_TEST(with("(2, 2)", "(2, 3)") == "LIPT-F12");
    BOOST_TEST(with("(2, 2)", "(3,)") == "LIPT-F12");
    BOOST_TEST(id_of(npy_of(good, four_floats.substr(1))) == "LIPT-F12");
    const lipt_test::temporary_directory folder;
    BOOST_TEST(error_id([&] { npy_file(folder / "absent.npy"); }) == "LIPT-F01");
    BOOST_TEST(error_id([&] { npy_file(folder.path()); }) == "LIPT-F03");
}

BOOST_AUTO_TEST_SUITE_END()
