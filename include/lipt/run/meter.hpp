// Time that a stage takes: wall and processor, with pauses for what is not the stage's work.
#pragma once

#include <lipt/run/costs.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

namespace lipt {

/// Measures from its making. Whole stages count the process's processor time, workers their own thread's,
/// since they run side by side.
class meter {
  public:
    enum class scope : std::uint8_t { process, thread };

    explicit meter(scope of = scope::process) : scope_(of) { resume(); }

    /// Stops the clock, e.g. while the test set is scored.
    void pause() {
        wall_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start_).count();
        cpu_ += cpu_now() - cpu_start_;
    }
    /// Lets the clock run again.
    void resume() {
        wall_start_ = std::chrono::steady_clock::now();
        cpu_start_ = cpu_now();
    }
    /// Now, in seconds since 1970.
    static double now_s() {
        return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    }
    /// Adds the time since the making, or since the last call, to a cost; the clock starts anew.
    void charge(stage_cost &cost) {
        pause();
        cost.wall_s += std::exchange(wall_, 0.0);
        cost.cpu_s += std::exchange(cpu_, 0.0);
        resume();
    }

  private:
    double cpu_now() const {
#if defined(CLOCK_THREAD_CPUTIME_ID)
        if (scope_ == scope::thread) {
            timespec now{};
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
            return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
        }
#endif
        return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    }

    scope scope_;
    std::chrono::steady_clock::time_point wall_start_;
    double cpu_start_ = 0, wall_ = 0, cpu_ = 0;
};

} // namespace lipt
