#include <lipt/adapters/store/sealed.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>

#include <vector>

namespace {

using lipt::adapters::named_tensor;
using lipt::adapters::sealed_view;
using lipt_test::error_id;

struct fixture {
    std::vector<float> values{1, -2, 0.5f};
    std::vector<std::int32_t> labels{7, 8};
    std::vector<named_tensor> tensors{named_tensor::of<float>("values", {3}, values),
                                      named_tensor::of<std::int32_t>("labels", {2}, labels)};
    std::string file = lipt::adapters::pack_sealed(tensors, {{"worker", "3"}}, "test");

    static std::string id_of(const std::string &content) {
        return error_id([&] { sealed_view(std::as_bytes(std::span(content)), "test"); });
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sealed, fixture)

BOOST_AUTO_TEST_CASE(what_was_packed_is_read) {
    const sealed_view view(std::as_bytes(std::span(file)), "test");
    BOOST_TEST(view.text_of("worker") == "3");
    BOOST_TEST(view.text_of("nothing").empty());
    BOOST_TEST((view.values<float>("values", 3) == values));
    BOOST_TEST((view.values<std::int32_t>("labels", 2) == labels));
    BOOST_TEST(view.has("labels"));
    BOOST_TEST(!view.has("label"));
    BOOST_TEST(view.count<float>("values") == 3u);
    BOOST_TEST(lipt::adapters::pack_sealed(tensors, {{"worker", "3"}}, "test") == file);
}

BOOST_AUTO_TEST_CASE(a_header_longer_than_any_of_ours_is_not_read) {
    const auto large = lipt::adapters::pack_sealed(tensors, {{"worker", std::string(1 << 19, 'x')}}, "test");
    BOOST_TEST(id_of(large) == "LIPT-F20");
}

BOOST_AUTO_TEST_CASE(a_tensor_of_another_name_type_or_length_is_refused) {
    const sealed_view view(std::as_bytes(std::span(file)), "test");
    BOOST_TEST(error_id([&] { view.values<float>("weights", 3); }) == "LIPT-F22");
    BOOST_TEST(error_id([&] { view.values<float>("labels", 2); }) == "LIPT-F23");
    BOOST_TEST(error_id([&] { view.values<float>("values", 4); }) == "LIPT-F23");
    // Nothing of that size is allocated.
    BOOST_TEST(error_id([&] { view.values<float>("values", std::size_t{1} << 60); }) == "LIPT-F23");
}

BOOST_AUTO_TEST_CASE(a_change_of_any_byte_is_found) {
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (const int change : {1, 0x80}) {
            auto damaged = file;
            damaged[i] = static_cast<char>(damaged[i] ^ change);
            BOOST_TEST(!id_of(damaged).empty(), "byte " << i);
        }
    }
    for (std::size_t length = 0; length < file.size(); ++length)
        BOOST_TEST(!id_of(file.substr(0, length)).empty(), length << " bytes");
    BOOST_TEST(id_of(file + "x") == "LIPT-F21");
}

BOOST_AUTO_TEST_CASE(a_file_without_a_checksum_is_refused) {
    BOOST_TEST(id_of(lipt::adapters::pack_safetensors(tensors, {}, "test")) == "LIPT-F27");
    BOOST_TEST(id_of(lipt::adapters::pack_safetensors(tensors, {{"checksum", "0"}}, "test")) == "LIPT-F27");
    // The words elsewhere in the metadata do not pass for it: quotes there are escaped.
    const std::string words = "\"checksum\":\"0000000000000000\"";
    const auto twice = lipt::adapters::pack_sealed(tensors, {{"a", words}}, "test");
    BOOST_TEST(id_of(twice).empty());
}

BOOST_AUTO_TEST_SUITE_END()
