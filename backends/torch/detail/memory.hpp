// Memory of tensors on the processor that stays with the network that used it. Given back to the system after
// every step, it would be fetched again page by page in the next one: a fifth of a step's time (resnet8,
// glibc).
#pragma once

#include <cstddef>
#include <memory>

namespace lipt::torch::detail {

/// Blocks of memory that tensors of one network have used and may use again.
/// cost: between two calls, what the last one needed at most
class kept_memory {
  public:
    class store;
    kept_memory();
    /// Gives back to the system what no tensor has used since the last time.
    void tidy();

  private:
    friend class memory_use;
    std::shared_ptr<store> store_;
};

/// For its lifetime the tensors that this thread makes on the processor come from there.
class memory_use {
  public:
    explicit memory_use(const kept_memory &memory) : memory_use(memory.store_) {}
    /// That of another thread, as `current` has found it there.
    explicit memory_use(std::shared_ptr<kept_memory::store> store);
    ~memory_use();
    memory_use(const memory_use &) = delete;
    memory_use &operator=(const memory_use &) = delete;

    static std::shared_ptr<kept_memory::store> current();

  private:
    std::shared_ptr<kept_memory::store> before_;
};

} // namespace lipt::torch::detail
