// The IDX format of MNIST and its kin: one file of images, one of labels, each plain or compressed by gzip.
// source: [LeCun1998] file format
#pragma once

#include <lipt/adapters/data/labelled_images.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// An array of unsigned bytes. shapes: values, the product of shape, row-major
struct idx_array {
    std::vector<std::size_t> shape;
    std::vector<std::uint8_t> values;
};

/// Reads an array out of a whole file in memory, compressed or not (told by its first bytes, not by its
/// name); `name` is what errors call it.
/// errors: D11 not IDX or not of unsigned bytes, D12 truncated or trailing bytes, D13 damaged gzip data
idx_array parse_idx(std::span<const std::byte> file, std::string_view name);

/// Reads grey images and their labels.
/// shapes: result (N,1,h,w)
/// errors: F01, F03 as mapped_file; D11, D12, D13 as parse_idx; D14 other dimensions than images and labels
/// have, or not as many labels as images; D15 a label that is not below `classes`
/// cost: one copy of the data
labelled_images read_idx(const std::filesystem::path &images, const std::filesystem::path &labels,
                         std::size_t classes);

} // namespace lipt::adapters
