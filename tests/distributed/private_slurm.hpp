// A Slurm of its own for a test: everything in one directory, on the loopback interface or on virtual hosts.
#pragma once

#include <lipt/adapters/launch/child.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lipt_test {

/// A node of a private Slurm: what slurm.conf says of it, and what runs a program there.
struct slurm_node {
    std::string name, address, host;
    int port = 0;
    std::size_t processors = 2;
    std::vector<std::string> enter{}; ///< in front of its daemon's command
};

/// Where the daemons of a private Slurm are.
struct slurm_site {
    std::string controller; ///< as SlurmctldHost takes it
    int port = 0;
    std::vector<slurm_node> nodes;
    std::string more; ///< further lines of slurm.conf
};

/// Two virtual nodes of two processors each on the loopback interface, on ports that are free.
slurm_site loopback_site();

/// Starts munged, slurmctld and a slurmd a node as children of the test, with a key and files of their own,
/// and lets Slurm's programs find them (SLURM_CONF). When it goes, all of them and all that they started are
/// ended; it fails the test where something stays.
class private_slurm {
  public:
    private_slurm(const std::filesystem::path &folder, slurm_site site);
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

    std::filesystem::path folder_;
    slurm_site site_;
    std::optional<lipt::adapters::child_process> munge_, controller_;
    std::vector<std::optional<lipt::adapters::child_process>> daemons_;
    bool begun_ = false;
};

} // namespace lipt_test
