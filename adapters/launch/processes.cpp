#include <lipt/adapters/launch/child.hpp>
#include <lipt/adapters/launch/processes.hpp>

#include <fmt/format.h>

#include <csignal>
#include <iterator>
#include <list>
#include <thread>
#include <utility>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;

/// One attempt in the making.
class process_pool {
  public:
    process_pool(const process_options &options, std::span<const std::size_t> workers, deadline end)
        : options_(options), workers_(workers), end_(end), arrived_(options.start.run, workers),
          failures_(workers.size()) {
        options_.start.folder();
    }

    std::vector<std::string> run() {
        while (next_ < workers_.size() || !running_.empty()) {
            if (passed(end_)) {
                give_up();
                break;
            }
            while (running_.size() < options_.slots && next_ < workers_.size()) start(next_++);
            for (auto process = running_.begin(); process != running_.end();)
                process = settled(*process) ? running_.erase(process) : std::next(process);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return std::move(failures_);
    }

  private:
    struct one {
        std::size_t position;
        child_process child;
        clock::time_point begun;
        std::uintmax_t log_begin; ///< what its log already held
    };

    void start(std::size_t position) {
        const auto worker = workers_[position];
        const auto log = options_.start.log(worker);
        const auto log_begin = length_of(log);
        running_.push_back(
            {position, child_process(options_.start.command(worker), log), clock::now(), log_begin});
    }

    bool settled(one &process) {
        const std::chrono::duration<double> taken = clock::now() - process.begun;
        auto &failure = failures_[process.position];
        if (const auto end = process.child.poll()) {
            if (!end->good())
                failure = sentence(process, end->words());
            else if (!arrived_.came(process.position))
                failure = sentence(process, "left no upload");
            else if (options_.start.delivered)
                options_.start.delivered(++done_);
            return true;
        }
        if (options_.time_limit_s == 0 || taken.count() < options_.time_limit_s) return false;
        process.child.signal(SIGKILL);
        failure =
            sentence(process, fmt::format("was ended after its time limit of {} s", options_.time_limit_s));
        return true;
    }

    void give_up() {
        for (auto &process : running_) {
            process.child.signal(SIGKILL);
            failures_[process.position] = "given up at the deadline, while it ran";
        }
        for (; next_ < workers_.size(); ++next_)
            failures_[next_] = "given up at the deadline, before it could begin";
        running_.clear();
    }

    std::string sentence(const one &process, const std::string &what) const {
        const auto said = last_words(options_.start.log(workers_[process.position]), process.log_begin);
        return "its process " + what + (said.empty() ? "" : ": " + said);
    }

    const process_options &options_;
    std::span<const std::size_t> workers_;
    deadline end_;
    arrivals arrived_;
    std::vector<std::string> failures_;
    std::list<one> running_;
    std::size_t next_ = 0, done_ = 0;
};

} // namespace

attempt in_processes(process_options options) {
    return [options = std::move(options)](std::span<const std::size_t> workers, deadline end) {
        return process_pool(options, workers, end).run();
    };
}

} // namespace lipt::adapters
