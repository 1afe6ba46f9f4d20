#include <lipt/adapters/launch/child.hpp>
#include <lipt/adapters/launch/mpi_driver.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/run_json.hpp>

#include <fmt/format.h>

#include <csignal>
#include <map>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::chrono::seconds grace{5}; // for mpirun to return by itself, and then to return at SIGTERM

/// One mpirun and what is known of it.
class mpi_run {
  public:
    mpi_run(const mpi_options &options, std::span<const std::size_t> workers, deadline end)
        : options_(options), workers_(workers), end_(end), arrived_(options.start.run, workers),
          folder_(options.start.folder()), log_(inside(options.start.run, "launch/mpi.log")) {
        for (const char *name : {"mpi.json", "mpi.alive"}) fs::remove(folder_ / name);
    }

    std::vector<std::string> run() {
        log_begin_ = length_of(log_);
        // At SIGTERM it has its ranks remove what they hold; SIGKILL would leave that on every host.
        child_process mpirun(command(), log_, SIGTERM);
        heard_ = clock::now();
        while (!mpirun.poll()) {
            const auto count = arrived_.count();
            if (options_.start.delivered) options_.start.delivered(count);
            if (reported() || silent() || (end_ && clock::now() > *end_ + grace)) {
                end(mpirun);
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        arrived_.count();
        return results(mpirun.poll().value_or(child_end{}));
    }

  private:
    std::vector<std::string> command() const {
        std::vector<std::string> words{"mpirun"};
        words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
        std::string list;
        for (const auto worker : workers_) list += fmt::format("{}{}", list.empty() ? "" : ",", worker);
        const double left = end_ ? std::chrono::duration<double>(*end_ - clock::now()).count() : 0;
        const auto &start = options_.start;
        words.insert(words.end(), {"-n", std::to_string(std::min(options_.slots, workers_.size()) + 1),
                                   options_.ranks.string(), "--run", start.run.string(), "--program",
                                   start.program.string(), "--start",
                                   start_name(workers_.front() / options_.workers_a_round) + ".safetensors",
                                   "--workers", list, "--deadline", fmt::format("{}", std::max(left, 0.0)),
                                   "--time-limit", fmt::format("{}", options_.time_limit_s), "--silence",
                                   fmt::format("{}", options_.silence_s)});
        return words;
    }

    bool reported() const { return fs::exists(folder_ / "mpi.json"); }

    /// The first rank writes to a file each second; one that does not has died, or cannot begin.
    bool silent() {
        std::error_code code;
        const auto written = fs::last_write_time(folder_ / "mpi.alive", code);
        if (!code && written != last_written_) last_written_ = written, heard_ = clock::now();
        // Beginning takes longer than answering.
        const double allowed = options_.silence_s * (last_written_ ? 2 : 4);
        return std::chrono::duration<double>(clock::now() - heard_).count() > allowed;
    }

    /// Lets mpirun return, then has it end its ranks, then ends it.
    static void end(child_process &mpirun) {
        for (const int number : {0, SIGTERM}) {
            if (number != 0) mpirun.signal(number);
            const auto until = clock::now() + grace;
            while (!mpirun.poll() && clock::now() < until)
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (mpirun.poll()) return;
        }
        mpirun.signal(SIGKILL);
    }

    std::vector<std::string> results(const child_end &mpirun) {
        std::map<std::size_t, std::string> reasons;
        if (reported()) {
            const auto report = read_json(folder_ / "mpi.json");
            read_fields(folder_ / "mpi.json", [&] {
                for (const auto &one : report.at("failed"))
                    reasons[one.at("worker").get<std::size_t>()] = one.at("reason").get<std::string>();
            });
        }
        std::vector<std::string> failures(workers_.size());
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            if (const auto found = reasons.find(workers_[i]); found != reasons.end()) {
                failures[i] = found->second;
            } else if (!arrived_.came(i)) {
                failures[i] = passed(end_) ? "given up at the deadline"
                                           : "lost with its mpirun, which " + mpirun.words() + ": " +
                                                 last_words(log_, log_begin_, "lipt-mpi: ");
            }
        }
        return failures;
    }

    const mpi_options &options_;
    std::span<const std::size_t> workers_;
    deadline end_;
    arrivals arrived_;
    fs::path folder_, log_;
    std::uintmax_t log_begin_ = 0;
    clock::time_point heard_;
    std::optional<fs::file_time_type> last_written_;
};

} // namespace

attempt in_mpi_ranks(mpi_options options) {
    return [options = std::move(options)](std::span<const std::size_t> workers, deadline end) {
        return mpi_run(options, workers, end).run();
    };
}

} // namespace lipt::adapters
