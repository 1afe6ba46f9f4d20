// Workers side by side on the threads of one machine.
#pragma once

#include <lipt/run/context.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace lipt::adapters {

/// Runs numbered tasks side by side in threads; returns what went wrong with each, empty where nothing did.
using task_runner =
    std::function<std::vector<std::string>(std::size_t count, const std::function<void(std::size_t)> &task)>;

/// Tasks in this many slots: each takes the next task until none is left. A task that throws is reported by
/// its message and harms no other. Tasks use one thread each, so the slots are the whole thread budget.
inline task_runner launch_in_threads(std::size_t slots) {
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

/// The launcher of workers in threads of this process.
inline launcher workers_in_threads(std::size_t slots) {
    return [slots](std::span<const std::size_t> workers, const std::function<void(std::size_t)> &work) {
        return launch_in_threads(slots)(workers.size(), [&](std::size_t i) { work(workers[i]); });
    };
}

} // namespace lipt::adapters
