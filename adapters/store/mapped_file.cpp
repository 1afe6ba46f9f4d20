#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lipt::adapters {
namespace {

[[noreturn]] void fail_to_read(const std::filesystem::path &path) {
    fail("F01", "file: '", path.string(), "' cannot be read: ", std::generic_category().message(errno),
         ": check the path and its permissions");
}

std::int64_t nanoseconds(const timespec &time) noexcept {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

} // namespace

mapped_file::mapped_file(const std::filesystem::path &path) {
    // What fails from here on leaves no descriptor open: the temporary closes it.
    mapped_file file;
    // Without O_NONBLOCK, opening a pipe would wait for a writer before it could be refused.
    file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file.descriptor_ < 0) fail_to_read(path);
    struct stat status {};
    if (::fstat(file.descriptor_, &status) != 0) fail_to_read(path);
    require(S_ISREG(status.st_mode), "F03", "file: '", path.string(),
            "' is not a regular file: give a file, not a directory or a device");
    file.size_ = static_cast<std::size_t>(status.st_size);
    file.modified_ = nanoseconds(status.st_mtim);
    if (file.size_ > 0) { // mmap refuses length 0
        void *const mapped = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, file.descriptor_, 0);
        if (mapped == MAP_FAILED) fail_to_read(path);
        file.data_ = static_cast<const std::byte *>(mapped);
    }
    *this = std::move(file);
}

mapped_file::mapped_file(mapped_file &&other) noexcept { *this = std::move(other); }

mapped_file &mapped_file::operator=(mapped_file &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(modified_, other.modified_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

mapped_file::~mapped_file() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte *>(data_), size_);
    if (descriptor_ >= 0) ::close(descriptor_);
}

void mapped_file::expect_random_access() const noexcept {
    if (data_ != nullptr) ::madvise(const_cast<std::byte *>(data_), size_, MADV_RANDOM);
}

void mapped_file::prefetch(std::size_t begin, std::size_t size) const noexcept {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    if (begin >= size_) return;
    const std::size_t first = begin / page * page, end = begin + std::min(size, size_ - begin);
    ::madvise(const_cast<std::byte *>(data_) + first, end - first, MADV_WILLNEED);
}

void mapped_file::release() const noexcept {
    if (data_ != nullptr) ::madvise(const_cast<std::byte *>(data_), size_, MADV_DONTNEED);
}

void mapped_file::require_unchanged(const std::filesystem::path &name) const {
    struct stat status {};
    require(::fstat(descriptor_, &status) == 0 && static_cast<std::size_t>(status.st_size) == size_ &&
                nanoseconds(status.st_mtim) == modified_,
            "F04", "file: '", name.string(),
            "' was written to while it was read: start again when it is complete");
}

} // namespace lipt::adapters
