// Programs that this one starts and ends: by their arguments, never through a shell.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lipt::adapters {

/// How a program ended.
struct child_end {
    bool by_signal = false;
    int code = 0; ///< the exit status, or the signal's number

    bool good() const noexcept { return !by_signal && code == 0; }
    /// "ended with status 1", "was ended by signal 9 (Killed)"
    std::string words() const;
};

/// A started program, in a process group of its own; it is killed when this object goes, and the system sends
/// it a signal where this process ends first.
class child_process {
  public:
    /// Starts argv[0], a path or a name looked for in PATH; what it prints is appended to the log. orphaned:
    /// the signal that it is sent where this process ends first errors: J01 it cannot be started, or the log
    /// not be written: a link, a pipe, or of two names
    child_process(const std::vector<std::string> &argv, const std::filesystem::path &log,
                  int orphaned = SIGKILL);
    child_process(child_process &&other) noexcept;
    child_process &operator=(child_process &&other) noexcept;
    ~child_process();

    /// How it ended; nothing while it runs. Does not wait.
    std::optional<child_end> poll();
    /// Ends its whole group with a signal and, where it is SIGKILL, waits for the program itself.
    void signal(int number);
    pid_t pid() const noexcept { return pid_; }

  private:
    friend struct started_pair;
    child_process(const std::vector<std::string> &argv, int out, int err, int orphaned);

    pid_t pid_ = -1;
    std::optional<child_end> end_;
};

/// What a short program printed.
struct program_output {
    child_end end;
    std::string out, err;
};

/// Runs a short program to its end; one that takes longer than the limit is killed.
/// errors: J01 as child_process
program_output run_program(const std::vector<std::string> &argv, std::chrono::seconds limit);

} // namespace lipt::adapters
