// The threads of one backend.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace lipt::onednn::detail {

/// Runs tasks on a fixed number of threads, at most one a processor; with one, on the caller's alone and
/// without TBB.
class team {
  public:
    explicit team(std::size_t threads);
    team(team &&) noexcept;
    ~team();

    std::size_t threads() const noexcept { return threads_; }
    /// Calls body(task, thread) once for each task below `tasks`; `thread` is below threads() and no two
    /// running calls share it. In the calls oneDNN is single-threaded and denormal numbers are zero.
    void run(std::size_t tasks, const std::function<void(std::size_t task, std::size_t thread)> &body);

  private:
    struct arena;
    std::size_t threads_;
    std::unique_ptr<arena> arena_;
};

} // namespace lipt::onednn::detail
