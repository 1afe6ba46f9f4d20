// Workers side by side on the threads of one machine.
#pragma once

#include <lipt/pretraining.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace lipt::adapters {

/// A launcher with this many slots: each takes the next task until none is left. A task that throws is
/// reported by its message and harms no other. Tasks use one thread each, so the slots are the whole thread
/// budget.
inline launcher launch_in_threads(std::size_t slots) {
    return [slots](std::size_t count, const std::function<void(std::size_t)> &task) {
        std::vector<std::string> failures(count);
        std::atomic<std::size_t> next{0};
        const auto serve = [&] {
            for (std::size_t i = next++; i < count; i = next++) {
                try {
                    task(i);
                } catch (const std::exception &failure) {
                    failures[i] = failure.what();
                }
            }
        };
        std::vector<std::jthread> threads;
        for (std::size_t s = 1; s < std::min(slots, count); ++s) threads.emplace_back(serve);
        serve();
        threads.clear(); // joins
        return failures;
    };
}

} // namespace lipt::adapters
