#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lipt::adapters {
namespace {

/// Closes the descriptor when the mapping is made or refused: a mapping does not need it.
struct descriptor {
    int number;
    ~descriptor() {
        if (number >= 0) ::close(number);
    }
};

[[noreturn]] void fail_to_read(const std::filesystem::path &path) {
    fail("F01", "file: '", path.string(), "' cannot be read: ", std::generic_category().message(errno),
         ": check the path and its permissions");
}

} // namespace

mapped_file::mapped_file(const std::filesystem::path &path) {
    // Without O_NONBLOCK, opening a pipe would wait for a writer before it could be refused.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0) fail_to_read(path);
    struct stat status {};
    if (::fstat(file.number, &status) != 0) fail_to_read(path);
    require(S_ISREG(status.st_mode), "F03", "file: '", path.string(),
            "' is not a regular file: give a file, not a directory or a device");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return; // mmap refuses length 0
    void *const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
    if (mapped == MAP_FAILED) fail_to_read(path);
    data_ = static_cast<const std::byte *>(mapped);
}

mapped_file::mapped_file(mapped_file &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

mapped_file &mapped_file::operator=(mapped_file &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

mapped_file::~mapped_file() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte *>(data_), size_);
}

} // namespace lipt::adapters
