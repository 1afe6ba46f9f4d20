#include <lipt/adapters/data/hexadecimal.hpp>
#include <lipt/adapters/data/image_file.hpp>
#include <lipt/adapters/data/image_folder.hpp>
#include <lipt/adapters/data/image_listing.hpp>
#include <lipt/adapters/data/image_reading.hpp>
#include <lipt/error.hpp>

#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t whole_bytes = std::size_t{64} << 10, head_bytes = std::size_t{16} << 10,
                      tail_bytes = std::size_t{4} << 10;

/// What the opening learns of a file.
struct looked_at {
    image_extent extent;
    std::uint64_t bytes = 0, hash = 0;
    std::string fault; ///< empty: an image
    bool deep_grey = false;
};

looked_at look_at(const fs::path &path, image_check check, image_scratch &scratch) {
    auto &[bytes, decoder] = scratch;
    looked_at seen;
    try {
        const auto name = path.string();
        const auto part = bytes.read(path, whole_bytes, head_bytes, tail_bytes);
        seen.bytes = bytes.file_size();
        seen.hash = XXH3_64bits(part.data(), part.size());
        const bool whole = part.size() == seen.bytes;
        const auto head = whole ? part : part.first(head_bytes);
        seen.deep_grey = is_deep_grey(head);
        bool certain = !whole && check == image_check::large_ends &&
                       ends_whole(part.last(std::min(part.size(), tail_bytes)));
        try {
            seen.extent = decoder.extent(head, name);
        } catch (const error &) {
            if (whole) throw;
            certain = false; // the header may go on behind the part that was read
        }
        if (!certain) {
            const auto all = whole ? part : bytes.read(path);
            seen.extent = decoder.extent(all, name);
            decoder.verify(all, name);
        }
    } catch (const error &failure) {
        seen.fault = failure.what();
    }
    return seen;
}

/// The names of some images, the first twenty at most.
std::string names_of(const image_listing &listing, const std::vector<std::size_t> &which) {
    std::string names;
    constexpr std::size_t most = 20;
    for (std::size_t i = 0; i < std::min(most, which.size()); ++i)
        names += text(i == 0 ? "" : ", ", listing.path(listing.images[which[i]]).string());
    return which.size() <= most ? names : text(names, " and ", which.size() - most, " more");
}

/// Names what is read otherwise than its owner may think.
void notice_formats(const image_listing &listing, const std::vector<looked_at> &seen,
                    const image_folder_options &options) {
    if (!options.notice) return;
    if (!listing.unread.empty()) {
        std::size_t files = 0;
        for (const auto &[ending, count] : listing.unread) files += count;
        options.notice(text(files, files == 1 ? " image in " : " images in ", listing.root.string(),
                            " of formats that are not read: ", words_of(listing.unread),
                            "; convert them to PNG or JPEG to have them in the set"));
    }
    std::vector<std::size_t> deep;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i].deep_grey) deep.push_back(i);
    }
    if (deep.empty()) return;
    options.notice(text(deep.size(), " of ", seen.size(), " images in ", listing.root.string(),
                        " are PNG of 16-bit grey, of which values above 255 are cut to 255; bring them to 8 "
                        "bits to keep them: ",
                        names_of(listing, deep)));
}

/// Images that cannot be read.
struct left_out_images {
    std::vector<std::int64_t> numbers; ///< of the others among all; empty: all are there
    std::vector<std::string> names;
};

