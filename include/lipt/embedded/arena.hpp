// Memory that the caller gives: one block, from which everything is taken in order, and which is given back
// at once.
#pragma once

#include <lipt/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <new>
#include <span>

namespace lipt {

/// A memory resource over one block of the caller's. What is freed last-in-first-out is used again, the rest
/// when the arena is emptied. errors: M01 the block is full (std::bad_alloc where there are exceptions). Not
/// for several threads
class arena final : public std::pmr::memory_resource {
  public:
    explicit arena(std::span<std::byte> block) : block_(block) {}

    /// Bytes in use, and the most that ever were: what the next block must have.
    std::size_t used() const noexcept { return used_; }
    std::size_t peak() const noexcept { return peak_; }
    /// Takes all of it back. Nothing that lies in it may be used, or destroyed, afterwards.
    void clear() noexcept { used_ = 0; }

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override {
        const auto base = reinterpret_cast<std::uintptr_t>(block_.data());
        const std::size_t begin = (base + used_ + alignment - 1) / alignment * alignment - base;
        if (begin > block_.size() || bytes > block_.size() - begin) {
#if defined(__cpp_exceptions)
            throw std::bad_alloc();
#else
            // Without a sentence of its own making, which would take memory as well.
            on_failure()("LIPT-M01", "[LIPT-M01] memory: the caller's block is full: give a larger one");
            std::abort();
#endif
        }
        used_ = begin + bytes;
        peak_ = used_ > peak_ ? used_ : peak_;
        return block_.data() + begin;
    }

    void do_deallocate(void *memory, std::size_t bytes, std::size_t) override {
        const auto *end = static_cast<std::byte *>(memory) + bytes;
        if (end == block_.data() + used_) used_ -= bytes;
    }

    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
        return this == &other;
    }

    std::span<std::byte> block_;
    std::size_t used_ = 0, peak_ = 0;
};

} // namespace lipt
