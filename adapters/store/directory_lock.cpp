#include <lipt/adapters/store/directory_lock.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace lipt::adapters {

directory_lock::directory_lock(const std::filesystem::path &directory) {
    const auto path = directory / ".lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    require(file_ >= 0, "F02", "run: cannot open ", path.string(), " for writing: ", std::strerror(errno),
            errno == ELOOP ? ": it is a link; remove it" : "");
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    ::close(std::exchange(file_, -1));
    fail("R09", "run: another process works on ", directory.string(),
         ": wait for it, or use another --out (only `lipt worker`s share a directory)");
}

directory_lock::directory_lock(directory_lock &&other) noexcept : file_(std::exchange(other.file_, -1)) {}

directory_lock &directory_lock::operator=(directory_lock &&other) noexcept {
    std::swap(file_, other.file_);
    return *this;
}

directory_lock::~directory_lock() {
    if (file_ >= 0) ::close(file_);
}

} // namespace lipt::adapters
