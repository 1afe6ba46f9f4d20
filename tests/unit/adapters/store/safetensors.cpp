#include <lipt/adapters/store/safetensors.hpp>

#include <boost/test/unit_test.hpp>
#include <support/expect_error.hpp>
#include <support/temporary_directory.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using lipt::adapters::named_tensor;
using lipt::adapters::safetensors_file;
using lipt::adapters::write_safetensors;
using lipt_test::error_id;

std::string file_of(const std::string &head, std::size_t data_size) {
    const std::uint64_t length = head.size();
    std::string content(sizeof length, '\0');
    std::memcpy(content.data(), &length, sizeof length);
    return content + head + std::string(data_size, '\0');
}

std::string id_of(const std::string &content) {
    const lipt_test::temporary_directory folder;
    return error_id([&] { safetensors_file(folder.write("a.safetensors", content)); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    const lipt_test::temporary_directory folder;
    const std::vector<std::uint8_t> bits{1, 2, 3};
    const std::vector<float> weights{1, -2, 0.5f, 4, 5, 6}, scalar{7};
    const std::vector<std::int64_t> count{std::int64_t{1} << 40};
    const std::vector<named_tensor> tensors{
        named_tensor::of<std::uint8_t>("bits", {3}, bits),
        named_tensor::of<float>("a.weight", {2, 3}, weights), named_tensor::of<float>("scalar", {}, scalar),
        named_tensor::of<float>("none", {0, 4}, {}), named_tensor::of<std::int64_t>("count", {1}, count)};
    write_safetensors(folder / "a", tensors, {{"seed", "1"}, {"quote \" and \xC3\xA9", "x"}});
    const safetensors_file file(folder / "a");
    BOOST_TEST(file.metadata().at("seed") == "1");
    BOOST_TEST(file.metadata().at("quote \" and \xC3\xA9") == "x");
    BOOST_TEST(file.tensors().size() == 5u);
    BOOST_TEST(file.values<float>("a.weight") == weights, boost::test_tools::per_element());
    BOOST_TEST(file.values<float>("scalar") == scalar, boost::test_tools::per_element());
    BOOST_TEST(file.values<float>("none").empty());
    BOOST_TEST(file.values<std::uint8_t>("bits") == bits, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::int64_t>("count") == count, boost::test_tools::per_element());
    BOOST_TEST((file.at("a.weight").shape == std::vector<std::size_t>{2, 3}));
    for (const auto &entry : file.tensors()) {
        if (entry.type != "U8") BOOST_TEST(entry.begin % (entry.type == "I64" ? 8 : 4) == 0u);
    }
    BOOST_TEST(file.tensors()[0].begin % 8 == 0u);
    BOOST_TEST(file.find("absent") == nullptr);
    BOOST_TEST(error_id([&] { file.values<float>("absent"); }) == "LIPT-F22");
    BOOST_TEST(error_id([&] { file.values<float>("bits"); }) == "LIPT-F23");
    std::vector<float> small(5);
    BOOST_TEST(error_id([&] { file.read("a.weight", std::span<float>(small)); }) == "LIPT-F23");
}

BOOST_AUTO_TEST_CASE(every_type_of_number_is_written_and_read) {
    const lipt_test::temporary_directory folder;
    const std::vector<double> deep{0.1, -1e300};
    const std::vector<std::uint16_t> halves{0x3C00, 0xFBFF}, words{65535};
    const std::vector<std::int8_t> bytes{-128, 127};
    const std::vector<std::uint64_t> large{~std::uint64_t{0}};
    const std::vector<std::int16_t> shorts{-32768};
    const std::vector<std::uint32_t> naturals{4294967295u};
    const std::vector<named_tensor> tensors{named_tensor::of<std::int8_t>("i8", {2}, bytes),
                                            {"f16", "F16", {2}, std::as_bytes(std::span(halves))},
                                            {"bf16", "BF16", {1, 2}, std::as_bytes(std::span(halves))},
                                            {"bool", "BOOL", {2}, std::as_bytes(std::span(bytes))},
                                            named_tensor::of<double>("f64", {2}, deep),
                                            named_tensor::of<std::uint16_t>("u16", {1}, words),
                                            named_tensor::of<std::uint64_t>("u64", {}, large),
                                            named_tensor::of<std::int16_t>("i16", {1}, shorts),
                                            named_tensor::of<std::uint32_t>("u32", {1}, naturals)};
    write_safetensors(folder / "a", tensors);
    const safetensors_file file(folder / "a");
    BOOST_TEST(file.values<double>("f64") == deep, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::int8_t>("i8") == bytes, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::uint16_t>("u16") == words, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::uint64_t>("u64") == large, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::int16_t>("i16") == shorts, boost::test_tools::per_element());
    BOOST_TEST(file.values<std::uint32_t>("u32") == naturals, boost::test_tools::per_element());
    for (const auto *name : {"f16", "bf16"}) {
        const auto read = file.bytes(file.at(name));
        BOOST_TEST(std::equal(read.begin(), read.end(), std::as_bytes(std::span(halves)).begin()));
    }
    BOOST_TEST(file.at("bool").type == "BOOL");
    BOOST_TEST(error_id([&] { file.values<std::uint16_t>("f16"); }) == "LIPT-F23"); // bits are no numbers
    for (const auto &entry : file.tensors())
        if (entry.size % 8 == 0) BOOST_TEST(entry.begin % 8 == 0u);
}

BOOST_AUTO_TEST_CASE(one_tensor_after_the_other_makes_the_same_file) {
    const lipt_test::temporary_directory folder;
    const std::vector<std::uint8_t> bits{1, 2, 3};
    const std::vector<float> weights{1, -2};
    const std::vector<named_tensor> tensors{named_tensor::of<std::uint8_t>("bits", {3}, bits),
                                            named_tensor::of<float>("weights", {2}, weights)};
    const lipt::adapters::tensor_metadata metadata{{"a", "b"}};
    write_safetensors(folder / "whole", tensors, metadata);
    const std::vector<lipt::adapters::tensor_plan> plan{{"bits", "U8", {3}}, {"weights", "F32", {2}}};
    {
        lipt::adapters::safetensors_writer writer(folder / "parts", plan, metadata);
        BOOST_TEST((writer.order()[0] == 1 && writer.order()[1] == 0));
        for (const auto i : writer.order()) writer.write(tensors[i].bytes);
        BOOST_TEST(error_id([&] { writer.write(tensors[0].bytes); }) == "LIPT-F24"); // one too many
        BOOST_TEST(!std::filesystem::exists(folder / "parts"));
        writer.commit();
    }
    BOOST_TEST(lipt_test::content_of(folder / "parts") == lipt_test::content_of(folder / "whole"));
    const auto unfinished = [&](bool write_wrong) {
        lipt::adapters::safetensors_writer writer(folder / "none", plan);
        if (write_wrong) writer.write(tensors[0].bytes);
        writer.commit();
    };
    BOOST_TEST(error_id([&] { unfinished(false); }) == "LIPT-F24");
    BOOST_TEST(error_id([&] { unfinished(true); }) == "LIPT-F24");
    BOOST_TEST(!std::filesystem::exists(folder / "none"));
}

// As the Python package lays a file out: metadata first, tensors by name, the header padded with spaces to 8
// bytes.
BOOST_AUTO_TEST_CASE(a_file_of_the_python_package_is_read) {
    const std::string head =
        R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
        R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})"
        "      ";
    auto content = file_of(head, 0);
    for (const float value : {1.5f, 1.0f, 1.0f})
        content.append(reinterpret_cast<const char *>(&value), sizeof value);
    const lipt_test::temporary_directory folder;
    const safetensors_file file(folder.write("a", content));
    BOOST_TEST((file.values<float>("a") == std::vector<float>{1.5f}));
    BOOST_TEST((file.values<float>("b") == std::vector<float>{1, 1}));
    BOOST_TEST(file.metadata().at("k") == "v");
}

