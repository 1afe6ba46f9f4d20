#include "memory.hpp"

#include "libtorch.hpp"

#include <c10/core/CPUAllocator.h>

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lipt::torch::detail {

/// Free blocks by size. A tensor may outlive the network and give its block back late, from any thread.
class kept_memory::store {
  public:
    /// A free block of that size, or an empty pointer.
    c10::DataPtr take(std::size_t size) {
        const std::lock_guard lock(mutex_);
        auto &blocks = free_[size];
        if (blocks.empty()) return {};
        auto data = std::move(blocks.back().data);
        blocks.pop_back();
        return data;
    }
    void give_back(std::size_t size, c10::DataPtr data) {
        const std::lock_guard lock(mutex_);
        free_[size].push_back({std::move(data), round_});
    }
    void tidy() {
        const std::lock_guard lock(mutex_);
        for (auto &[size, blocks] : free_) {
            std::erase_if(blocks, [this](const block &each) { return each.last_used != round_; });
        }
        ++round_;
    }

  private:
    struct block {
        c10::DataPtr data;
        std::size_t last_used;
    };
    std::mutex mutex_;
    std::unordered_map<std::size_t, std::vector<block>> free_;
    std::size_t round_ = 0;
};

namespace {

thread_local std::shared_ptr<kept_memory::store> in_use;

/// Blocks that tensors have, by address: LibTorch may give one back by its address alone.
class leases {
  public:
    struct lease {
        std::shared_ptr<kept_memory::store> store;
        std::size_t size = 0;
        c10::DataPtr data;
    };
    void add(void *address, lease made) {
        const std::lock_guard lock(mutex_);
        all_.emplace(address, std::move(made));
    }
    /// Without a store where there is none of that address.
    lease end(void *address) {
        const std::lock_guard lock(mutex_);
        auto found = all_.extract(address);
        return found ? std::move(found.mapped()) : lease{};
    }

  private:
    std::mutex mutex_;
    std::unordered_map<void *, lease> all_;
};

/// The process's allocator, but for threads that use a network's own memory. Installed once and for good, so
/// that its parts are never destroyed: other threads notice nothing of it.
class allocator final : public lending_allocator {
  public:
    static void install() {
        static const bool once = (c10::SetCPUAllocator(new allocator), true);
        static_cast<void>(once);
    }

    c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  private:
    static c10::Allocator &before() {
        static auto *const found = c10::GetCPUAllocator();
        return *found;
    }
    static leases &leased() {
        static auto *const all = new leases;
        return *all;
    }
    allocator() { before(); }

    c10::DataPtr lend(std::size_t size) const override {
        constexpr std::size_t worth_keeping =
            1 << 16; // bytes; the system's allocator keeps smaller ones itself
        if (!in_use || size < worth_keeping) return before().allocate(size);
        auto block = in_use->take(size);
        if (!block) block = before().allocate(size);
        void *const data = block.get();
        leased().add(data, {in_use, size, std::move(block)});
        return {data, data, &give_back, c10::Device(c10::DeviceType::CPU)};
    }
    static void give_back(void *data) {
        if (auto ended = leased().end(data); ended.store) {
            ended.store->give_back(ended.size, std::move(ended.data));
        } else {
            before().raw_deallocate(data);
        }
    }
};

} // namespace

kept_memory::kept_memory() : store_(std::make_shared<store>()) { allocator::install(); }
void kept_memory::tidy() { store_->tidy(); }

memory_use::memory_use(std::shared_ptr<kept_memory::store> store)
    : before_(std::exchange(in_use, std::move(store))) {}
memory_use::~memory_use() { in_use = std::move(before_); }
std::shared_ptr<kept_memory::store> memory_use::current() { return in_use; }

} // namespace lipt::torch::detail
