// Which images a folder of class folders holds, in the order in which torchvision's ImageFolder numbers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lipt::adapters {

/// One image file of a listing.
struct listed_image {
    std::uint32_t folder = 0; ///< number of its folder in the listing
    std::int32_t label = 0;
    std::string name; ///< in its folder
};

/// The image files below a folder, class by class. Names are kept apart from folders: a million of them have
/// few.
struct image_listing {
    std::filesystem::path root;
    std::vector<std::string> folders; ///< below the root: "class" or "class/inner"
    std::vector<listed_image> images;
    std::map<std::string, std::size_t>
        unread; ///< files by their ending, ".webp": images that LiPT does not read

    std::filesystem::path path(const listed_image &image) const {
        return root / folders[image.folder] / image.name;
    }
};

/// "3 .bmp, 20 .webp"
std::string words_of(const std::map<std::string, std::size_t> &endings);

/// The class folders of a folder, sorted by name, byte by byte. Links to folders count as folders.
/// errors: D18 there is none
std::vector<std::string> class_folders(const std::filesystem::path &root);

/// Lists *.jpg, *.jpeg and *.png (in any case) of every class folder and of the folders inside, following
/// links; a class is its place in `classes`. source: [Torchvision] ImageFolder: sorted by folder, then by
/// file name, but without the formats that it reads besides, which are counted. errors: D18 a class folder
/// that is not in `classes`, or without an image; D22 a link back to a folder around it
image_listing list_images(const std::filesystem::path &root, std::span<const std::string> classes);

} // namespace lipt::adapters
