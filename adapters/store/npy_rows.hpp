// Matrices on disk that need not fit in memory: some rows at a time, as float32.
#pragma once

#include <lipt/adapters/store/npy.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

namespace lipt::adapters {

/// A two-dimensional array of float16, float32 or float64, mapped; only rows that are asked for are read.
/// One stored in Fortran order has its rows all over the file, so it is turned in memory on opening, and
/// refused where that would take more than `most_turned` bytes.
/// errors: F01, F03 as mapped_file; F10, F11, F12 as parse_npy; F13 not floating-point, F15 not
/// two-dimensional or without columns, F18 Fortran order and too large
class npy_rows {
  public:
    static constexpr std::size_t most_turned = std::size_t{1} << 30;

    explicit npy_rows(const std::filesystem::path &path, std::size_t turned = most_turned);

    std::size_t rows() const noexcept { return header_.shape[0]; }
    std::size_t width() const noexcept { return header_.shape[1]; }
    const npy_header &header() const noexcept { return header_; }
    const mapped_file &file() const noexcept { return file_; }
    const std::filesystem::path &path() const noexcept { return path_; }
    /// Bytes of one row in the file.
    std::size_t row_bytes() const noexcept { return width() * size_of(header_.type); }

    /// Writes the rows asked for to `to`, one after the other, and checks them on the way; indices are below
    /// rows(). Memory of the file's pages is given back now and then.
    /// shapes: to (indices, width). errors: F04 the file changed since it was opened, F17 NaN, infinity or a
    /// value beyond float32 (names row and column)
    void read(std::span<const std::int64_t> indices, float *to) const;

  private:
    void prefetch(std::span<const std::int64_t> indices) const;
    void check(std::int64_t row, const float *values) const;

    std::filesystem::path path_;
    mapped_file file_;
    npy_header header_;
    std::optional<npy_file> turned_;
    const std::byte *elements_ = nullptr;
    mutable std::size_t touched_ = 0; ///< bytes of the mapping since the last release, at most
};

} // namespace lipt::adapters
