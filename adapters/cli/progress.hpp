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
    /// `done` of `of` steps of a stage: on a terminal a bar, drawn at most ten times a second; elsewhere a
    /// line where there was none for ten seconds.
    void step(std::string_view stage, std::size_t done, std::size_t of);
    /// A line for an epoch that was scored; others only move the bar, or break a silence.
    void epoch(std::string_view stage, const epoch_record &epoch, std::size_t of);

    /// The callbacks of a run directory that show here; this object must outlive them.
    run_observer observer();

  private:
    void clear();
    void print(const std::string &text);
    void draw(std::string_view stage, std::size_t done, std::size_t of);

    std::mutex mutex_;
    bool terminal_;
    bool drawn_ = false;
    std::string epoch_text_;
    std::chrono::steady_clock::time_point last_drawn_{}, last_line_;
};

} // namespace lipt::adapters