BOOST_AUTO_TEST_CASE(damaged_headers_are_refused) {
    BOOST_TEST(id_of(file_of("{}", 0)) == "");
    BOOST_TEST(id_of("") == "LIPT-F20");
    BOOST_TEST(id_of("1234567") == "LIPT-F20");
    BOOST_TEST(id_of(std::string(8, '\xFF') + "{}") == "LIPT-F20");
    BOOST_TEST(id_of(file_of("{}", 0).substr(0, 9)) == "LIPT-F20");
    BOOST_TEST(id_of(file_of("[]", 0)) == "LIPT-F20");
    BOOST_TEST(id_of(file_of("{\"a\":", 0)) == "LIPT-F20");
    BOOST_TEST(id_of(file_of("{\"\xFF\":1}", 0)) == "LIPT-F20");
    BOOST_TEST(id_of(file_of(std::string(200000, '['), 0)) == "LIPT-F20");
    BOOST_TEST(id_of(file_of("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}", 0)) ==
               "LIPT-F20");
    BOOST_TEST(id_of(file_of("{}" + std::string(lipt::adapters::safetensors_header_limit, ' '), 0)) ==
               "LIPT-F20");
    for (const char *head :
         {R"({"a":1})", R"({"a":{}})", R"({"__metadata__":3})", R"({"__metadata__":{"a":3}})",
          R"({"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}})",
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})",
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":{"0":0,"1":4}}})"}) {
        BOOST_TEST_CONTEXT(head) { BOOST_TEST(id_of(file_of(head, 4)) == "LIPT-F20"); }
    }
}

