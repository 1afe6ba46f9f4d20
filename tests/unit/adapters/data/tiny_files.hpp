// Small data files for the tests of the readers, made byte by byte.
#pragma once

#include <boost/test/unit_test.hpp>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lipt_test {

/// An IDX file of unsigned bytes.
inline std::string idx_of(const std::vector<std::uint32_t> &shape, const std::string &values) {
    std::string content{0, 0, 8, static_cast<char>(shape.size())};
    for (const auto extent : shape) {
        for (int shift = 24; shift >= 0; shift -= 8) content += static_cast<char>(extent >> shift & 0xFF);
    }
    return content + values;
}

/// The same bytes as a gzip member.
inline std::string gzip_of(const std::string &content) {
    z_stream stream{};
    BOOST_REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string result(deflateBound(&stream, content.size()), '\0');
    std::string input = content;
    stream.next_in = reinterpret_cast<Bytef *>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef *>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    result.resize(stream.total_out);
    deflateEnd(&stream);
    return result;
}

/// CIFAR records with these labels (one string of label bytes a record); pixel i of record r is (r + i) mod
/// 256.
inline std::string cifar_of(const std::vector<std::string> &labels) {
    std::string content;
    for (std::size_t r = 0; r < labels.size(); ++r) {
        content += labels[r];
        for (std::size_t i = 0; i < 3072; ++i) content += static_cast<char>((r + i) & 0xFF);
    }
    return content;
}

} // namespace lipt_test
