// A file as read-only memory, so that large arrays are paged in as they are touched and never copied whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace lipt::adapters {

/// A whole file mapped read-only for the life of this object; moves, does not copy. A file that others
/// replace by renaming (as atomic_file does) stays what it was when it was opened; one that is written in
/// place does not, and touching what a shrunken file no longer has ends the program: see require_unchanged.
/// errors: F01 cannot be opened or mapped, F03 not a regular file
class mapped_file {
  public:
    explicit mapped_file(const std::filesystem::path &path);
    mapped_file(mapped_file &&other) noexcept;
    mapped_file &operator=(mapped_file &&other) noexcept;
    ~mapped_file();

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    /// When the file was last written to before it was opened, in nanoseconds since 1970.
    std::int64_t modified() const noexcept { return modified_; }

    /// Has nothing read ahead: for parts touched here and there, each announced by `prefetch`.
    void expect_random_access() const noexcept;
    /// Begins to read a part from disk, and does not wait for it.
    void prefetch(std::size_t begin, std::size_t size) const noexcept;
    /// Gives back the memory of everything touched so far; what is touched again is read again, as a rule
    /// from the system's cache.
    void release() const noexcept;
    /// Call before touching parts of a file that may be written to meanwhile; `name` is what the error calls
    /// it. errors: F04 the file was written to since it was opened
    void require_unchanged(const std::filesystem::path &name) const;

  private:
    mapped_file() = default;

    const std::byte *data_ = nullptr;
    std::size_t size_ = 0;
    std::int64_t modified_ = 0;
    int descriptor_ = -1; ///< kept, to see whether the file changes
};

} // namespace lipt::adapters
