// Replaces operator new and delete of a program by ones that take from the resource of lipt::attempt where a
// call is under way, else from malloc. Include it in one source file of the program; not in a library.
#pragma once

#include <lipt/embedded/attempt.hpp>

#include <cstddef>
#include <cstdlib>
#include <memory_resource>
#include <new>

namespace lipt::detail {

/// Stands before every block: where it goes back to.
struct block_head {
    std::pmr::memory_resource *resource;
    std::size_t bytes;     ///< with the head
    std::size_t alignment; ///< of the block
    void *begin;           ///< what was allocated
};

/// From the head to the block, a multiple of every alignment up to that.
constexpr std::size_t head_of(std::size_t alignment) noexcept {
    return (sizeof(block_head) + alignment - 1) / alignment * alignment;
}

inline void *take_block(std::size_t size, std::size_t alignment) {
    if (alignment < alignof(block_head)) alignment = alignof(block_head);
    const std::size_t head = head_of(alignment), bytes = size + head;
    auto *const resource = memory_in_use();
    void *begin = nullptr;
    if (resource != nullptr) {
        begin = resource->allocate(bytes, alignment);
    } else {
        begin = alignment > alignof(std::max_align_t)
                    ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
                    : std::malloc(bytes);
    }
    if (begin == nullptr) {
#if defined(__cpp_exceptions)
        throw std::bad_alloc();
#else
        std::abort();
#endif
    }
    auto *const block = static_cast<std::byte *>(begin) + head;
    ::new (block - sizeof(block_head)) block_head{resource, bytes, alignment, begin};
    return block;
}

inline void give_block(void *memory) noexcept {
    if (memory == nullptr) return;
    const auto head = *reinterpret_cast<block_head *>(static_cast<std::byte *>(memory) - sizeof(block_head));
    if (head.resource != nullptr)
        head.resource->deallocate(head.begin, head.bytes, head.alignment);
    else
        std::free(head.begin);
}

} // namespace lipt::detail

/// From the resource of the call under way, else from malloc.
void *operator new(std::size_t size) { return lipt::detail::take_block(size, alignof(std::max_align_t)); }
/// The same for what is aligned more strictly.
void *operator new(std::size_t size, std::align_val_t alignment) {
    return lipt::detail::take_block(size, static_cast<std::size_t>(alignment));
}
/// Back to where the block came from.
void operator delete(void *memory) noexcept { lipt::detail::give_block(memory); }
/// Back to where the block came from.
void operator delete(void *memory, std::size_t) noexcept { lipt::detail::give_block(memory); }
/// Back to where the block came from.
void operator delete(void *memory, std::align_val_t) noexcept { lipt::detail::give_block(memory); }
/// Back to where the block came from.
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept {
    lipt::detail::give_block(memory);
}
