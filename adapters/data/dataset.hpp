// Data sets by name: where their files are, how they are read, how their pixels are normalised.
#pragma once

#include <lipt/adapters/data/image_folder.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// A data set. units: mean and deviation of pixel/255, a channel, as network_options takes them
struct dataset {
    std::string name;
    labelled_images train, test;
    std::vector<std::string> class_names; ///< of other IDX files than Fashion-MNIST's: their numbers
    std::vector<float> mean, deviation;
    std::string fingerprint; ///< XXH3, 16 hexadecimal digits: of all pixels, labels and shapes; of
                             ///< an image folder as image_folder says
};

/// The names that open_dataset knows.
std::span<const std::string_view> dataset_names() noexcept;

/// Opens a data set by name; an empty directory stands for where Debian's dataset-fashion-mnist puts its
/// files. The CIFAR archives may be given by the folder they were unpacked in or by the one that they
/// contain. `images` is for "image-folder" alone, whose directory must be given.
/// errors: D10 a file is missing (says which, where, and where to get it), D16 unknown name; the readers'
/// F01, F03, D11 to D15; D18 to D22 as open_image_folder; D17 test images of another shape than the training
/// images cost: 0.2 s of processor time for 70,000 small images; memory of the pixels once, but not of an
/// image folder
dataset open_dataset(std::string_view name, const std::filesystem::path &directory = {},
                     const image_folder_options &images = {});

/// The fingerprint of two sets, the same however their files were stored; for sets in memory.
std::string fingerprint_of(const labelled_images &train, const labelled_images &test);

} // namespace lipt::adapters
