#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/store/half.hpp>

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using lipt::arrays::array_view;
using lipt::arrays::brain_half_of;
using lipt::arrays::half_of;
using lipt::arrays::scalar;

double half(std::uint16_t bits) { return lipt::adapters::to_float(bits); }
double brain_half(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// Every finite value, and what lies between it and the next, of a format whose infinity has those bits.
template <class Narrow, class Widen>
int wrong_roundings(std::uint16_t infinity, Narrow &&narrow, Widen &&widen) {
    int wrong = 0;
    for (std::uint16_t bits = 0; bits < infinity; ++bits) {
        const double value = widen(bits);
        wrong += narrow(value) != bits;
        wrong += narrow(-value) != (bits | 0x8000u);
        const auto next = static_cast<std::uint16_t>(bits + 1);
        if (next == infinity) continue;
        const double middle = (value + widen(next)) / 2; // exact in double
        wrong += narrow(middle) != (bits % 2 == 0 ? bits : next);
        wrong += narrow(std::nextafter(middle, 0.0)) != bits;
        wrong += narrow(std::nextafter(middle, 1e300)) != next;
    }
    return wrong;
}

} // namespace

BOOST_AUTO_TEST_SUITE(elements)

BOOST_AUTO_TEST_CASE(halves_are_rounded_once_to_the_nearest_and_ties_to_even) {
    BOOST_TEST(wrong_roundings(0x7C00, half_of, half) == 0);
    BOOST_TEST(wrong_roundings(0x7F80, brain_half_of, brain_half) == 0);
}

BOOST_AUTO_TEST_CASE(what_no_half_holds_is_infinite) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    BOOST_TEST(half_of(65504) == 0x7BFF);
    BOOST_TEST(half_of(65519.999) == 0x7BFF);
    BOOST_TEST(half_of(65520) == 0x7C00);
    BOOST_TEST(half_of(-1e300) == 0xFC00);
    BOOST_TEST(half_of(infinity) == 0x7C00);
    BOOST_TEST(brain_half_of(-infinity) == 0xFF80);
    BOOST_TEST(brain_half_of(3.4e38) == 0x7F80);
    BOOST_TEST(std::isnan(half(half_of(std::nan("")))));
    BOOST_TEST(std::isnan(brain_half(brain_half_of(std::nan("")))));
    BOOST_TEST(half_of(1e-300) == 0);
}

BOOST_AUTO_TEST_CASE(strides_are_followed_and_rows_are_not_copied) {
    const std::vector<float> values{0, 1, 2, 3, 4, 5};
    std::vector<std::byte> room;
    const auto rows = array_view::of(std::span(values), {2, 3});
    BOOST_TEST(lipt::arrays::in_rows(rows, room).data() == rows.data);
    auto told = rows;
    told.strides = {12, 4};
    BOOST_TEST(lipt::arrays::in_rows(told, room).data() == rows.data);
    BOOST_TEST(room.empty());
    const auto read = [&](std::vector<std::size_t> shape, std::vector<std::ptrdiff_t> strides,
                          std::size_t first) {
        const array_view view{.data = rows.data + 4 * first,
                              .type = scalar::f32,
                              .shape = std::move(shape),
                              .strides = std::move(strides)};
        const auto bytes = lipt::arrays::in_rows(view, room);
        std::vector<double> out(bytes.size() / 4);
        lipt::arrays::widen_elements(scalar::f32, bytes.data(), out.size(), out.data());
        return out;
    };
    BOOST_TEST(read({3, 2}, {4, 12}, 0) == (std::vector<double>{0, 3, 1, 4, 2, 5}), // transposed
               boost::test_tools::per_element());
    BOOST_TEST(read({3}, {-8}, 5) == (std::vector<double>{5, 3, 1}), boost::test_tools::per_element());
    BOOST_TEST(read({2, 2}, {0, 4}, 1) == (std::vector<double>{1, 2, 1, 2}), // one row repeated
               boost::test_tools::per_element());
    BOOST_TEST(read({1}, {400}, 2) == (std::vector<double>{2}), boost::test_tools::per_element());
    BOOST_TEST(read({0, 2}, {1, 1}, 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()
