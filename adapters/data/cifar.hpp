// The binary version of CIFAR-10 and CIFAR-100: records of label bytes and one image of 3x32x32.
// source: [Krizhevsky2009] binary version
#pragma once

#include <lipt/adapters/data/labelled_images.hpp>

#include <cstddef>
#include <filesystem>
#include <span>

namespace lipt::adapters {

/// How a record begins. CIFAR-10: its label. CIFAR-100: the coarse label, then the fine one, which is used.
struct cifar_format {
    std::size_t label_bytes = 1;
    std::size_t classes = 10;
};
inline constexpr cifar_format cifar10_format{.label_bytes = 1, .classes = 10};
inline constexpr cifar_format cifar100_format{.label_bytes = 2, .classes = 100};

/// Reads the records of some files, in the order given. Labels lie between the images, so that a view of the
/// mapped files would not do: the images are copied once (60,000 take 0.2 s, most of it page faults).
/// shapes: result (N,3,32,32)
/// errors: F01, F03 as mapped_file; D12 a file that is empty, not of whole records or not of as many; D15 a
/// label that is not below the number of classes
labelled_images read_cifar(std::span<const std::filesystem::path> files, const cifar_format &format);

} // namespace lipt::adapters
