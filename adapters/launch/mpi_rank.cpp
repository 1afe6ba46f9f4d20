#include <lipt/adapters/launch/attempts.hpp>
#include <lipt/adapters/launch/child.hpp>
#include <lipt/adapters/launch/mpi_link.hpp>
#include <lipt/adapters/launch/mpi_ranks.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/mapped_file.hpp>

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// A directory of its own, removed with all it holds.
class own_directory {
  public:
    own_directory() {
        auto name = (fs::temp_directory_path() / ("lipt-rank-" + std::string(6, 'X'))).string();
        require(::mkdtemp(name.data()) != nullptr, "R04", "mpi: cannot make a directory like ", name, ": ",
                std::generic_category().message(errno));
        path = name;
        for (const char *folder : {"shards", "workers", "launch"}) fs::create_directories(path / folder);
    }
    own_directory(const own_directory &) = delete;
    own_directory &operator=(const own_directory &) = delete;
    ~own_directory() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

class rank {
  public:
    explicit rank(const rank_options &options)
        : options_(options),
          link_(std::chrono::duration<double>(options.silence_s)), start_{.program = options.program,
                                                                          .run = here_.path} {}

    bool run() {
        heard_ = clock::now();
        bool ready = link_.send(0, message_kind::ready);
        while (ready) {
            constexpr std::uint64_t longest = std::uint64_t{1} << 36; // more than any model and shard
            while (const auto got = link_.poll(0, longest)) {
                heard_ = clock::now();
                if (got->kind == message_kind::leave || got->kind == message_kind::quit)
                    return got->kind == message_kind::leave;
                take(*got);
            }
            if (seconds_since(heard_) > 2 * options_.silence_s) return false;
            if (seconds_since(said_) >= 1) said_ = clock::now(), link_.say_alive(0);
            if (child_ && look()) ready = link_.send(0, message_kind::ready);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        return false;
    }

  private:
    static double seconds_since(clock::time_point then) {
        return std::chrono::duration<double>(clock::now() - then).count();
    }

    void take(const message &got) {
        if (got.kind == message_kind::config) write_file(here_.path / "config.json", got.body);
        if (got.kind == message_kind::start) write_file(here_.path / options_.start.filename(), got.body);
        std::uint64_t number = 0;
        if (got.kind != message_kind::task || got.body.size() < sizeof number) return;
        std::memcpy(&number, got.body.data(), sizeof number);
        worker_ = number;
        write_file(shard(), std::string_view(got.body).substr(sizeof number));
        begun_ = clock::now();
        log_begin_ = length_of(start_.log(worker_));
        child_.emplace(start_.command(worker_), start_.log(worker_));
    }

    fs::path shard() const { return here_.path / "shards" / fmt::format("{:02}.safetensors", worker_); }
    std::string upload() const { return fmt::format("workers/{:02}.safetensors", worker_); }

    /// Whether the worker has ended; then what came of it is on its way.
    bool look() {
        std::string reason;
        if (const auto end = child_->poll()) {
            const auto said = last_words(start_.log(worker_), log_begin_);
            if (!end->good()) reason = "its process " + end->words() + (said.empty() ? "" : ": " + said);
        } else if (options_.time_limit_s > 0 && seconds_since(begun_) > options_.time_limit_s) {
            reason = fmt::format("its process was ended after its time limit of {} s", options_.time_limit_s);
        } else {
            return false;
        }
        child_.reset();
        deliver(reason);
        std::error_code ignored;
        fs::remove(shard(), ignored);
        return true;
    }

    void deliver(const std::string &reason) {
        const auto path = here_.path / upload();
        if (!reason.empty() || !fs::exists(path)) {
            link_.send(0, message_kind::failed, reason.empty() ? "its process left no upload" : reason);
            return;
        }
        const auto content = content_of(path);
        const auto cost = fs::exists(cost_file()) ? content_of(cost_file()) : "";
        place(content, cost);
        if (!cost.empty()) link_.send(0, message_kind::cost, cost);
        link_.send(0, message_kind::result, content);
        std::error_code ignored;
        for (const auto &done : {path, cost_file()}) fs::remove(done, ignored);
    }

    fs::path cost_file() const { return here_.path / "workers" / fmt::format("{:02}.json", worker_); }

    static std::string content_of(const fs::path &path) {
        const mapped_file file(path);
        return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
    }

    /// Where this host sees the run directory, the work is safe even if the first rank dies.
    void place(const std::string &content, const std::string &cost) const {
        try {
            const mapped_file there(options_.run / "config.json"), here(here_.path / "config.json");
            if (std::equal(there.bytes().begin(), there.bytes().end(), here.bytes().begin(),
                           here.bytes().end())) {
                if (!cost.empty())
                    write_file(inside(options_.run, fmt::format("workers/{:02}.json", worker_)), cost);
                write_file(inside(options_.run, upload()), content);
            }
        } catch (const error &) {
            // It is sent in any case.
        }
    }

    const rank_options &options_;
    own_directory here_;
    mpi_link link_;
    worker_start start_;
    std::size_t worker_ = 0;
    std::optional<child_process> child_;
    clock::time_point heard_, said_, begun_;
    std::uintmax_t log_begin_ = 0;
};

} // namespace

bool take_work(const rank_options &options) { return rank(options).run(); }

} // namespace lipt::adapters
