#include "counting_malloc.hpp"

#include <atomic>

// The C library's own, under the names that it keeps for programs which replace them.
extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *memory, std::size_t size);
void *__libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {
std::atomic<std::size_t> calls = 0;
}

std::size_t lipt_test::count_of_mallocs() { return calls; }

extern "C" {
void *malloc(std::size_t size) { return ++calls, __libc_malloc(size); }
void *calloc(std::size_t count, std::size_t size) { return ++calls, __libc_calloc(count, size); }
void *realloc(void *memory, std::size_t size) { return ++calls, __libc_realloc(memory, size); }
void *aligned_alloc(std::size_t alignment, std::size_t size) {
    return ++calls, __libc_memalign(alignment, size);
}
}
