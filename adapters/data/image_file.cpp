#include <lipt/adapters/data/image_file.hpp>
#include <lipt/adapters/data/jpeg_image.hpp>
#include <lipt/adapters/data/png_image.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace lipt::adapters {
namespace {

constexpr std::string_view png_begin = "\x89PNG\r\n\x1a\n", jpeg_begin = "\xff\xd8\xff";
constexpr std::string_view png_end = "IEND\xae\x42\x60\x82", jpeg_end = "\xff\xd9";

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Calls `use` with the image in the file.
template <class Use>
auto with_image(std::span<const std::byte> file, std::string_view name, Use use) {
    if (text_of(file).starts_with(png_begin)) {
        png_image image(file, name);
        return use(image);
    }
    require(
        text_of(file).starts_with(jpeg_begin), "D19", "data: the image '", name,
        "' begins neither as a JPEG nor as a PNG: fetch it again or leave it out (--corrupt-images skip)");
    jpeg_image image(file, name);
    return use(image);
}

/// An open file; closes itself.
class descriptor {
  public:
    explicit descriptor(const std::filesystem::path &path)
        : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        if (number_ < 0) cannot(path, std::generic_category().message(errno));
        if (::fstat(number_, &status_) != 0) cannot(path, std::generic_category().message(errno));
        if (!S_ISREG(status_.st_mode)) cannot(path, "it is not a regular file");
    }
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    std::size_t size() const noexcept { return static_cast<std::size_t>(status_.st_size); }
    void read(const std::filesystem::path &path, std::span<std::byte> out, std::size_t from) const {
        while (!out.empty()) {
            const auto got = ::pread(number_, out.data(), out.size(), static_cast<off_t>(from));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) cannot(path, got < 0 ? std::generic_category().message(errno) : "it shrinks");
            out = out.subspan(static_cast<std::size_t>(got));
            from += static_cast<std::size_t>(got);
        }
    }
    [[noreturn]] static void cannot(const std::filesystem::path &path, std::string_view why) {
        fail("D19", "data: the image '", path.string(), "' cannot be read (", why,
             "): fetch it again or leave it out (--corrupt-images skip)");
    }

  private:
    int number_;
    struct stat status_ {};
};

} // namespace

image_extent image_decoder::extent(std::span<const std::byte> file, std::string_view name) const {
    return with_image(file, name, [](const auto &image) { return image.extent(); });
}

void image_decoder::read(std::span<const std::byte> file, std::string_view name, const image_extent &stored,
                         const image_view &view, std::span<std::uint8_t> out) {
    with_image(file, name, [&](auto &image) {
        require(image.extent() == stored, "D21", "data: the image '", name, "' had ", stored.height, " x ",
                stored.width, " pixels when the set was opened and now has ", image.extent().height, " x ",
                image.extent().width, ": leave the files alone during a run");
        require(view.box.top + view.box.height <= stored.height && view.box.height > 0 &&
                    view.box.left + view.box.width <= stored.width && view.box.width > 0,
                "D23", "data: the box asked for is not inside the image '", name, "' of ", stored.height,
                " x ", stored.width, " pixels");
        image.read(view, resampler_);
    });
    resampler_.finish(out);
}

void image_decoder::verify(std::span<const std::byte> file, std::string_view name) {
    with_image(file, name, [&](auto &image) {
        const auto [height, width] = image.extent();
        const crop_box all{.height = height, .width = width};
        image.read({.box = all, .resized = {1, 1}, .window = {0, 0, 1, 1}}, resampler_);
    });
}

bool ends_whole(std::span<const std::byte> tail) {
    const auto last = text_of(tail);
    return last.find(jpeg_end) != std::string_view::npos || last.find(png_end) != std::string_view::npos;
}

bool is_deep_grey(std::span<const std::byte> head) {
    // Behind the signature: length, "IHDR", width and height in four bytes each, then depth and kind of
    // colour.
    constexpr std::size_t depth = png_begin.size() + 16, colour = depth + 1;
    return head.size() > colour && text_of(head).starts_with(png_begin) && head[depth] == std::byte{16} &&
           head[colour] == std::byte{0};
}

std::span<const std::byte> image_bytes::read(const std::filesystem::path &path, std::size_t whole,
                                             std::size_t head, std::size_t tail) {
    const descriptor file(path);
    file_size_ = file.size();
    if (file_size_ > most_file_bytes) descriptor::cannot(path, "it has more than 1 GiB");
    if (file_size_ <= std::max(whole, head + tail)) {
        bytes_.resize(file_size_);
        file.read(path, bytes_, 0);
    } else {
        bytes_.resize(head + tail);
        file.read(path, std::span(bytes_).first(head), 0);
        file.read(path, std::span(bytes_).last(tail), file_size_ - tail);
    }
    return bytes_;
}

} // namespace lipt::adapters
