// What a user sees while the program works: a bar on a terminal, plain lines elsewhere; all of it on stderr.
#pragma once

#include <lipt/adapters/store/run_directory.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace lipt::adapters {

/// Shows the progress of one command; may be called from several threads.
class progress_display {
  public:
    progress_display();
    ~progress_display();

    /// A line of its own, e.g. when a stage begins or is found done.
    void line(const std::string &text);
    /// `done` of `of` steps of a stage; drawn at most ten times a second, and only on a terminal.
    void step(std::string_view stage, std::size_t done, std::size_t of);
    /// One line an epoch of the main training that was scored; other epochs only move the bar.
    void epoch(std::string_view stage, const epoch_record &epoch, std::size_t of);

    /// The callbacks of a run directory that show here; this object must outlive them.
    run_observer observer();

  private:
    void clear();

    std::mutex mutex_;
    bool terminal_;
    bool drawn_ = false;
    std::string epoch_text_;
    std::chrono::steady_clock::time_point last_{};
};

} // namespace lipt::adapters
