#include <lipt/adapters/launch/attempts.hpp>
#include <lipt/adapters/launch/child.hpp>
#include <lipt/adapters/launch/mpi_link.hpp>
#include <lipt/adapters/launch/mpi_ranks.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/directory_lock.hpp>
#include <lipt/adapters/store/inside.hpp>
#include <lipt/adapters/store/mapped_file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// A directory of its own, removed with all it holds.
class own_directory {
  public:
    own_directory() {
        remove_left();
        auto name = (fs::temp_directory_path() / ("lipt-rank-" + std::string(6, 'X'))).string();
        require(::mkdtemp(name.data()) != nullptr, "R04", "mpi: cannot make a directory like ", name, ": ",
                std::generic_category().message(errno));
        path = name;
        lock_ = directory_lock(path);
        for (const char *folder : {"shards", "workers", "launch"}) fs::create_directories(path / folder);
    }
    own_directory(const own_directory &) = delete;
    own_directory &operator=(const own_directory &) = delete;
    ~own_directory() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;

  private:
    /// Removes what this user's ranks that were killed have left: it holds somebody's data.
    static void remove_left() {
        std::error_code ignored;
        for (const auto &entry : fs::directory_iterator(fs::temp_directory_path(), ignored)) {
            struct stat status {};
            const bool rank = entry.path().filename().string().starts_with("lipt-rank-");
            const bool ours = ::lstat(entry.path().c_str(), &status) == 0 && status.st_uid == ::getuid() &&
                              S_ISDIR(status.st_mode);
            if (rank && ours && is_left(entry.path())) fs::remove_all(entry.path(), ignored);
        }
    }

    /// Whether nobody holds its lock, which may be a rank of another container or host.
    static bool is_left(const fs::path &directory) {
        const int file = ::open((directory / ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        const bool left = file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0;
        if (file >= 0) ::close(file);
        return left;
    }

    directory_lock lock_;
};

/// Set by SIGTERM: what this rank holds goes with it.
volatile std::sig_atomic_t terminated = 0;

class rank {
  public:
    explicit rank(const rank_options &options)
        : options_(options),
          link_(std::chrono::duration<double>(options.silence_s), longest), start_{.program = options.program,
                                                                                   .run = here_.path} {
        std::signal(SIGTERM, [](int) { terminated = 1; });
    }

    bool run() {
        heard_ = clock::now();
        link_.post(0, message_kind::ready);
        while (terminated == 0) {
            while (const auto got = link_.poll()) {
                heard_ = clock::now();
                if (got->kind == message_kind::leave || got->kind == message_kind::quit)
                    return got->kind == message_kind::leave;
                if (got->kind == message_kind::broken) return false;
                take(*got);
            }
            if (seconds_since(heard_) > 2 * options_.silence_s) return false;
            if (seconds_since(said_) >= 1) said_ = clock::now(), link_.say_alive(0);
            if (child_ && look()) link_.post(0, message_kind::ready);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        return false;
    }

  private:
    static constexpr std::uint64_t longest = std::uint64_t{1} << 36; // more than any model and shard

    static double seconds_since(clock::time_point then) {
        return std::chrono::duration<double>(clock::now() - then).count();
    }

    /// What goes wrong here is told, for this host's user is elsewhere.
    void take(const message &got) {
        try {
            if (got.kind == message_kind::config) write_file(here_.path / "config.json", got.body);
            if (got.kind == message_kind::start) write_file(here_.path / options_.start.filename(), got.body);
            if (got.kind == message_kind::task) begin(got.body);
        } catch (const error &failure) {
            if (unfit_.empty()) unfit_ = failure.what();
            if (got.kind != message_kind::task) return; // the task is on its way
            link_.post(0, message_kind::failed, std::exchange(unfit_, {}));
            link_.post(0, message_kind::ready);
        }
    }

    void begin(const std::string &task) {
        std::uint64_t number = 0;
        require(task.size() >= sizeof number, "R03", "mpi: a task of ", task.size(),
                " bytes names no worker");
        std::memcpy(&number, task.data(), sizeof number);
        worker_ = number;
        write_file(shard(), std::string_view(task).substr(sizeof number));
        begun_ = clock::now();
        log_begin_ = length_of(start_.log(worker_));
        child_.emplace(start_.command(worker_), start_.log(worker_));
    }

    fs::path shard() const { return here_.path / "shards" / fmt::format("{:02}.safetensors", worker_); }
    std::string upload() const { return fmt::format("workers/{:02}.safetensors", worker_); }

    /// Whether the worker has ended; then what came of it is on its way.
    bool look() {
        if (const auto end = child_->poll()) {
            child_.reset();
            const auto said = last_words(start_.log(worker_), log_begin_);
            if (end->good()) {
                deliver();
            } else {
                link_.post(0, message_kind::failed,
                           "its process " + end->words() + (said.empty() ? "" : ": " + said));
            }
        } else if (options_.time_limit_s > 0 && seconds_since(begun_) > options_.time_limit_s) {
            child_.reset();
            link_.post(
                0, message_kind::late,
                fmt::format("its process was ended after its time limit of {} s", options_.time_limit_s));
        } else {
            return false;
        }
        std::error_code ignored;
        fs::remove(shard(), ignored);
        return true;
    }

    void deliver() {
        const auto path = here_.path / upload();
        try {
            auto content = content_of(path), cost = fs::exists(cost_file()) ? content_of(cost_file()) : "";
            place(content, cost);
            if (!cost.empty()) link_.post(0, message_kind::cost, std::move(cost));
            link_.post(0, message_kind::result, std::move(content));
        } catch (const error &failure) {
            link_.post(0, message_kind::failed, text("its process left no upload: ", failure.what()));
        }
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
    std::string unfit_; ///< why no worker can be begun here
};

} // namespace

bool take_work(const rank_options &options) { return rank(options).run(); }

} // namespace lipt::adapters
