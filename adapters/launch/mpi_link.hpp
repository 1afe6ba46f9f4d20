// Messages of any length between the rank that hands out work and those that do it, none of which waits for
// ever: a rank may die at any moment, and Open MPI 4.1 does not tell.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lipt::adapters {

/// What a message is about.
enum class message_kind : std::uint64_t {
    alive,  ///< both ways, each second
    ready,  ///< a rank asks for a worker
    cost,   ///< what a worker took: its NN.json, before its file
    result, ///< a worker's file
    failed, ///< why there is none
    config, ///< config.json
    start,  ///< the file of the weights that workers begin with
    task,   ///< the number of a worker, then its shard's file
    leave,  ///< nobody was lost: finalize
    quit    ///< somebody was: end without another word
};

/// A message that came.
struct message {
    int from = 0;
    message_kind kind{};
    std::string body;
};

/// This process's end of the links to the others. Only point-to-point calls, and none that blocks: what takes
/// longer than `patience` has failed.
class mpi_link {
  public:
    /// `waiting` is called now and then while a message takes its time, and may send by say_alive.
    explicit mpi_link(std::chrono::duration<double> patience, std::function<void()> waiting = {})
        : patience_(patience), waiting_(std::move(waiting)) {}

    /// The next message from a rank, or from any (any_rank), if one has begun to arrive; nothing also where
    /// the rest of it never came, or where it would be longer than `longest` bytes.
    std::optional<message> poll(int from, std::uint64_t longest);
    static const int any_rank;
    /// Whether it was handed over in time.
    bool send(int to, message_kind kind, std::string_view body = {});
    /// Says that this process lives; does not wait.
    void say_alive(int to);

  private:
    std::chrono::duration<double> patience_;
    std::function<void()> waiting_;
};

} // namespace lipt::adapters