/// Takes images that cannot be read out of the listing, or refuses them all.
left_out_images drop_faulty(image_listing &listing, std::vector<looked_at> &seen,
                            const image_folder_options &options) {
    std::vector<std::size_t> faulty;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (!seen[i].fault.empty()) faulty.push_back(i);
    }
    left_out_images left;
    if (faulty.empty()) return left;
    require(options.corrupt == corrupt_images::skip, "D20", "data: ", faulty.size(), " of ", seen.size(),
            " images in '", listing.root.string(),
            "' cannot be read; the first: ", seen[faulty.front()].fault);
    if (options.notice) {
        options.notice(text(faulty.size(), " of ", seen.size(), " images in ", listing.root.string(),
                            " cannot be read and are left out: ", names_of(listing, faulty)));
    }
    for (const auto i : faulty) {
        const auto &image = listing.images[i];
        left.names.push_back(
            (listing.root.filename() / listing.folders[image.folder] / image.name).generic_string());
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (!seen[i].fault.empty()) continue;
        left.numbers.push_back(static_cast<std::int64_t>(i));
        std::swap(seen[kept], seen[i]);
        std::swap(listing.images[kept++], listing.images[i]);
    }
    seen.resize(kept);
    listing.images.resize(kept);
    return left;
}

void add_to(XXH3_state_t &state, const image_listing &listing, std::span<const looked_at> seen) {
    const std::uint64_t count = seen.size();
    XXH3_64bits_update(&state, &count, sizeof count);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto &image = listing.images[i];
        const auto path = text(listing.folders[image.folder], "/", image.name);
        const std::uint64_t values[] = {path.size(), static_cast<std::uint64_t>(image.label), seen[i].bytes,
                                        seen[i].hash};
        XXH3_64bits_update(&state, values, sizeof values);
        XXH3_64bits_update(&state, path.data(), path.size());
    }
}

labelled_images open_part(const fs::path &root, std::span<const std::string> classes,
                          const image_folder_options &options, XXH3_state_t &state) {
    auto listing = list_images(root, classes);
    image_threads threads(options.threads);
    std::vector<looked_at> seen(listing.images.size());
    threads.for_each(seen.size(), [&](std::size_t i, image_scratch &scratch) {
        seen[i] = look_at(listing.path(listing.images[i]), options.check, scratch);
    });
    auto left = drop_faulty(listing, seen, options);
    notice_formats(listing, seen, options);
    add_to(state, listing, seen);
    labelled_images result{.shape = {3, options.size, options.size},
                           .classes = classes.size(),
                           .numbers = std::move(left.numbers),
                           .left_out = std::move(left.names)};
    std::vector<image_extent> extents;
    std::vector<bool> filled(classes.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        result.labels.push_back(listing.images[i].label);
        extents.push_back(seen[i].extent);
        filled[static_cast<std::size_t>(listing.images[i].label)] = true;
    }
    const auto present = class_folders(root);
    for (const auto &name : classes) {
        if (std::ranges::binary_search(present, name) || !options.notice) continue;
        options.notice(
            text("there is no folder '", (root / name).string(), "': the class ", name, " is not tested"));
    }
    for (const auto &name : present) {
        const auto c = static_cast<std::size_t>(std::lower_bound(classes.begin(), classes.end(), name) -
                                                classes.begin());
        require(filled[c], "D18", "data: no image in the class folder '", (root / name).string(),
                "' can be read: fetch them again or remove the class");
    }
    result.reader = make_reader(std::move(listing), std::move(extents), std::move(threads), options);
    return result;
}

fs::path existing(const fs::path &directory, std::initializer_list<const char *> names) {
    std::error_code ignored;
    for (const char *name : names) {
        if (fs::is_directory(directory / name, ignored)) return directory / name;
    }
    fail(
        "D10", "data: there is no folder '", (directory / *names.begin()).string(),
        "': expected DIR/train/<class>/*.jpg and DIR/val/<class>/*.jpg (or DIR/test), .jpeg or .png as well");
}

} // namespace

image_folder open_image_folder(const fs::path &directory, const image_folder_options &options) {
    const auto train = existing(directory, {"train"}), test = existing(directory, {"val", "test"});
    image_folder folder{.class_names = class_folders(train)};
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
    XXH3_64bits_reset(state.get());
    folder.train = open_part(train, folder.class_names, options, *state);
    folder.test = open_part(test, folder.class_names, options, *state);
    folder.fingerprint = hexadecimal(XXH3_64bits_digest(state.get()));
    return folder;
}

} // namespace lipt::adapters
