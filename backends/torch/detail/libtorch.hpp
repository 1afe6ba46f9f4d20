// What LibTorch's versions differ in, from 1.13 to 2.15; no other file of this backend knows of them.
#pragma once

#include <c10/core/Allocator.h>
#include <torch/version.h>

#include <cstddef>
#include <cstring>

namespace lipt::torch::detail {

constexpr int libtorch_version = TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR;
static_assert(libtorch_version >= 113, "lipt needs LibTorch 1.13 or newer");

/// An allocator of one's own, of which only `lend` and what gives memory back are to be written.
class lending_allocator : public c10::Allocator {
  public:
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR < 203
    c10::DataPtr allocate(std::size_t size) const final { return lend(size); }
#else
    c10::DataPtr allocate(std::size_t size) final { return lend(size); }
    void copy_data(void *to, const void *from, std::size_t size) const final { std::memcpy(to, from, size); }
#endif

  private:
    /// units: bytes
    virtual c10::DataPtr lend(std::size_t size) const = 0;
};

} // namespace lipt::torch::detail