BOOST_AUTO_TEST_CASE(misplaced_tensors_are_refused) {
    const auto id = [](const std::string &a, const std::string &b, std::size_t size) {
        return id_of(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + a +
                                 R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + b + "}}",
                             size));
    };
    BOOST_TEST(id("[0,8]", "[8,12]", 12) == "");
    BOOST_TEST(id("[4,12]", "[0,4]", 12) == "");
    BOOST_TEST(id("[0,8]", "[4,8]", 8) == "LIPT-F21");     // overlap
    BOOST_TEST(id("[0,8]", "[12,16]", 16) == "LIPT-F21");  // hole
    BOOST_TEST(id("[4,12]", "[12,16]", 16) == "LIPT-F21"); // hole at the start
    BOOST_TEST(id("[0,8]", "[8,12]", 11) == "LIPT-F21");   // truncated
    BOOST_TEST(id("[0,8]", "[8,12]", 13) == "LIPT-F21");   // trailing byte
    BOOST_TEST(id("[0,4]", "[4,8]", 8) == "LIPT-F21");     // not the shape's size
    BOOST_TEST(id("[8,0]", "[8,12]", 12) == "LIPT-F21");   // backwards
    BOOST_TEST(id_of(file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                             0)) == "LIPT-F21"); // 2^64 elements
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_refused) {
    const lipt_test::temporary_directory folder;
    const std::vector<float> two{1, 2};
    const auto id = [&](std::vector<named_tensor> tensors) {
        return error_id([&] { write_safetensors(folder / "a", tensors); });
    };
    BOOST_TEST(id({named_tensor::of<float>("a", {3}, two)}) == "LIPT-F24");
    BOOST_TEST(id({named_tensor::of<float>("a", {2}, two), named_tensor::of<float>("a", {2}, two)}) ==
               "LIPT-F24");
    BOOST_TEST(id({named_tensor::of<float>("\xFF", {2}, two)}) == "LIPT-F24");
    BOOST_TEST(id({named_tensor::of<float>("__metadata__", {2}, two)}) == "LIPT-F24");
    BOOST_TEST(id({{"a", "F4", {0}, {}}}) == "LIPT-F24"); // no such type
    BOOST_TEST(folder.entries() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
