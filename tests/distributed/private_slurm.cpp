#include "private_slurm.hpp"

#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <pwd.h>
#include <support/temporary_directory.hpp>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <set>
#include <thread>
#include <utility>

namespace lipt_test {
namespace {

namespace fs = std::filesystem;
using lipt::adapters::run_program;

/// Looks again and again until it holds, at most a minute.
bool comes_true(const std::function<bool()> &holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < end) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
}

/// Ports that are free now.
std::vector<int> free_ports(std::size_t count) {
    std::vector<int> sockets, ports;
    for (std::size_t i = 0; i < count; ++i) {
        sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t length = sizeof address;
        sockets.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        BOOST_REQUIRE(::bind(sockets.back(), reinterpret_cast<sockaddr *>(&address), length) == 0);
        BOOST_REQUIRE(::getsockname(sockets.back(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
        ports.push_back(ntohs(address.sin_port));
    }
    for (const int one : sockets) ::close(one);
    return ports;
}

struct process_entry {
    pid_t pid = 0, parent = 0;
    bool alive = false; ///< not a zombie
};

std::vector<process_entry> all_processes() {
    std::vector<process_entry> all;
    std::error_code code;
    for (const auto &entry : fs::directory_iterator("/proc", code)) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto line = content_of(entry.path() / "stat");
        const auto rest = line.find_last_of(')'); // a name may hold anything
        char state = 0;
        int parent = 0;
        if (rest == std::string::npos || std::sscanf(line.c_str() + rest + 1, " %c %d", &state, &parent) != 2)
            continue;
        all.push_back({std::stoi(name), parent, state != 'Z'});
    }
    return all;
}

/// The living processes that descend from this one.
std::set<pid_t> descendants() {
    const auto all = all_processes();
    std::set<pid_t> family{::getpid()};
    for (std::size_t before = 0; before != family.size();) {
        before = family.size();
        for (const auto &one : all) {
            if (family.contains(one.parent)) family.insert(one.pid);
        }
    }
    std::set<pid_t> living;
    for (const auto &one : all) {
        if (one.alive && one.pid != ::getpid() && family.contains(one.pid)) living.insert(one.pid);
    }
    return living;
}

pid_t parent_of(pid_t process) {
    for (const auto &one : all_processes()) {
        if (one.pid == process) return one.parent;
    }
    return 0;
}

bool is_step(pid_t process) {
    return content_of("/proc/" + std::to_string(process) + "/cmdline").starts_with("slurmstepd");
}

void reap_all() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

} // namespace

slurm_site loopback_site() {
    constexpr std::size_t nodes = 2;
    const auto ports = free_ports(1 + nodes);
    char host[256] = {};
    BOOST_REQUIRE(::gethostname(host, sizeof host - 1) == 0);
    const std::string whole(host), short_name = whole.substr(0, whole.find('.'));
    slurm_site site{.controller = "localhost(127.0.0.1)",
                    .port = ports[0],
                    .more = "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n"
                            "SelectTypeParameters=CR_CPU\n"};
    for (std::size_t node = 0; node < nodes; ++node) {
        site.nodes.push_back({.name = "node" + std::to_string(node + 1),
                              .address = "127.0.0.1",
                              .host = short_name,
                              .port = ports[1 + node]});
    }
    return site;
}

private_slurm::private_slurm(const fs::path &folder, slurm_site site)
    : folder_(folder / "slurm"), site_(std::move(site)), daemons_(site_.nodes.size()) {
    // What daemons leave behind becomes a child of the test, which can then end it by its number.
    BOOST_REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    fs::create_directories(folder_ / "state");
    // munged wants its socket where everybody may come; jobs of other users do not exist here.
    fs::permissions(folder, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    write_config();
    ::setenv("SLURM_CONF", (folder_ / "slurm.conf").c_str(), 1);
    start_munge();
    start_controller();
    for (std::size_t node = 0; node < site_.nodes.size(); ++node) start_node(node);
    wait_for_nodes();
}

void private_slurm::write_config() {
    const std::string user = ::getpwuid(::getuid())->pw_name, at = folder_.string();
    std::string config = "ClusterName=lipt\nSlurmctldHost=" + site_.controller +
                         "\nSlurmctldPort=" + std::to_string(site_.port) + "\nSlurmUser=" + user +
                         "\nSlurmdUser=" + user;
    config += "\nAuthType=auth/munge\nAuthInfo=socket=" + at +
              "/munge.sock,cred_expire=5\nCredType=cred/munge\nStateSaveLocation=" + at +
              "/state\nSlurmdSpoolDir=" + at + "/spool.%n\nTmpFS=" + at + "/tmp.%n\nSlurmctldPidFile=" + at +
              "/slurmctld.pid\nSlurmdPidFile=" + at + "/slurmd.%n.pid\n";
    // No cgroups and no accounting; quick to schedule, and quick to see that a node is gone.
    config +=
        "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n"
        "AccountingStorageType=accounting_storage/none\nMpiDefault=none\nSwitchType=switch/none\n"
        "SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1\n"
        "SelectType=select/cons_tres\nSlurmdParameters=config_overrides\n"
        "ReturnToService=2\nSlurmdTimeout=5\nMessageTimeout=5\nTCPTimeout=1\nKillWait=2\nMinJobAge=3600\n";
    config += site_.more;
    for (const auto &node : site_.nodes) {
        fs::create_directories(folder_ / ("spool." + node.name));
        fs::create_directories(folder_ / ("tmp." + node.name));
        config += "NodeName=" + node.name + " NodeAddr=" + node.address + " NodeHostname=" + node.host +
                  " Port=" + std::to_string(node.port) + " CPUs=" + std::to_string(node.processors) +
                  " State=UNKNOWN\n";
    }
    config += "PartitionName=lipt Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n";
    std::ofstream(folder_ / "slurm.conf") << config;
    std::ofstream(folder_ / "cgroup.conf") << "CgroupPlugin=cgroup/v1\n";
}

void private_slurm::start_munge() {
    {
        std::ifstream chance("/dev/urandom", std::ios::binary);
        std::string key(128, '\0');
        chance.read(key.data(), static_cast<std::streamsize>(key.size()));
        std::ofstream(folder_ / "munge.key", std::ios::binary) << key;
        fs::permissions(folder_ / "munge.key", fs::perms::owner_read | fs::perms::owner_write);
    }
    const auto file = [&](const char *name) { return (folder_ / name).string(); };
    munge_.emplace(
        std::vector<std::string>{LIPT_MUNGED, "--foreground", "--key-file=" + file("munge.key"),
                                 "--socket=" + file("munge.sock"), "--pid-file=" + file("munged.pid"),
                                 "--log-file=" + file("munged.log"), "--seed-file=" + file("munged.seed")},
        folder_ / "munged.out");
    BOOST_REQUIRE(comes_true([&] {
        return run_program({"munge", "--socket=" + file("munge.sock"), "--no-input", "--output=/dev/null"},
                           std::chrono::seconds(10))
            .end.good();
    }));
}

void private_slurm::start_controller() {
    std::vector<std::string> command{LIPT_SLURMCTLD, "-D", "-f", (folder_ / "slurm.conf").string()};
    if (!std::exchange(begun_, true)) command.insert(command.begin() + 2, "-c"); // forgets what it had saved
    controller_.emplace(command, folder_ / "slurmctld.log");
}

void private_slurm::kill_controller() { controller_.reset(); }

void private_slurm::start_node(std::size_t node) {
    const auto &name = site_.nodes[node].name;
    auto command = site_.nodes[node].enter;
    command.insert(command.end(), {LIPT_SLURMD, "-D", "-f", (folder_ / "slurm.conf").string(), "-N", name});
    daemons_[node].emplace(command, folder_ / ("slurmd." + name + ".log"));
}

void private_slurm::kill_node(std::size_t node) {
    const std::string mark =
        std::string(1, '\0') + "SLURMD_NODENAME=" + site_.nodes[node].name + std::string(1, '\0');
    std::set<pid_t> there;
    for (const auto one : descendants()) {
        if (content_of("/proc/" + std::to_string(one) + "/environ").find(mark) == std::string::npos) continue;
        there.insert(one);
        if (const auto parent = parent_of(one); is_step(parent)) there.insert(parent);
    }
    daemons_[node].reset();
    for (const auto one : there) ::kill(one, SIGKILL);
}

std::string private_slurm::ask(const std::vector<std::string> &command) {
    return run_program(command, std::chrono::seconds(60)).out;
}

void private_slurm::wait_for_nodes() const {
    const bool up = comes_true([this] {
        const auto states = ask({"sinfo", "--noheader", "--Node", "--format=%T"});
        if (states.find("drain") != std::string::npos)
            ask({"scontrol", "update", "NodeName=ALL", "State=RESUME"});
        std::size_t good = 0;
        for (const char *state : {"idle\n", "mixed\n", "allocated\n"}) {
            for (auto at = states.find(state); at != std::string::npos; at = states.find(state, at + 1))
                ++good;
        }
        return good == site_.nodes.size();
    });
    BOOST_REQUIRE_MESSAGE(up, "the nodes did not come up: " << content_of(folder_ / "slurmctld.log"));
}

void private_slurm::clear() const {
    run_program({"scancel", "--user", std::to_string(::getuid())}, std::chrono::seconds(20));
    BOOST_REQUIRE_MESSAGE(comes_true([] {
                              return ask({"squeue", "--noheader"}).empty();
                          }),
                          "jobs are left: " << ask({"squeue"}));
    wait_for_nodes();
}

private_slurm::~private_slurm() {
    // Jobs outlive the daemons that started them.
    run_program({"scancel", "--user", std::to_string(::getuid())}, std::chrono::seconds(20));
    comes_true([] { return ask({"squeue", "--noheader"}).empty(); });
    for (auto &daemon : daemons_) daemon.reset();
    controller_.reset();
    munge_.reset();
    const bool gone = comes_true([] {
        for (const auto one : descendants()) ::kill(one, SIGKILL);
        reap_all();
        return descendants().empty();
    });
    BOOST_TEST(gone, "processes of the test's own Slurm are left");
    ::unsetenv("SLURM_CONF");
}

} // namespace lipt_test
