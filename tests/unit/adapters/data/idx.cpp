#include "tiny_files.hpp"

#include <lipt/adapters/data/idx.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <string>
#include <vector>

namespace {

using lipt::adapters::parse_idx;
using lipt_test::gzip_of;
using lipt_test::idx_of;

std::string id_of(const std::string &content) {
    return lipt_test::error_id([&] { parse_idx(std::as_bytes(std::span(content)), "name"); });
}

const std::string good = idx_of({2, 2, 3}, "abcdefghijkl");

} // namespace

BOOST_AUTO_TEST_SUITE(idx)

BOOST_AUTO_TEST_CASE(images_and_labels_are_read_plain_and_compressed) {
    const lipt_test::temporary_directory folder;
    const auto labels = idx_of({2}, std::string("\x09\x00", 2));
    for (const bool compressed : {false, true}) {
        const auto set =
            lipt::adapters::read_idx(folder.write("images", compressed ? gzip_of(good) : good),
                                     folder.write("labels", compressed ? gzip_of(labels) : labels), 10);
        BOOST_TEST((set.shape == lipt::image_shape{1, 2, 3}));
        BOOST_TEST(std::string(set.pixels.begin(), set.pixels.end()) == "abcdefghijkl");
        BOOST_TEST((set.labels == std::vector<std::int32_t>{9, 0}));
        BOOST_TEST(set.view().image(1)[0] == 'g');
        lipt::check(set.view());
    }
}

BOOST_AUTO_TEST_CASE(wrong_magic_numbers_are_refused) {
    BOOST_TEST(id_of(good) == "");
    for (const std::size_t position : {0, 1, 2, 3}) {
        auto content = good;
        content[position] = '\x07';
        BOOST_TEST(id_of(content) == "LIPT-D11");
        BOOST_TEST(id_of(gzip_of(content)) == "LIPT-D11");
    }
    BOOST_TEST(id_of(idx_of({}, "")) == "LIPT-D11");
}

BOOST_AUTO_TEST_CASE(truncated_and_overlong_files_are_refused) {
    for (std::size_t length = 0; length < good.size(); ++length) {
        BOOST_TEST(id_of(good.substr(0, length)) == "LIPT-D12");
        BOOST_TEST(id_of(gzip_of(good.substr(0, length))) == "LIPT-D12");
    }
    BOOST_TEST(id_of(good + "x") == "LIPT-D12");
    BOOST_TEST(id_of(gzip_of(good + "x")) == "LIPT-D12");
    BOOST_TEST(id_of(idx_of({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "")) == "LIPT-D12");
    BOOST_TEST(id_of(gzip_of(idx_of({0xFFFFFFFF, 2}, ""))) == "LIPT-D12");
}

BOOST_AUTO_TEST_CASE(damaged_compression_is_refused) {
    const auto compressed = gzip_of(good);
    BOOST_TEST(id_of(compressed) == "");
    for (std::size_t length = 2; length < compressed.size(); ++length) {
        const auto id = id_of(compressed.substr(0, length)); // D12 where not even the header could be there
        BOOST_TEST((id == "LIPT-D13" || id == "LIPT-D12"));
    }
    auto wrong_sum = compressed;
    wrong_sum[wrong_sum.size() - 8] = static_cast<char>(wrong_sum[wrong_sum.size() - 8] ^ 1);
    BOOST_TEST(id_of(wrong_sum) == "LIPT-D13");
    BOOST_TEST(id_of(compressed + "x") == "LIPT-D12");
    BOOST_TEST(id_of("\x1F\x8B not gzip at all") == "LIPT-D13");
}

BOOST_AUTO_TEST_CASE(sets_that_do_not_fit_together_are_refused) {
    const lipt_test::temporary_directory folder;
    const auto id = [&](const std::string &images, const std::string &labels, std::size_t classes = 10) {
        return lipt_test::error_id([&] {
            lipt::adapters::read_idx(folder.write("images", images), folder.write("labels", labels), classes);
        });
    };
    const auto labels = idx_of({2}, std::string("\x01\x03", 2));
    BOOST_TEST(id(good, labels) == "");
    BOOST_TEST(id(labels, good) == "LIPT-D14"); // exchanged
    BOOST_TEST(id(good, idx_of({3}, "\x01\x01\x01")) == "LIPT-D14");
    BOOST_TEST(id(good, labels, 3) == "LIPT-D15");
    BOOST_TEST(id(idx_of({2, 0, 3}, ""), labels) == "LIPT-D12");
    BOOST_TEST(lipt_test::error_id([&] {
                   lipt::adapters::read_idx(folder / "absent", folder / "labels", 10);
               }) == "LIPT-F01");
}

BOOST_AUTO_TEST_SUITE_END()
