// Arrays as the methods need them: rows of float32 a few at a time, labels, ratings; whatever their type,
// strides and place.
#pragma once

#include <lipt/adapters/arrays/array_file.hpp>
#include <lipt/adapters/arrays/array_view.hpp>
#include <lipt/adapters/store/npy_rows.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::arrays {

/// What there is to say of an array that was given, for a report.
struct array_record {
    std::string name{};      ///< the path, or "memory"
    std::string_view type{}; ///< "float32", "int64", ...
    std::vector<std::size_t> shape{};
    std::string fingerprint{};  ///< see sampled_fingerprint; of an array in memory empty where nobody asked
    std::int64_t modified = 0;  ///< of a file: nanoseconds since 1970
    std::uintptr_t address = 0; ///< of an array in memory: where it was read, not copied
};

/// An opened array of any number of dimensions.
class opened_array {
  public:
    /// `member` is what errors call an array in memory. errors: as open_array; F15 strides of another number
    /// than dimensions
    opened_array(const array_input &input, std::string_view member);

    const array_view &view() const noexcept { return view_; }
    /// "'path'", or the member's name.
    const std::string &name() const noexcept { return name_; }
    std::size_t rows() const noexcept { return view_.shape.empty() ? 0 : view_.shape[0]; }
    bool is_file() const noexcept { return file_.memory != nullptr; }
    /// fingerprint: also of an array in memory, all of which is read for it. cost: of a file at most 16 MiB
    array_record record(bool fingerprint) const;

  private:
    std::string name_;
    std::filesystem::path path_;
    array_file file_;
    array_view view_;
};

/// A matrix of real or whole numbers, read as float32 a few rows at a time. A file of .npy is paged in, and
/// its pages are given back now and then; an array in memory is read where it lies.
class array_rows {
  public:
    /// errors: as npy_rows and open_array; F15 not two-dimensional or without columns
    array_rows(const array_input &input, std::string_view member);

    std::size_t rows() const noexcept { return file_ ? file_->rows() : opened_->rows(); }
    std::size_t width() const noexcept { return file_ ? file_->width() : opened_->view().shape[1]; }
    /// Bytes of one row where it lies.
    std::size_t row_bytes() const noexcept;
    const std::string &name() const noexcept { return name_; }
    array_record record(bool fingerprint) const;

    /// Writes the rows asked for to `to`, one after the other, and checks them on the way; indices are below
    /// rows(). shapes: to (indices, width). errors: F04 a file changed since it was opened, F17 NaN, infinity
    /// or a value beyond float32 (names row and column)
    void read(std::span<const std::int64_t> indices, float *to) const;

  private:
    std::string name_;
    std::optional<adapters::npy_rows> file_;
    std::optional<opened_array> opened_;
};

/// Whole numbers of an array (N) or (N,1), as labels and indices are. `what` names one of them in an error.
/// errors: C30 another shape or type, or a value that is no whole number of 64 bits (names the sample)
std::vector<std::int64_t> whole_numbers(const opened_array &array, std::string_view what);

/// Numbers of an array (N) or (N,1). errors: C30 another shape
std::vector<double> real_numbers(const opened_array &array, std::string_view what);

} // namespace lipt::arrays
