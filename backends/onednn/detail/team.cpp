#include "team.hpp"

#include "convolution.hpp"

#include <lipt/backends/onednn/threads.hpp>

#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#if defined(__SSE__)
#include <immintrin.h>
#endif

namespace lipt::onednn::detail {
namespace {

/// Numbers below 1e-38 slow every processor down by far more than they are worth; zero for its lifetime.
class flushed_denormals {
  public:
#if defined(__SSE__)
    flushed_denormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }
    ~flushed_denormals() { _mm_setcsr(before_); }
#else
    flushed_denormals() = default;
#endif
    flushed_denormals(const flushed_denormals &) = delete;
    flushed_denormals &operator=(const flushed_denormals &) = delete;

  private:
    [[maybe_unused]] unsigned before_ = 0;
};

} // namespace

struct team::arena {
    tbb::task_arena threads;
};

team::team(std::size_t threads) : threads_(usable_threads(threads)) {
    if (threads_ > 1) arena_ = std::make_unique<arena>(arena{tbb::task_arena(static_cast<int>(threads_))});
}
team::team(team &&) noexcept = default;
team::~team() = default;

void team::run(std::size_t tasks, const std::function<void(std::size_t, std::size_t)> &body) {
    const auto guarded = [&](std::size_t begin, std::size_t end, std::size_t thread) {
        const single_threaded openmp;
        const flushed_denormals denormals;
        for (auto task = begin; task < end; ++task) body(task, thread);
    };
    if (threads_ == 1 || tasks == 1) {
        guarded(0, tasks, 0);
        return;
    }
    arena_->threads.execute([&] {
        tbb::parallel_for(
            tbb::blocked_range<std::size_t>(0, tasks),
            [&](const tbb::blocked_range<std::size_t> &range) {
                guarded(range.begin(), range.end(),
                        static_cast<std::size_t>(tbb::this_task_arena::current_thread_index()));
            },
            tbb::simple_partitioner());
    });
}

} // namespace lipt::onednn::detail
