// An image in a file of either format, told by its first bytes and not by its name.
#pragma once

#include <lipt/adapters/data/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// Where an image's pixels are made; owns the memory for it, so keep one a thread.
class image_decoder {
  public:
    /// The size of the image as it is stored; the file may end after its header.
    /// errors: D19 neither JPEG nor PNG, damaged, too large
    image_extent extent(std::span<const std::byte> file, std::string_view name) const;

    /// Decodes a view of the image. shapes: out (3,window height,window width)
    /// errors: D19 damaged in the part that is read; D21 the image is not of the size `stored`; D23 a box
    /// outside of it
    void read(std::span<const std::byte> file, std::string_view name, const image_extent &stored,
              const image_view &view, std::span<std::uint8_t> out);

    /// Decodes all of the image and keeps nothing. errors: D19
    void verify(std::span<const std::byte> file, std::string_view name);

  private:
    resampler resampler_;
};

/// True where a file of either format ends as whole ones do: the marker of its end is in the given last
/// bytes.
bool ends_whole(std::span<const std::byte> tail);

/// True where a file begins as a PNG of 16-bit grey, of which values above 255 are read as 255.
bool is_deep_grey(std::span<const std::byte> head);

/// A part of a file that may not be one: opened without waiting, read into memory that is used again.
class image_bytes {
  public:
    /// Reads the whole file if it has at most `whole` bytes, else its first `head` and its last `tail` bytes.
    /// errors: D19 it cannot be read, is no regular file, or is too large
    std::span<const std::byte> read(const std::filesystem::path &path, std::size_t whole = most_file_bytes,
                                    std::size_t head = 0, std::size_t tail = 0);
    /// Of the file that was read last.
    std::size_t file_size() const noexcept { return file_size_; }

    static constexpr std::size_t most_file_bytes = std::size_t{1} << 30;

  private:
    std::vector<std::byte> bytes_;
    std::size_t file_size_ = 0;
};

} // namespace lipt::adapters
