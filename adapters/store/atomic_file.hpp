// Writing a file so that a reader, or a run that was killed and started again, sees the old content or the
// new one, never a part.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace lipt::adapters {

/// A file under construction: written under a temporary name in the same directory
/// (".<name>.<pid>-<count>.tmp", unlike that of any other writer), synced and renamed by `commit()`.
/// Destroyed before that, for any reason, it removes the temporary, and what was at the path stays. A link is
/// followed: what it points to is replaced.
/// errors: F02 any write that fails (full disk, no permission, no such directory), F03 the path is a
/// directory or device
class atomic_file {
  public:
    explicit atomic_file(const std::filesystem::path &path);
    atomic_file(const atomic_file &) = delete;
    atomic_file &operator=(const atomic_file &) = delete;
    ~atomic_file();

    void write(std::span<const std::byte> bytes);
    void write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

    /// Makes the new content durable and visible; call once, last. cost: waits for the disk
    void commit();

  private:
    [[noreturn]] void fail_to_write(int code) const;

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;
    std::size_t written_ = 0;
};

/// Writes a whole file atomically. errors: as atomic_file
void write_file(const std::filesystem::path &path, std::string_view content);

} // namespace lipt::adapters
