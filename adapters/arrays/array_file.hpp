// Arrays in files, opened as views: .npy, .safetensors and tables of numbers.
#pragma once

#include <lipt/adapters/arrays/array_view.hpp>
#include <lipt/adapters/store/npy.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace lipt::arrays {

/// An array of a file: the view, and what keeps its memory.
struct array_file {
    array_view view{};
    std::shared_ptr<const void> memory{};
    std::span<const std::byte> content{}; ///< of the whole file, for a fingerprint; of a table its numbers
    std::int64_t modified = 0;            ///< nanoseconds since 1970
};

/// The element type of a .npy array.
scalar scalar_of(adapters::npy_type type) noexcept;

/// Whether a path is read as .npy: by its ending, whatever its case.
bool is_npy(const std::filesystem::path &path);

/// Opens by the file's ending: .safetensors, whose one tensor is taken, or that after a colon as in
/// "out.safetensors:logits"; .csv, .tsv and .txt, numbers with commas, semicolons, tabs or spaces between,
/// where a first line of which no field is a number is names of columns; anything else is .npy. Mapped, but
/// for tables, which are read. errors: F01, F03 as mapped_file; F10 to F12 as parse_npy; F20 to F22 as
/// safetensors_file; F28 a table that is none (names the line), F29 a type that is not read, F30 several
/// tensors and none named
array_file open_array(const std::filesystem::path &path);

} // namespace lipt::arrays
