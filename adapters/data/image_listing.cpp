#include <lipt/adapters/data/image_listing.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

/// Those of other programs: .git, .ipynb_checkpoints, the ._x.jpg that macOS writes beside x.jpg.
bool is_hidden(const fs::path &path) { return path.filename().native().starts_with('.'); }

bool is_image_name(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    constexpr std::array<std::string_view, 3> endings{".jpg", ".jpeg", ".png"};
    return std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return name.ends_with(ending); });
}

/// Walks one class folder; `around` holds the folders that it is inside of, links resolved.
class class_walk {
  public:
    explicit class_walk(const fs::path &root) : root_(root) {}

    void enter(const std::string &folder) {
        const auto here = fs::canonical(root_ / folder);
        require(std::find(around_.begin(), around_.end(), here) == around_.end(), "D22", "data: the link '",
                (root_ / folder).string(), "' leads back to '", here.string(),
                "', which it is inside of: remove it");
        around_.push_back(here);
        std::vector<std::string> inner;
        for (const auto &entry : fs::directory_iterator(here)) {
            if (is_hidden(entry.path())) continue;
            auto name = entry.path().filename().string();
            std::error_code
                broken; // a broken link is no folder; as an image it is found out when it is opened
            if (entry.is_directory(broken))
                inner.push_back(folder + "/" + name);
            else if (is_image_name(name))
                found.emplace_back(folder, std::move(name));
        }
        for (const auto &each : inner) enter(each);
        around_.pop_back();
    }

    std::vector<std::pair<std::string, std::string>> found; ///< folder and name

  private:
    const fs::path &root_;
    std::vector<fs::path> around_;
};

} // namespace

std::vector<std::string> class_folders(const fs::path &root) {
    std::vector<std::string> classes;
    for (const auto &entry : fs::directory_iterator(root)) {
        std::error_code broken;
        if (!is_hidden(entry.path()) && entry.is_directory(broken))
            classes.push_back(entry.path().filename().string());
    }
    require(!classes.empty(), "D18", "data: '", root.string(),
            "' has no folder in it, expected one for each class with its images inside");
    std::sort(classes.begin(), classes.end());
    return classes;
}

image_listing list_images(const fs::path &root, std::span<const std::string> classes) {
    image_listing listing{.root = root};
    for (const auto &name : class_folders(root)) {
        const auto known = std::lower_bound(classes.begin(), classes.end(), name);
        require(known != classes.end() && *known == name, "D18", "data: '", (root / name).string(),
                "' is a class that the training images do not have: training and test folders must name the "
                "same classes");
        class_walk walk(root);
        walk.enter(name);
        require(!walk.found.empty(), "D18", "data: the class folder '", (root / name).string(),
                "' holds no .jpg, .jpeg or .png: fill it or remove it");
        std::sort(walk.found.begin(), walk.found.end());
        for (auto &[folder, file] : walk.found) {
            if (listing.folders.empty() || listing.folders.back() != folder)
                listing.folders.push_back(folder);
            listing.images.push_back({.folder = static_cast<std::uint32_t>(listing.folders.size() - 1),
                                      .label = static_cast<std::int32_t>(known - classes.begin()),
                                      .name = std::move(file)});
        }
    }
    return listing;
}

} // namespace lipt::adapters
