#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace lipt::adapters {
namespace {

std::filesystem::path directory_of(const std::filesystem::path &path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Where the content is to go: links are followed, and what cannot be replaced by renaming is refused (as
/// root, renaming over /dev/null would replace the device for everybody).
std::filesystem::path replaceable(const std::filesystem::path &path) {
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (!std::filesystem::exists(status)) return path;
    require(std::filesystem::is_regular_file(status), "F03", "file: '", path.string(),
            "' exists and is not a regular file: give the name of a file to write");
    const auto resolved = std::filesystem::canonical(path, code);
    return code ? path : resolved;
}

} // namespace

atomic_file::atomic_file(const std::filesystem::path &path) : path_(replaceable(path)) {
    static std::atomic<unsigned> count{0};
    // O_EXCL settles what the process id cannot: writers on other hosts, and what a killed process left
    // behind.
    do {
        temporary_ =
            directory_of(path_) / text(".", path_.filename().string(), ".", ::getpid(), "-", count++, ".tmp");
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) fail_to_write(errno);
}

atomic_file::~atomic_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void atomic_file::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_to_write(errno);
        written_ += static_cast<std::size_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void atomic_file::commit() {
    if (::fsync(descriptor_) != 0) fail_to_write(errno);
    // Some network file systems report a full disk only here.
    if (const int file = std::exchange(descriptor_, -1); ::close(file) != 0) fail_to_write(errno);
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_to_write(errno);
    temporary_.clear();
    const int directory = ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // EINVAL: the file system has no way to sync a directory, and needs none.
    const int code = directory >= 0 && (::fsync(directory) == 0 || errno == EINVAL) ? 0 : errno;
    if (directory >= 0) ::close(directory);
    require(code == 0, "F02", "file: '", path_.string(),
            "' is written, but its directory cannot be synced: ", std::generic_category().message(code),
            ": a power failure now may bring the old file back");
}

void atomic_file::fail_to_write(int code) const {
    fail("F02", "file: '", path_.string(), "' cannot be written (", written_,
         " bytes were): ", std::generic_category().message(code),
         ": check free space, permissions and that the directory exists; what was there before is unchanged");
}

void write_file(const std::filesystem::path &path, std::string_view content) {
    atomic_file file(path);
    file.write(content);
    file.commit();
}

} // namespace lipt::adapters
