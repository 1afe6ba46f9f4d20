#include <lipt/adapters/launch/child.hpp>
#include <lipt/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace lipt::adapters {
namespace {

[[noreturn]] void fail_to_start(const std::string &program, int code) {
    fail("J01", "launch: '", program, "' cannot be started: ", std::generic_category().message(code),
         ": is it installed, and in PATH?");
}

/// A descriptor that is closed when it goes.
class descriptor {
  public:
    explicit descriptor(int number) : number_(number) {}
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int get() const noexcept { return number_; }
    void close() { ::close(std::exchange(number_, -1)); }

  private:
    int number_;
};

/// In the new process, which shares its memory's locks with nobody who could release them: system calls
/// alone.
[[noreturn]] void become(char *const *argv, int out, int err, int report, pid_t parent, int orphaned) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, orphaned);
    int code = 0;
    if (::getppid() != parent) ::_exit(127); // the parent went before it could be watched
    const int in = ::open("/dev/null", O_RDONLY);
    if (::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 && ::dup2(err, STDERR_FILENO) >= 0)
        ::execvp(argv[0], argv);
    code = errno;
    [[maybe_unused]] const auto told = ::write(report, &code, sizeof code);
    ::_exit(127);
}

std::string content_of(int file) {
    std::string content;
    char part[4096];
    ::lseek(file, 0, SEEK_SET);
    for (ssize_t count = 0; (count = ::read(file, part, sizeof part)) > 0;)
        content.append(part, static_cast<std::size_t>(count));
    return content;
}

child_end end_of(int status) {
    if (WIFSIGNALED(status)) return {.by_signal = true, .code = WTERMSIG(status)};
    return {.code = WEXITSTATUS(status)};
}

} // namespace

/// Lets run_program give a program its two outputs.
struct started_pair {
    static child_process start(const std::vector<std::string> &argv, int out, int err) {
        return child_process(argv, out, err, SIGKILL);
    }
};

std::string child_end::words() const {
    if (!by_signal) return text("ended with status ", code);
    return text("was ended by signal ", code, " (", ::strsignal(code), ")");
}

child_process::child_process(const std::vector<std::string> &argv, int out, int err, int orphaned) {
    std::vector<char *> words;
    for (const auto &word : argv) words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail_to_start(argv.front(), errno);
    descriptor read_end(ends[0]), write_end(ends[1]);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(words.data(), out, err, write_end.get(), parent, orphaned);
    if (pid_ < 0) fail_to_start(argv.front(), errno);
    ::setpgid(pid_, pid_); // whoever comes first; signal() needs it
    write_end.close();
    int code = 0;
    // The pipe closes without a word when the program begins.
    if (::read(read_end.get(), &code, sizeof code) == sizeof code) {
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
        fail_to_start(argv.front(), code);
    }
}

child_process::child_process(const std::vector<std::string> &argv, const std::filesystem::path &log,
                             int orphaned) {
    // Without O_NONBLOCK, opening a pipe would wait for a reader before it could be refused.
    const descriptor out(
        ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    require(out.get() >= 0, "J01", "launch: cannot write the log '", log.string(),
            "': ", std::generic_category().message(errno));
    struct stat status {};
    require(::fstat(out.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1, "J01",
            "launch: cannot write the log '", log.string(),
            "': it is no regular file, or one of two names: remove it");
    *this = child_process(argv, out.get(), out.get(), orphaned);
}

child_process::child_process(child_process &&other) noexcept
    : pid_(std::exchange(other.pid_, -1)), end_(other.end_) {}

child_process &child_process::operator=(child_process &&other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(end_, other.end_);
    return *this;
}

child_process::~child_process() { signal(SIGKILL); }

std::optional<child_end> child_process::poll() {
    int status = 0;
    if (pid_ > 0 && !end_ && ::waitpid(pid_, &status, WNOHANG) == pid_) end_ = end_of(status);
    return end_;
}

void child_process::signal(int number) {
    if (pid_ <= 0 || end_) return;
    ::kill(-pid_, number);
    int status = 0;
    if (number == SIGKILL && ::waitpid(pid_, &status, 0) == pid_) end_ = end_of(status);
}

program_output run_program(const std::vector<std::string> &argv, std::chrono::seconds limit) {
    const descriptor out(::memfd_create("out", MFD_CLOEXEC)), err(::memfd_create("err", MFD_CLOEXEC));
    auto child = started_pair::start(argv, out.get(), err.get());
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!child.poll()) {
        if (std::chrono::steady_clock::now() >= end) child.signal(SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {.end = *child.poll(), .out = content_of(out.get()), .err = content_of(err.get())};
}

} // namespace lipt::adapters
