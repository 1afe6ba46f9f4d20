// Images in folders, DIR/train/<class>/... and DIR/val/<class>/... (or DIR/test), decoded when they are read:
// the layout of ImageNet, of which no memory holds the pixels.
#pragma once

#include <lipt/adapters/data/labelled_images.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lipt::adapters {

/// What becomes of images that cannot be read. refuse: an error. skip: they are left out, and named.
enum class corrupt_images : std::uint8_t { refuse, skip };

/// How closely images are looked at when a folder is opened. large_ends: those of up to 64 KiB are decoded,
/// of larger ones the header and the end are read. whole: every image is decoded.
enum class image_check : std::uint8_t { large_ends, whole };

/// How a folder of images is opened.
struct image_folder_options {
    std::size_t size = 224; ///< height and width that images are brought to
    corrupt_images corrupt = corrupt_images::refuse;
    image_check check = image_check::large_ends;
    std::size_t threads = 1; ///< that read and decode, at most one a processor
    /// Told what was left out, a line each time; may be called from several threads, one after another.
    std::function<void(const std::string &)> notice;
};

/// The two sets of a folder. Their images are read through the core's image_reader.
struct image_folder {
    labelled_images train, test;
    std::vector<std::string> class_names;
    /// Of the images in use: paths below train or test, labels, file sizes, and each file's first 16 KiB and
    /// last 4 KiB, headers among them (the whole file up to 64 KiB): XXH3, 16 hexadecimal digits. Where the
    /// folder lies and when files were written does not count.
    std::string fingerprint;
};

/// Opens a folder: lists it, reads every file and finds the damaged ones. What begins with a dot is passed
/// over; a class that the test images lack is told. Damaged is what its decoder cannot read to the end: a PNG
/// has checksums, a JPEG has none, and a flipped bit in it may as well make another image. An image of more
/// than 64 KiB that ends as whole ones do counts as one, unless `check` is whole: damage in its middle is
/// found when it is read, an error that names it, or with `skip` an image of one colour, the mean of the data
/// set, in its place, and a notice; which depends on nothing but the image and its box. shapes: images
/// (3,size,size) errors: D10 a folder is missing, D18 no classes, an unknown one or an empty one, D20 images
/// that cannot be read (names the first and counts them), D22 a link in a circle; later, where an image is
/// read, D19 and D21 cost: an image of up to 64 KiB is decoded once at an eighth of its size, of others two
/// reads a file; 80 bytes of memory an image and its name
image_folder open_image_folder(const std::filesystem::path &directory,
                               const image_folder_options &options = {});

} // namespace lipt::adapters
