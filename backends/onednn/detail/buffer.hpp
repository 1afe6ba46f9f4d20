// Aligned memory that grows and is never shrunk, and the assignment of offsets to values by their lifetimes.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lipt::onednn::detail {

/// Uninitialised floats on huge pages where the system offers them; `reserve` keeps no content.
class buffer {
  public:
    buffer() = default;
    explicit buffer(std::size_t floats) { reserve(floats); }

    void reserve(std::size_t floats) {
        if (floats <= size_) return;
        data_.reset();
        // Below one huge page a cache line is alignment enough; above, half of the page faults go with the
        // alignment.
        const std::size_t alignment = floats * sizeof(float) < huge_page ? 64 : huge_page;
        const std::size_t bytes = (floats * sizeof(float) + alignment - 1) / alignment * alignment;
        auto *memory = static_cast<float *>(std::aligned_alloc(alignment, bytes));
        if (memory == nullptr) throw std::bad_alloc();
        data_.reset(memory);
        size_ = floats;
#if defined(__linux__)
        if (alignment == huge_page) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    }
    float *data() const noexcept { return data_.get(); }
    std::size_t size() const noexcept { return size_; }

  private:
    static constexpr std::size_t huge_page = std::size_t{1} << 21;
    struct release {
        void operator()(float *memory) const noexcept { std::free(memory); }
    };
    std::unique_ptr<float, release> data_;
    std::size_t size_ = 0;
};

/// A value of `size` floats that lives from step `first` to step `last`, and where it is put.
struct lifetime {
    std::size_t first = 0, last = 0, size = 0;
    std::size_t offset = 0;
};

/// Gives each value an offset such that no two that live at once overlap; returns the floats needed in all.
std::size_t assign_offsets(std::vector<lifetime> &values);

} // namespace lipt::onednn::detail
