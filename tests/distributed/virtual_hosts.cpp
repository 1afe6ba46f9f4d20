#include "virtual_hosts.hpp"

#include <boost/test/unit_test.hpp>
#include <sched.h>
#include <support/temporary_directory.hpp>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace lipt_test {
namespace {

using words = std::vector<std::string>;

void must(const words &command) {
    const auto done = lipt::adapters::run_program(command, std::chrono::seconds(20));
    BOOST_REQUIRE_MESSAGE(done.end.good(), command[0] << " " << done.end.words() << ": " << done.err);
}

std::string link_of(std::size_t host) { return "to-" + virtual_hosts::name(host); }

} // namespace

void run_as_root() {
    if (::geteuid() == 0) return;
    const auto line = content_of("/proc/self/cmdline"); // arguments, each with a zero after it
    words command{"sudo", "-n", std::filesystem::read_symlink("/proc/self/exe").string()};
    for (std::size_t at = line.find('\0') + 1; at < line.size(); at = line.find('\0', at) + 1)
        command.emplace_back(line.c_str() + at);
    std::vector<char *> argv;
    for (auto &word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv.front(), argv.data());
    BOOST_FAIL("networks of their own need root, and sudo cannot be started: " << std::strerror(errno));
}

virtual_hosts::virtual_hosts(std::size_t count, const std::filesystem::path &log) {
    BOOST_REQUIRE_MESSAGE(::unshare(CLONE_NEWNET | CLONE_NEWUTS) == 0,
                          "no network namespaces: " << std::strerror(errno));
    BOOST_REQUIRE(::sethostname("head", 4) == 0);
    must({"ip", "link", "set", "lo", "up"});
    must({"ip", "link", "add", "bridge", "type", "bridge"});
    must({"ip", "address", "add", head_address() + "/24", "dev", "bridge"});
    must({"ip", "link", "set", "bridge", "up"});
    for (std::size_t host = 0; host < count; ++host) {
        const auto ready = log.parent_path() / (name(host) + ".up");
        holders_.emplace_back(words{"unshare", "--net", "--uts", "sh", "-c",
                                    "hostname \"$1\" && : >\"$2\" && exec sleep infinity", "sh", name(host),
                                    ready.string()},
                              log);
        for (int tries = 0; !std::filesystem::exists(ready); ++tries) {
            BOOST_REQUIRE_MESSAGE(tries < 1000, "no host: " << content_of(log));
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        const auto inside = enter(host);
        const auto at_host = [&](const words &command) {
            words all = inside;
            all.insert(all.end(), command.begin(), command.end());
            must(all);
        };
        must({"ip", "link", "add", link_of(host), "type", "veth", "peer", "name", "net0", "netns",
              std::to_string(holders_.back().pid())});
        must({"ip", "link", "set", link_of(host), "master", "bridge", "up"});
        at_host({"ip", "link", "set", "lo", "up"});
        at_host({"ip", "address", "add", address(host) + "/24", "dev", "net0"});
        at_host({"ip", "link", "set", "net0", "up"});
    }
}

std::vector<std::string> virtual_hosts::enter(std::size_t host) const {
    return {"nsenter", "--target", std::to_string(holders_.at(host).pid()), "--net", "--uts", "--"};
}

void virtual_hosts::cut(std::size_t host) const { must({"ip", "link", "set", link_of(host), "down"}); }

void virtual_hosts::join(std::size_t host) const { must({"ip", "link", "set", link_of(host), "up"}); }

} // namespace lipt_test
