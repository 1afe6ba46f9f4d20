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

/// ".jpg" of "A.JPG".
std::string ending_of(const std::string &name) {
    auto ending = name.substr(std::min(name.rfind('.'), name.size()));
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return ending;
}

template <std::size_t Count>
bool is_among(const std::array<std::string_view, Count> &endings, std::string_view ending) {
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

constexpr std::array<std::string_view, 3> read_endings{".jpg", ".jpeg", ".png"};
/// Images all the same, which their owner believes to be among the others.
constexpr std::array<std::string_view, 16> other_endings{".webp", ".bmp",  ".tif", ".tiff", ".gif", ".ppm",
                                                         ".pgm",  ".pbm",  ".pnm", ".jp2",  ".jxl", ".heic",
                                                         ".heif", ".avif", ".tga", ".jfif"};

using ending_counts = std::map<std::string, std::size_t>;

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
            else if (const auto ending = ending_of(name); is_among(read_endings, ending))
                found.emplace_back(folder, std::move(name));
            else if (is_among(other_endings, ending))
                ++unread[ending];
        }
        for (const auto &each : inner) enter(each);
        around_.pop_back();
    }

    std::vector<std::pair<std::string, std::string>> found; ///< folder and name
    ending_counts unread;

  private:
    const fs::path &root_;
    std::vector<fs::path> around_;
};

} // namespace

std::string words_of(const std::map<std::string, std::size_t> &endings) {
    std::string words;
    for (const auto &[ending, count] : endings) words += text(words.empty() ? "" : ", ", count, " ", ending);
    return words;
}

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
                "' holds no .jpg, .jpeg or .png",
                walk.unread.empty() ? ": fill it or remove it"
                                    : " but " + words_of(walk.unread) + ": convert them to PNG or JPEG");
        for (const auto &[ending, count] : walk.unread) listing.unread[ending] += count;
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
