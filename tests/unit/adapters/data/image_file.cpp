#include <lipt/adapters/data/image_file.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/image_files.hpp>
#include <support/temporary_directory.hpp>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdlib>

namespace {

using namespace lipt::adapters;
using namespace lipt_test;
using bytes = std::vector<std::uint8_t>;

std::span<const std::byte> bytes_of(const std::string &content) { return std::as_bytes(std::span(content)); }

bytes view_of(const std::string &content, const image_view &view) {
    image_decoder decoder;
    bytes out(3 * view.window.height * view.window.width);
    decoder.read(bytes_of(content), "test", decoder.extent(bytes_of(content), "test"), view, out);
    return out;
}

/// The picture's box as it is, channel by channel.
bytes part_of(const picture &image, const lipt::crop_box &box) {
    bytes out;
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t y = box.top; y < box.top + box.height; ++y) {
            for (std::size_t x = box.left; x < box.left + box.width; ++x)
                out.push_back(image.pixels[(y * image.width + x) * image.channels + c % image.channels]);
        }
    }
    return out;
}

std::string extent_fault(const std::string &content) {
    return error_id([&] { image_decoder().extent(bytes_of(content), "test"); });
}
std::string body_fault(const std::string &content) {
    return error_id([&] { image_decoder().verify(bytes_of(content), "test"); });
}

/// A PNG header that promises this many pixels.
std::string png_promising(std::uint32_t width, std::uint32_t height) {
    std::string content = png_of(waves(1, 1, 0));
    const auto put = [&](std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) content[at + i] = static_cast<char>(value >> (24 - 8 * i));
    };
    put(16, width);
    put(20, height);
    put(29, static_cast<std::uint32_t>(
                crc32(0, reinterpret_cast<const Bytef *>(content.data() + 12), 17))); // of type and header
    return content;
}

} // namespace

BOOST_AUTO_TEST_SUITE(image_file)

BOOST_AUTO_TEST_CASE(boxes_as_they_are_come_out_as_they_are) {
    for (const std::size_t channels : {1u, 3u}) {
        const auto image = waves(30, 50, 3, channels);
        for (const auto &box : {lipt::crop_box{0, 0, 16, 16}, {14, 34, 16, 16}, {5, 9, 16, 16}})
            BOOST_TEST(view_of(png_of(image), training_view(box, 16)) == part_of(image, box));
    }
}

BOOST_AUTO_TEST_CASE(only_the_blocks_around_a_box_are_decoded_and_it_shows_nowhere) {
    // A box of a JPEG is what the same box is of the whole decoded image.
    const auto content = jpeg_of(waves(211, 307, 4));
    picture whole{211, 307, 3, bytes(211 * 307 * 3)};
    const image_view all{.box = {0, 0, 211, 307}, .resized = {211, 307}, .window = {0, 0, 211, 307}};
    const auto planes = view_of(content, all);
    for (std::size_t i = 0; i < planes.size(); ++i)
        whole.pixels[i % (211 * 307) * 3 + i / (211 * 307)] = planes[i];
    for (std::size_t top = 0; top < 211 - 32; top += 13) {
        for (std::size_t left = 0; left < 307 - 32; left += 11) {
            const lipt::crop_box box{top, left, 32, 32};
            BOOST_TEST((view_of(content, training_view(box, 32)) == part_of(whole, box)),
                       "the box at " << top << ", " << left);
        }
    }
}

BOOST_AUTO_TEST_CASE(large_images_are_decoded_smaller_and_look_alike) {
    const auto image = waves(1200, 1600, 2, 3, 0.01);
    const auto jpeg = jpeg_of(image), png = png_of(image);
    for (const std::size_t size : {16u, 60u, 150u, 400u}) { // an eighth, a quarter, half, all
        for (const auto &view :
             {evaluation_view({1200, 1600}, size), training_view({100, 301, 1000, 1100}, size)}) {
            const auto ours = view_of(jpeg, view), exact = view_of(png, view);
            double sum = 0;
            for (std::size_t i = 0; i < ours.size(); ++i) sum += std::abs(int{ours[i]} - int{exact[i]});
            BOOST_TEST(sum / static_cast<double>(ours.size()) < 2.0, size);
        }
    }
}

