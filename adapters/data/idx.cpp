#include <lipt/adapters/data/idx.hpp>
#include <lipt/adapters/data/labels.hpp>
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace lipt::adapters {
namespace {

/// Reads bytes front to back out of plain or compressed memory.
class byte_source {
  public:
    byte_source(std::span<const std::byte> file, std::string_view name) : rest_(file), name_(name) {
        compressed_ = file.size() >= 2 && file[0] == std::byte{0x1F} && file[1] == std::byte{0x8B};
        // 16: a gzip header and trailer around the data.
        if (compressed_ && inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) damaged("zlib has no memory");
    }
    byte_source(const byte_source &) = delete;
    byte_source &operator=(const byte_source &) = delete;
    ~byte_source() {
        if (compressed_) inflateEnd(&stream_);
    }

    /// Fills `out` as far as there are bytes; returns how many there were.
    std::size_t read(std::span<std::uint8_t> out) {
        if (compressed_) return inflate_to(out);
        const std::size_t count = std::min(out.size(), rest_.size());
        if (count > 0) std::memcpy(out.data(), rest_.data(), count);
        rest_ = rest_.subspan(count);
        return count;
    }

    /// More bytes than this cannot follow: deflate shrinks by a factor of 1032 at the very most.
    std::size_t bound() const noexcept {
        return compressed_ ? (rest_.size() + stream_.avail_in) * 1032 : rest_.size();
    }

    /// True where nothing is left, and the checksum of compressed data has been found right.
    bool finished() {
        std::uint8_t extra = 0;
        return read(std::span(&extra, 1)) == 0 && rest_.empty() && stream_.avail_in == 0;
    }

  private:
    [[noreturn]] void damaged(std::string_view what) const {
        fail("D13", "data: the compressed file '", name_, "' is damaged (", what, "): fetch it again");
    }

    std::size_t inflate_to(std::span<std::uint8_t> out) {
        constexpr std::size_t most = std::numeric_limits<uInt>::max(); // zlib counts in 32 bits
        std::size_t written = 0;
        while (written < out.size() && !ended_) {
            if (stream_.avail_in == 0) {
                const std::size_t piece = std::min(rest_.size(), most);
                // zlib does not write through next_in, its declaration only lacks the const.
                stream_.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(rest_.data()));
                stream_.avail_in = static_cast<uInt>(piece);
                rest_ = rest_.subspan(piece);
            }
            const std::size_t room = std::min(out.size() - written, most);
            stream_.next_out = out.data() + written;
            stream_.avail_out = static_cast<uInt>(room);
            const int code = ::inflate(&stream_, Z_NO_FLUSH);
            written += room - stream_.avail_out;
            ended_ = code == Z_STREAM_END;
            if (!ended_ && stream_.avail_in == 0 && rest_.empty() && stream_.avail_out > 0)
                damaged("it ends too early");
            if (!ended_ && code != Z_OK)
                damaged(stream_.msg != nullptr ? stream_.msg : "it cannot be decompressed");
        }
        return written;
    }

    std::span<const std::byte> rest_;
    std::string_view name_;
    bool compressed_ = false;
    bool ended_ = false;
    z_stream stream_{};
};

idx_array read_array(const std::filesystem::path &path, std::size_t dimensions, std::string_view holds) {
    const mapped_file file(path);
    auto array = parse_idx(file.bytes(), path.string());
    require(array.shape.size() == dimensions, "D14", "data: '", path.string(), "' has ", array.shape.size(),
            " dimensions, expected ", dimensions, " for ", holds, ": were images and labels exchanged?");
    return array;
}

} // namespace

idx_array parse_idx(std::span<const std::byte> file, std::string_view name) {
    byte_source source(file, name);
    std::array<std::uint8_t, 4> word{};
    const auto next_word = [&] {
        require(source.read(word) == word.size(), "D12", "data: '", name,
                "' ends inside its header: fetch it again");
    };
    next_word();
    require(word[0] == 0 && word[1] == 0 && word[2] == 8 && word[3] >= 1 && word[3] <= 4, "D11", "data: '",
            name, "' starts with bytes ", word[0], " ", word[1], " ", word[2], " ", word[3],
            ", expected 0 0 8 and 1 to 4 dimensions: it is not an IDX file of unsigned bytes");
    idx_array array;
    array.shape.resize(word[3]);
    std::size_t count = 1;
    bool overflow = false;
    for (auto &extent : array.shape) {
        next_word();
        extent =
            std::size_t{word[0]} << 24 | std::size_t{word[1]} << 16 | std::size_t{word[2]} << 8 | word[3];
        overflow |= __builtin_mul_overflow(count, extent, &count);
    }
    require(!overflow && count <= source.bound(), "D12", "data: '", name,
            "' promises more elements than it can hold in ", file.size(),
            " bytes: it is truncated or damaged, fetch it again");
    array.values.resize(count);
    const std::size_t found = source.read(array.values);
    require(found == count, "D12", "data: '", name, "' ends after ", found, " of ", count,
            " elements: it is truncated, fetch it again");
    require(source.finished(), "D12", "data: '", name, "' has bytes after its ", count,
            " elements: it is damaged, fetch it again");
    return array;
}

labelled_images read_idx(const std::filesystem::path &images, const std::filesystem::path &labels,
                         std::size_t classes) {
    auto pictures = read_array(images, 3, "images");
    const auto numbers = read_array(labels, 1, "labels");
    require(pictures.shape[0] == numbers.shape[0], "D14", "data: '", images.string(), "' has ",
            pictures.shape[0], " images, '", labels.string(), "' ", numbers.shape[0],
            " labels: take both files of one set");
    require(!pictures.values.empty(), "D12", "data: '", images.string(), "' holds no pixels: fetch it again");
    labelled_images result{.pixels = std::move(pictures.values),
                           .labels = {numbers.values.begin(), numbers.values.end()},
                           .shape = {1, pictures.shape[1], pictures.shape[2]},
                           .classes = classes};
    check_labels(result, 0, labels);
    return result;
}

} // namespace lipt::adapters
