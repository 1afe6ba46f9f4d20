// A Slurm of its own for a test: two virtual nodes on the loopback interface, everything in one directory.
#pragma once

#include <lipt/adapters/launch/child.hpp>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lipt_test {

/// Starts munged, slurmctld and two slurmd as children of the test, with a key, ports and files of their own,
/// and lets Slurm's programs find them (SLURM_CONF). When it goes, all of them and all that they started are
/// ended; it fails the test where something stays.
class private_slurm {
  public:
    static constexpr std::size_t nodes = 2;

    explicit private_slurm(const std::filesystem::path &folder);
    private_slurm(const private_slurm &) = delete;
    private_slurm &operator=(const private_slurm &) = delete;
    ~private_slurm();

    /// Ends the controller with SIGKILL; jobs go on.
    void kill_controller();
    /// Starts the controller; it goes on from its saved state.
    void start_controller();
    /// Ends a node's daemon and all that runs there with SIGKILL, as a power failure would.
    void kill_node(std::size_t node);
    void start_node(std::size_t node);

    /// What one of Slurm's programs prints.
    static std::string ask(const std::vector<std::string> &command);
    /// Waits until every node is up, and gives back to use those that Slurm has drained: it does so to a node
    /// that runs jobs which a controller that died had not saved. Fails the test where that does not happen.
    void wait_for_nodes() const;
    /// Cancels all jobs and waits until every node is up and idle.
    void clear() const;

  private:
    void write_config();
    void start_munge();
    std::string node_name(std::size_t node) const { return "node" + std::to_string(node + 1); }

    std::filesystem::path folder_;
    std::optional<lipt::adapters::child_process> munge_, controller_;
    std::array<std::optional<lipt::adapters::child_process>, nodes> daemons_;
    bool begun_ = false;
};

} // namespace lipt_test