BOOST_AUTO_TEST_CASE(damage_is_found_where_it_is) {
    const auto image = waves(60, 80, 1);
    for (const auto &content : {jpeg_of(image), png_of(image)}) {
        BOOST_TEST(extent_fault(content) == "");
        BOOST_TEST(body_fault(content) == "");
        BOOST_TEST(ends_whole(bytes_of(content)));
        const auto half = content.substr(0, content.size() / 2);
        BOOST_TEST(!ends_whole(bytes_of(half)));
        BOOST_TEST(extent_fault(half) == "");
        BOOST_TEST(body_fault(half) == "LIPT-D19");
        BOOST_TEST(body_fault(content.substr(0, content.size() - 20)) == "LIPT-D19");
        BOOST_TEST(extent_fault(content.substr(0, 12)) == "LIPT-D19");
    }
    auto damaged = png_of(image);
    damaged[damaged.size() / 2] ^= 0x55; // PNG has checksums
    BOOST_TEST(extent_fault(damaged) == "");
    BOOST_TEST(body_fault(damaged) == "LIPT-D19");
    for (const std::string content : {"", "GIF89a", "\xff\xd8", "\x89PNG"})
        BOOST_TEST(extent_fault(content) == "LIPT-D19");
}

BOOST_AUTO_TEST_CASE(a_promise_of_too_many_pixels_is_refused_before_memory_is_asked_for) {
    BOOST_TEST(extent_fault(png_promising(13'000, 13'000)) == "");
    BOOST_TEST(extent_fault(png_promising(14'000, 14'000)) == "LIPT-D19");
    BOOST_TEST(extent_fault(png_promising(2'000'000'000, 2'000'000'000)) == "LIPT-D19");
    auto jpeg = jpeg_of(waves(16, 16, 1));
    const auto frame = jpeg.find("\xff\xc0");
    for (std::size_t i = 5; i < 9; ++i) jpeg[frame + i] = '\xff'; // 65,535 x 65,535
    BOOST_TEST(extent_fault(jpeg) == "LIPT-D19");
}

BOOST_AUTO_TEST_CASE(an_image_that_was_exchanged_is_refused) {
    const auto content = jpeg_of(waves(30, 40, 1));
    bytes out(3 * 8 * 8);
    BOOST_TEST(
        error_id([&] {
            image_decoder().read(bytes_of(content), "test", {30, 41}, evaluation_view({30, 41}, 8), out);
        }) == "LIPT-D21");
    for (const auto &box : {lipt::crop_box{0, 0, 31, 40}, {0, 1, 30, 40}, {0, 0, 0, 4}, {29, 39, 1, 2}}) {
        BOOST_TEST(error_id([&] {
                       image_decoder().read(bytes_of(content), "test", {30, 40}, training_view(box, 8), out);
                   }) == "LIPT-D23");
    }
}

BOOST_AUTO_TEST_CASE(files_are_read_whole_or_at_both_ends) {
    const temporary_directory folder;
    const auto path = folder.write("ten.jpg", "0123456789");
    image_bytes file;
    const auto text = [](std::span<const std::byte> read) {
        return std::string(reinterpret_cast<const char *>(read.data()), read.size());
    };
    BOOST_TEST(text(file.read(path)) == "0123456789");
    BOOST_TEST(text(file.read(path, 9, 3, 2)) == "01289");
    BOOST_TEST(file.file_size() == 10u);
    BOOST_TEST(text(file.read(path, 10, 3, 2)) == "0123456789");
    BOOST_TEST(text(file.read(path, 4, 6, 4)) == "0123456789");
    BOOST_TEST(text(file.read(folder.write("none.jpg", ""))) == "");
    const auto id_of = [&](const std::filesystem::path &of) { return error_id([&] { file.read(of); }); };
    BOOST_TEST(id_of(folder / "absent.jpg") == "LIPT-D19");
    BOOST_TEST(id_of(folder.path()) == "LIPT-D19");
    BOOST_REQUIRE(mkfifo((folder / "pipe.jpg").c_str(), 0600) == 0);
    BOOST_TEST(id_of(folder / "pipe.jpg") == "LIPT-D19"); // and nobody waits for a writer
}

BOOST_AUTO_TEST_SUITE_END()
