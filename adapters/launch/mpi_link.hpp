// Messages of any length between the rank that hands out work and those that do it. Nothing here waits: a
// rank may die at any moment, and Open MPI 4.1 does not tell.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace lipt::adapters {

/// What a message is about.
enum class message_kind : std::uint64_t {
    alive,  ///< both ways, each second
    ready,  ///< a rank asks for a worker
    cost,   ///< what a worker took: its NN.json, before its file
    result, ///< a worker's file
    failed, ///< why there is none
    late,   ///< the same where it took too long
    config, ///< config.json
    start,  ///< the file of the weights that workers begin with
    task,   ///< the number of a worker, then its shard's file
    leave,  ///< nobody was lost: finalize
    quit,   ///< somebody was: end without another word
    broken  ///< not sent: what came is no whole message, as the body says
};

/// A message that came.
struct message {
    int from = 0;
    message_kind kind{};
    std::string body;
};

/// This process's end of the links to the others: point-to-point calls alone, none of which blocks.
class mpi_link {
  public:
    /// What travels: kept until MPI no longer reads it, for ever where the other side died.
    using content = std::shared_ptr<const std::string>;

    /// patience: between two pieces of a message, of a MiB each; longest: bytes that a message may have
    mpi_link(std::chrono::duration<double> patience, std::uint64_t longest);
    mpi_link(const mpi_link &) = delete;
    mpi_link &operator=(const mpi_link &) = delete;
    /// Leaves what has not gone to itself: to cancel may block.
    ~mpi_link();

    /// The next message that has come whole, in the order in which its rank sent it, but for those that say
    /// it is alive, which overtake. One that is longer or shorter than it should be, or does not go on, comes
    /// as `broken`; what its rank sends after that has no meaning.
    std::optional<message> poll();
    /// Hands a message over, to be sent meanwhile.
    void post(int to, message_kind kind, content body = {});
    void post(int to, message_kind kind, std::string body);
    /// Whether something handed over for this rank has yet to go.
    bool sending(int to);
    /// Says that this process lives.
    static void say_alive(int to);

  private:
    struct outgoing;
    struct incoming;

    void accept();
    static void receive(incoming &coming);

    std::chrono::duration<double> patience_;
    std::uint64_t longest_;
    std::list<std::unique_ptr<outgoing>> outgoing_;
    std::deque<std::unique_ptr<incoming>> incoming_; ///< in the order of their heads
};

} // namespace lipt::adapters
