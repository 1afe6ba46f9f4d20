// The check that every reader makes on the labels it has read.
#pragma once

#include <lipt/adapters/data/labelled_images.hpp>
#include <lipt/error.hpp>

#include <filesystem>

namespace lipt::adapters {

/// Checks the labels from index `first` on, which were read from `path`.
/// errors: D15 (names the file and the sample)
inline void check_labels(const labelled_images &images, std::size_t first,
                         const std::filesystem::path &path) {
    for (std::size_t i = first; i < images.size(); ++i) {
        const auto label = images.labels[i];
        require(label >= 0 && static_cast<std::size_t>(label) < images.classes, "D15", "data: label ",
                i - first, " in '", path.string(), "' is ", label, ", expected 0 to ", images.classes - 1,
                ": the file is damaged or of another data set");
    }
}

} // namespace lipt::adapters
