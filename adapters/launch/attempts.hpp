// What launchers that start workers elsewhere have in common: attempts, a deadline, where logs are.
#pragma once

#include <lipt/run/context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lipt::adapters {

/// When workers that have not delivered are given up; nothing: never.
using deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Whether it has passed.
inline bool passed(const deadline &end) { return end && std::chrono::steady_clock::now() >= *end; }

/// Has these workers do their work once; returns what went wrong with each, empty where nothing did.
using attempt = std::function<std::vector<std::string>(std::span<const std::size_t> workers, deadline end)>;

/// A launcher that tries each worker once and those that failed again up to `retries` times, before the
/// deadline. units: seconds from the launch; 0: no deadline
launcher with_retries(attempt once, std::size_t retries, double seconds);

/// What every start of a worker needs. program: called as `program worker --run DIR --worker N`
struct worker_start {
    std::filesystem::path program;
    std::filesystem::path run;                      ///< absolute
    std::function<void(std::size_t)> delivered{};   ///< told how many have come so far; may be empty
    std::function<void(const std::string &)> say{}; ///< told what a user should know; may be empty

    std::vector<std::string> command(std::size_t worker) const;
    /// The folder of logs and scripts in the run directory; made where it is not there. errors: R04, R12
    std::filesystem::path folder() const;
    std::filesystem::path log(std::size_t worker) const;
    void tell(const std::string &what) const {
        if (say) say(what);
    }
};

/// Bytes of a log so far; 0 where there is none.
std::uintmax_t length_of(const std::filesystem::path &log);

/// The last line of a log that says something, of those from that byte on, as a sentence_of; empty where
/// there is none. A line that begins with `wanted` goes before all others.
std::string last_words(const std::filesystem::path &log, std::uintmax_t from = 0,
                       std::string_view wanted = {});

/// Whether workers' files have come since this object was made: a file under its name is not enough, since a
/// damaged one may lie there from before.
class arrivals {
  public:
    arrivals(const std::filesystem::path &run, std::span<const std::size_t> workers);

    /// How many have come. cost: one look at each file that has not
    std::size_t count();
    /// Whether the worker at this position has.
    bool came(std::size_t position);

  private:
    struct watched {
        std::filesystem::path path;
        std::string before; ///< what tells the file that was there from another
        bool came = false;
    };
    std::vector<watched> files_;
};

} // namespace lipt::adapters
