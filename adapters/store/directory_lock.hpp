// One process at a time in a directory.
#pragma once

#include <filesystem>

namespace lipt::adapters {

/// Holds a directory until it is destroyed, or the process ends in whatever way. On a file system without
/// locks it holds nothing.
class directory_lock {
  public:
    /// Holds nothing.
    directory_lock() = default;
    /// Makes the file ".lock" in the directory. errors: F02 it cannot be made, R09 another process holds it
    explicit directory_lock(const std::filesystem::path &directory);
    directory_lock(directory_lock &&other) noexcept;
    directory_lock &operator=(directory_lock &&other) noexcept;
    ~directory_lock();

  private:
    int file_ = -1;
};

} // namespace lipt::adapters
