#include <lipt/adapters/cli/progress.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace lipt::adapters {

progress_display::progress_display() : terminal_(isatty(STDERR_FILENO) == 1) {}
progress_display::~progress_display() { clear(); }

void progress_display::clear() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
    drawn_ = false;
}

void progress_display::line(const std::string &text) {
    const std::scoped_lock lock(mutex_);
    clear();
    fmt::print(stderr, "{}\n", text);
}

void progress_display::step(std::string_view stage, std::size_t done, std::size_t of) {
    const std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || of == 0 || (done < of && now - last_ < std::chrono::milliseconds(100))) return;
    last_ = now;
    constexpr std::size_t width = 30;
    const std::size_t filled = width * done / of;
    clear();
    fmt::print(stderr, "  {:<12} [{:#<{}}{:.<{}}] {}/{} {}", stage, "", filled, "", width - filled, done, of,
               epoch_text_);
    std::fflush(stderr);
    drawn_ = true;
}

void progress_display::epoch(std::string_view stage, const epoch_record &epoch, std::size_t of) {
    {
        const std::scoped_lock lock(mutex_);
        epoch_text_ =
            epoch.report.epoch == of ? "" : fmt::format("(epoch {} of {})", epoch.report.epoch + 1, of);
    }
    if (!epoch.accuracy) return;
    line(fmt::format("  {:<12} epoch {:>3} of {}  loss {:.4f}  test accuracy {:.2f} %  {:.0f} s", stage,
                     epoch.report.epoch, of, epoch.report.loss, 100 * *epoch.accuracy, epoch.wall_s));
}

run_observer progress_display::observer() {
    return {.progress = [this](std::string_view stage, std::size_t done,
                               std::size_t of) { step(stage, done, of); },
            .epoch_done = [this](std::string_view stage, const epoch_record &record,
                                 std::size_t of) { epoch(stage, record, of); }};
}

} // namespace lipt::adapters
