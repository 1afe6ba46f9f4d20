// A file as read-only memory, so that large arrays are paged in as they are touched and never copied whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace lipt::adapters {

/// A whole file mapped read-only for the life of this object; moves, does not copy. A file that others
/// replace by renaming (as atomic_file does) stays what it was when it was opened.
/// errors: F01 cannot be opened or mapped, F03 not a regular file
class mapped_file {
  public:
    explicit mapped_file(const std::filesystem::path &path);
    mapped_file(mapped_file &&other) noexcept;
    mapped_file &operator=(mapped_file &&other) noexcept;
    ~mapped_file();

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  private:
    const std::byte *data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace lipt::adapters
