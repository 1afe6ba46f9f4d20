#include <lipt/adapters/arrays/processors.hpp>
#include <lipt/error.hpp>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace lipt::arrays {
namespace {

/// The process in which threads were at work first; 0: none yet.
std::atomic<pid_t> &process_of_threads() noexcept {
    static std::atomic<pid_t> process{0};
    return process;
}

/// The folder of this process's control group (version 2), or "".
std::string control_group() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
    }
    return "";
}

/// Processors' worth of time that the group's quota allows, or as many as given where there is none.
std::size_t within_quota(std::size_t processors) {
    for (auto folder = control_group(); folder.size() >= std::string("/sys/fs/cgroup").size();) {
        std::ifstream file(folder + "/cpu.max");
        double quota = 0, period = 0;
        if (file >> quota >> period && period > 0 && quota > 0)
            processors =
                std::min(processors, static_cast<std::size_t>(std::max(1.0, std::ceil(quota / period))));
        const auto slash = folder.rfind('/');
        if (slash == std::string::npos) break;
        folder.resize(slash);
    }
    return processors;
}

} // namespace

std::size_t usable_processors() {
    std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        processors = static_cast<std::size_t>(std::max(1, CPU_COUNT(&allowed)));
    return within_quota(processors);
}

bool lost_threads() noexcept {
    const auto process = process_of_threads().load();
    return process != 0 && process != ::getpid();
}

std::size_t threads_to_use(std::size_t asked) {
    constexpr std::size_t most = 1024;
    require(asked <= most, "U12", "arrays: threads is ", asked, ", expected 0, for all processors, to ",
            most);
    if (lost_threads()) return 1;
    const std::size_t threads = asked > 0 ? asked : usable_processors();
    if (threads > 1) process_of_threads().store(::getpid());
    return threads;
}

} // namespace lipt::arrays
