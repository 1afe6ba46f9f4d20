// Hosts on one machine for a test: each with a network and a name of its own, joined by a bridge.
#pragma once

#include <lipt/adapters/launch/child.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace lipt_test {

/// Starts this program anew by sudo where it is not root; to be called before anything is made.
void run_as_root();

/// Puts the test's process itself into a network of its own, as the head, with a bridge to `count` hosts,
/// each of which has its own network namespace and host name. Files and processes are those of the machine.
/// No packet leaves: there is no route out. Needs root (see run_as_root).
class virtual_hosts {
  public:
    virtual_hosts(std::size_t count, const std::filesystem::path &log);

    std::size_t count() const noexcept { return holders_.size(); }
    static std::string head_address() { return "10.77.0.1"; }
    static std::string name(std::size_t host) { return "host" + std::to_string(host + 1); }
    static std::string address(std::size_t host) { return "10.77.0." + std::to_string(host + 11); }
    /// What runs a program there, in front of its arguments.
    std::vector<std::string> enter(std::size_t host) const;

    /// Pulls its plug: the host goes on, nobody reaches it.
    void cut(std::size_t host) const;
    void join(std::size_t host) const;

  private:
    std::vector<lipt::adapters::child_process> holders_; ///< keep the namespaces; end with the test
};

} // namespace lipt_test
