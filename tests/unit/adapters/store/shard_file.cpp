#include <lipt/adapters/store/sealed.hpp>
#include <lipt/adapters/store/shard_file.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/tiny_worker.hpp>

namespace {

using namespace lipt::adapters;
using lipt_test::error_id;

struct fixture {
    lipt::network_spec spec = lipt_test::tiny_network();
    shard_identity identity{.worker = 4, .config = "c0ffee"};
    lipt::image_batch images = lipt_test::tiny_shard();

    std::string id_of(const std::string &file, const shard_identity &wanted) const {
        return error_id([&] { parse_shard(std::as_bytes(std::span(file)), "test", spec, wanted); });
    }
    /// A file of these tensors, as another program might write it.
    std::string id_of(const std::vector<named_tensor> &tensors) const {
        return id_of(pack_sealed(tensors, {{"config", "c0ffee"}, {"worker", "4"}}, "test"), identity);
    }
    void check_round_trip(const std::string &file, std::size_t pixel_bytes) const {
        const auto shard = parse_shard(std::as_bytes(std::span(file)), "test", spec, identity);
        BOOST_TEST((shard.images.pixels == images.pixels));
        BOOST_TEST((shard.images.labels == images.labels));
        BOOST_TEST(shard.bytes == pixel_bytes + 4 * images.size());
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shard_file, fixture)

BOOST_AUTO_TEST_CASE(pixels_that_do_not_compress_travel_as_they_are) {
    const auto file = pack_shard(images, spec.image, identity);
    BOOST_TEST(file.find("pixels_zlib") == std::string::npos);
    check_round_trip(file, images.pixels.size());
    BOOST_TEST(pack_shard(images, spec.image, identity) == file);
}

BOOST_AUTO_TEST_CASE(pixels_that_compress_travel_so) {
    images = {.pixels = std::vector<std::uint8_t>(4000, 9), .labels = std::vector<std::int32_t>(1000, 1)};
    const auto file = pack_shard(images, spec.image, identity);
    const sealed_view view(std::as_bytes(std::span(file)), "test");
    const auto stored = view.count<std::uint8_t>("pixels_zlib");
    BOOST_TEST(stored < 400u);
    check_round_trip(file, stored);
}

BOOST_AUTO_TEST_CASE(that_of_another_worker_or_run_is_refused) {
    const auto file = pack_shard(images, spec.image, identity);
    BOOST_TEST(id_of(file, {.worker = 5, .config = "c0ffee"}) == "LIPT-R08");
    BOOST_TEST(id_of(file, {.worker = 4, .config = "decaf"}) == "LIPT-R05");
}

BOOST_AUTO_TEST_CASE(labels_and_pixels_must_fit) {
    images.labels[2] = 3;
    BOOST_TEST(id_of(pack_shard(images, spec.image, identity), identity) == "LIPT-R10");
    images.labels[2] = -1;
    BOOST_TEST(id_of(pack_shard(images, spec.image, identity), identity) == "LIPT-R10");
    const std::vector<std::int32_t> one{1}, many(100'000, 1);
    const std::vector<std::uint8_t> five(5);
    BOOST_TEST(id_of({named_tensor::of<std::int32_t>("labels", {1}, one),
                      named_tensor::of<std::uint8_t>("pixels", {5}, five)}) == "LIPT-F23");
    BOOST_TEST(id_of({named_tensor::of<std::uint8_t>("pixels", {5}, five)}) == "LIPT-F22");
    BOOST_TEST(id_of({named_tensor::of<std::int32_t>("labels", {1}, one)}) == "LIPT-F22");
    BOOST_TEST(id_of({named_tensor::of<std::int32_t>("labels", {1}, one),
                      named_tensor::of<std::uint8_t>("pixels_zlib", {5}, five)}) == "LIPT-R10");
    // More than any stream of this length could unpack to: refused before it is allocated.
    BOOST_TEST(id_of({named_tensor::of<std::int32_t>("labels", {100'000}, many),
                      named_tensor::of<std::uint8_t>("pixels_zlib", {5}, five)}) == "LIPT-R10");
}

BOOST_AUTO_TEST_SUITE_END()
