// All 103 results of torchvision's RandAugment operations on PIL images, bit for bit. The arrays hold, an
// operation a file, (cases, 8, 3, 32, 32): bins 0, 5, 9, 20 and 30 of 31 where there are bins, each with both
// signs where there are signs; magnitudes.npy holds all magnitudes in the order of operations and cases.
#include <lipt/adapters/store/npy.hpp>
#include <lipt/augment/rand_augment.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace {

const std::string folder = std::string(LIPT_TEST_DATA) + "/randaugment/";
constexpr lipt::image_shape shape{3, 32, 32};
constexpr std::size_t images = 8;

bool has_bins(lipt::image_operation operation) {
    return lipt::is_signed(operation) || operation == lipt::image_operation::posterize ||
           operation == lipt::image_operation::solarize;
}

} // namespace

BOOST_AUTO_TEST_SUITE(golden_rand_augment)

BOOST_AUTO_TEST_CASE(every_operation_and_magnitude_is_torchvisions) {
    const auto input = lipt::adapters::read_npy<std::uint8_t>(folder + "images.npy").values;
    const auto magnitudes = lipt::adapters::read_npy<double>(folder + "magnitudes.npy").values;
    BOOST_REQUIRE(input.size() == images * shape.size());
    lipt::image_operations operations;
    std::size_t cases = 0;
    for (std::size_t o = 0; o < lipt::image_operation_names.size(); ++o) {
        const auto operation = static_cast<lipt::image_operation>(o);
        const std::string name(lipt::image_operation_names[o]);
        const auto expected = lipt::adapters::read_npy<std::uint8_t>(folder + name + ".npy").values;
        std::size_t position = 0;
        const auto bins =
            has_bins(operation) ? std::vector<std::size_t>{0, 5, 9, 20, 30} : std::vector<std::size_t>{9};
        for (const auto bin : bins) {
            for (int sign = 0; sign < (lipt::is_signed(operation) ? 2 : 1); ++sign, ++cases) {
                BOOST_TEST_CONTEXT(name << " bin " << bin << (sign ? " negative" : "")) {
                    const double ours =
                        lipt::operation_magnitude(operation, bin, 31, shape) * (sign ? -1 : 1);
                    BOOST_REQUIRE(cases < magnitudes.size());
                    BOOST_TEST(ours == magnitudes[cases]);
                    BOOST_REQUIRE(position + input.size() <= expected.size());
                    auto result = input;
                    for (std::size_t i = 0; i < images; ++i) {
                        operations.apply(operation, magnitudes[cases],
                                         std::span(result).subspan(i * shape.size(), shape.size()), shape);
                    }
                    const auto wrong =
                        std::mismatch(result.begin(), result.end(),
                                      expected.begin() + static_cast<std::ptrdiff_t>(position));
                    BOOST_TEST((wrong.first == result.end()), "byte "
                                                                  << wrong.first - result.begin()
                                                                  << " of the eight images differs first");
                    position += input.size();
                }
            }
        }
        BOOST_TEST(position == expected.size());
    }
    BOOST_TEST(cases == 103u);
    BOOST_TEST(cases == magnitudes.size());
}

BOOST_AUTO_TEST_SUITE_END()
