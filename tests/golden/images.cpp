// What torchvision makes of images of every kind: the view for evaluation and two boxes of each (see
// make_image_files.py). Bit for bit, but where a JPEG is decoded smaller than it is stored: two grey levels
// on average.
#include <lipt/adapters/data/image_file.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(LIPT_TEST_DATA) / "images";
constexpr std::size_t size = 20, bytes = 3 * size * size, views = 3;

std::vector<fs::path> files() {
    std::vector<fs::path> found;
    for (const auto &entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".npy") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

lipt::crop_box box_at(const std::vector<std::int64_t> &boxes, std::size_t number) {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(boxes[number * 4 + i]); };
    return {.top = at(0), .left = at(1), .height = at(2), .width = at(3)};
}

double mean_difference(const std::vector<std::uint8_t> &ours, std::span<const std::uint8_t> theirs) {
    double sum = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) sum += std::abs(int{ours[i]} - int{theirs[i]});
    return sum / static_cast<double>(ours.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(golden_images)

BOOST_AUTO_TEST_CASE(every_kind_of_image_is_torchvisions) {
    const auto expected = lipt::adapters::read_npy<std::uint8_t>(folder / "expected.npy").values;
    const auto boxes = lipt::adapters::read_npy<std::int64_t>(folder / "boxes.npy").values;
    const auto paths = files();
    BOOST_TEST_REQUIRE(paths.size() == 24u);
    BOOST_TEST_REQUIRE(expected.size() == paths.size() * views * bytes);
    BOOST_TEST_REQUIRE(boxes.size() == paths.size() * (views - 1) * 4);
    lipt::adapters::image_bytes file;
    lipt::adapters::image_decoder decoder;
    std::vector<std::uint8_t> ours(bytes);
    std::size_t shrunk_views = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const auto name = paths[i].filename().string();
        const auto content = file.read(paths[i]);
        const auto stored = decoder.extent(content, name);
        for (std::size_t v = 0; v < views; ++v) {
            const auto view = v == 0 ? lipt::adapters::evaluation_view(stored, size)
                                     : lipt::adapters::training_view(box_at(boxes, i * 2 + v - 1), size);
            decoder.read(content, name, stored, view, ours);
            const double apart =
                mean_difference(ours, std::span(expected).subspan((i * views + v) * bytes, bytes));
            const bool jpeg = paths[i].extension() == ".jpg";
            const bool shrunk = jpeg && view.box.height >= 3 * view.resized.height &&
                                view.box.width >= 3 * view.resized.width;
            shrunk_views += shrunk;
            BOOST_TEST(apart <= (shrunk ? 2.0 : 0.0), name << ", view " << v << ": apart by " << apart);
        }
    }
    BOOST_TEST(shrunk_views == 7u);
}

BOOST_AUTO_TEST_SUITE_END()
