// What is done with bytes that anybody may have written: each reader either takes them or refuses them with a
// lipt::error, and what it takes keeps its promises. Run over a corpus in the tests, and by libFuzzer.
#pragma once

#include <lipt/adapters/data/idx.hpp>
#include <lipt/adapters/data/image_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/npy_rows.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/adapters/store/shard_file.hpp>
#include <lipt/adapters/store/worker_file.hpp>
#include <lipt/error.hpp>

#include <support/tiny_worker.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt_test {

/// Bytes as a file in memory, for readers that take a path.
class memory_file {
  public:
    explicit memory_file(std::span<const std::byte> content)
        : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
        const auto written = ::write(descriptor_, content.data(), content.size());
        if (written != static_cast<ssize_t>(content.size())) std::abort();
    }
    memory_file(const memory_file &) = delete;
    memory_file &operator=(const memory_file &) = delete;
    ~memory_file() { ::close(descriptor_); }

    std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
};

/// A promise of a reader that does not hold ends the program, which both runners report.
inline void promise(bool holds) {
    if (!holds) std::abort();
}

inline std::size_t product(std::span<const std::size_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

/// True where `read` takes the bytes, false where it refuses them; any other exception escapes.
template <class Read>
bool takes(Read &&read) {
    try {
        read();
        return true;
    } catch (const lipt::error &) {
        return false;
    }
}

inline bool read_npy(std::span<const std::byte> content) {
    return takes([&] {
        const memory_file input(content);
        const lipt::adapters::npy_file file(input.path());
        promise(file.size() == product(file.shape()));
        promise(file.bytes().size() == file.size() * lipt::adapters::size_of(file.type()));
        // One of the two kinds must fit, unless a u8 is above what an int64 holds; conversion touches every
        // element.
        const bool real = takes([&] { promise(file.converted<float>().size() == file.size()); });
        const bool integer = takes([&] { promise(file.converted<std::int64_t>().size() == file.size()); });
        promise(real != integer || (!real && file.type() == lipt::adapters::npy_type::u8));
        // As a matrix, some rows at a time: the same values, or refused for one that is not finite.
        std::vector<float> rows;
        const bool finite = takes([&] {
            const lipt::adapters::npy_rows matrix(input.path());
            promise(matrix.rows() * matrix.width() == file.size());
            std::vector<std::int64_t> every(matrix.rows());
            std::iota(every.begin(), every.end(), std::int64_t{0});
            rows.resize(file.size());
            matrix.read(every, rows.data());
        });
        promise(!finite || (real && rows == file.converted<float>()));
    });
}

inline bool read_safetensors(std::span<const std::byte> content) {
    return takes([&] {
        const memory_file input(content);
        const lipt::adapters::safetensors_file file(input.path());
        std::size_t total = 0;
        for (const auto &entry : file.tensors()) {
            promise(entry.begin <= content.size() && entry.size <= content.size() - entry.begin);
            total += entry.size;
            if (entry.type != "F32") continue;
            promise(file.at(entry.name).begin == entry.begin);
            promise(file.values<float>(entry.name).size() == product(entry.shape));
        }
        promise(total <= content.size());
    });
}

/// Calls `parse` with the bytes and, where their checksum is what is wrong, once more with the right one: a
/// fuzzer would hardly find it.
template <class Parse>
bool takes_sealed(std::span<const std::byte> content, Parse &&parse) {
    constexpr std::string_view said = "is ", key = "\"checksum\":\"";
    constexpr std::size_t digits = 16;
    try {
        parse(content);
        return true;
    } catch (const lipt::error &failure) {
        const std::string_view words = failure.what();
        std::string mended(reinterpret_cast<const char *>(content.data()), content.size());
        const auto place = mended.find(key);
        const auto computed = words.find("' is ");
        if (failure.id() != "LIPT-F27" || place == std::string::npos || computed == std::string_view::npos)
            return false;
        mended.replace(place + key.size(), digits, words.substr(computed + 2 + said.size(), digits));
        takes([&] { parse(std::as_bytes(std::span(mended))); });
        return false; // as it is, it is not taken
    }
}

inline bool read_worker(std::span<const std::byte> content) {
    const auto spec = tiny_network();
    return takes_sealed(content, [&](std::span<const std::byte> file) {
        const auto upload = lipt::adapters::parse_worker(
            file, "input", spec, {.worker = 2, .config = "c0ffee", .theta_star = "57a7"});
        promise(upload.result.weights.size() == spec.state_size());
        promise(upload.result.keep_mask.empty() || upload.result.keep_mask.size() == spec.state_size());
        for (const float weight : upload.result.weights) promise(std::isfinite(weight));
    });
}

inline bool read_shard(std::span<const std::byte> content) {
    const auto spec = tiny_network();
    return takes_sealed(content, [&](std::span<const std::byte> file) {
        const auto shard =
            lipt::adapters::parse_shard(file, "input", spec, {.worker = 2, .config = "c0ffee"});
        promise(shard.images.pixels.size() == shard.images.size() * spec.image.size());
        for (const auto label : shard.images.labels) promise(label >= 0 && label < 3);
    });
}

inline bool read_idx(std::span<const std::byte> content) {
    return takes([&] {
        const auto array = lipt::adapters::parse_idx(content, "input");
        promise(array.values.size() == product(array.shape));
    });
}

inline bool read_image(std::span<const std::byte> content) {
    lipt::adapters::image_decoder decoder;
    constexpr std::size_t size = 16;
    lipt::image_extent stored;
    const bool opened = takes([&] { stored = decoder.extent(content, "input"); });
    if (!opened) return false;
    promise(stored.height > 0 && stored.width > 0);
    // Time grows with the pixels that a header promises; small ones go through the same code.
    if (stored.height > 2048 || stored.width > 2048) return false;
    const auto read = [&](const lipt::adapters::image_view &view) {
        return takes([&] {
            std::vector<std::uint8_t> out(3 * size * size);
            decoder.read(content, "input", stored, view, out);
        });
    };
    const lipt::crop_box corner{.top = stored.height / 2, .left = stored.width / 2, .height = 1, .width = 1};
    read(lipt::adapters::training_view(corner, size));
    const bool middle = read(lipt::adapters::evaluation_view(stored, size));
    const bool whole = takes([&] { decoder.verify(content, "input"); });
    promise(middle || !whole);
    // A PNG may lack the checksum of its last chunk, which holds nothing: decoded, but not whole.
    return whole && lipt::adapters::ends_whole(content);
}

} // namespace lipt_test
