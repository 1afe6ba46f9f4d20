// Workers by Slurm on hosts with networks of their own, of which one dies and one is cut off.
#include "slurm_case.hpp"
#include "virtual_hosts.hpp"

#include <map>
#include <sstream>

using namespace lipt_test;

BOOST_AUTO_TEST_SUITE(network)

namespace {

/// A node with room for all workers on each host; they are spread over the hosts.
slurm_site site_on(const virtual_hosts &hosts) {
    constexpr int port = 6818;
    slurm_site site{.controller = "head(" + virtual_hosts::head_address() + ")",
                    .port = port - 1,
                    .more = "SelectTypeParameters=CR_CPU,CR_LLN\n"};
    for (std::size_t host = 0; host < hosts.count(); ++host) {
        site.nodes.push_back({.name = virtual_hosts::name(host),
                              .address = virtual_hosts::address(host),
                              .host = virtual_hosts::name(host),
                              .port = port,
                              .processors = 4,
                              .enter = hosts.enter(host)});
    }
    return site;
}

/// The workers that Slurm has running, a node.
std::map<std::string, std::string> running() {
    std::istringstream lines(
        private_slurm::ask({"squeue", "--noheader", "--array", "--states=running", "--format=%N %K"}));
    std::map<std::string, std::string> at;
    for (std::string node, worker; lines >> node >> worker;) at[node] += worker;
    return at;
}

struct rights {
    rights() { run_as_root(); }
};

struct three_hosts {
    rights root; ///< first of all
    whole_run whole;
    virtual_hosts hosts{3, whole.folder / "hosts.log"};
    private_slurm slurm{whole.folder.path(), site_on(hosts)};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(one_host_dies_and_one_is_cut_off_and_comes_back, three_hosts) {
    slurm_case one(whole, slurm);
    one.all_wait();
    started_program driver(one.folder, one.command());
    one.wait_until([&] { return one.started() == "0123" && running().size() == 3; }, "workers on every host");
    const auto before = running();
    const auto dead = before.at(virtual_hosts::name(1)), away = before.at(virtual_hosts::name(2));
    hosts.cut(1);
    slurm.kill_node(1);
    hosts.cut(2);
    // Theirs start again on the host that is left, while those of the one that is cut off go on.
    std::string expected = "0123" + dead + away;
    std::sort(expected.begin(), expected.end());
    one.wait_until([&] { return one.started() == expected; }, "the second start of the lost workers");
    BOOST_TEST(running().at(virtual_hosts::name(0)).size() == 4u);
    hosts.join(2);
    one.go();
    one.check_whole(driver.finish());
    hosts.join(1);
    slurm.start_node(1);
    slurm.wait_for_nodes();
    // Nothing is different with all of them in use again.
    std::filesystem::remove_all(one.path);
    one.check_whole(one.run());
}

BOOST_AUTO_TEST_SUITE_END()
