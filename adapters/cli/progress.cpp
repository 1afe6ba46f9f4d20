#include <lipt/adapters/cli/progress.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace lipt::adapters {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds redraw{100};
constexpr std::chrono::seconds silence{10}; // at most, where there is no bar

} // namespace

progress_display::progress_display() : terminal_(isatty(STDERR_FILENO) == 1), last_line_(clock::now()) {}
progress_display::~progress_display() { clear(); }

void progress_display::clear() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
    drawn_ = false;
}

void progress_display::line(const std::string &text) {
    const std::scoped_lock lock(mutex_);
    print(text);
}

void progress_display::print(const std::string &text) {
    clear();
    fmt::print(stderr, "{}\n", text);
    last_line_ = clock::now();
}

void progress_display::step(std::string_view stage, std::size_t done, std::size_t of) {
    const std::scoped_lock lock(mutex_);
    if (of == 0) return;
    if (terminal_) return draw(stage, done, of);
    if (done < of && clock::now() - last_line_ >= silence)
        print(fmt::format("  {:<12} {} of {} {}", stage, done, of, epoch_text_));
}

void progress_display::draw(std::string_view stage, std::size_t done, std::size_t of) {
    const auto now = clock::now();
    if (done > 0 && done < of && now - last_drawn_ < redraw) return;
    last_drawn_ = now;
    constexpr std::size_t width = 30;
    const std::size_t filled = width * done / of;
    clear();
    fmt::print(stderr, "  {:<12} [{:#<{}}{:.<{}}] {}/{} {}", stage, "", filled, "", width - filled, done, of,
               epoch_text_);
    std::fflush(stderr);
    drawn_ = true;
}

void progress_display::epoch(std::string_view stage, const epoch_record &epoch, std::size_t of) {
    const std::scoped_lock lock(mutex_);
    epoch_text_ = epoch.report.epoch == of ? "" : fmt::format("(epoch {} of {})", epoch.report.epoch + 1, of);
    const bool silent = !terminal_ && clock::now() - last_line_ >= silence;
    if (!epoch.accuracy && !silent) return;
    print(fmt::format("  {:<12} epoch {:>3} of {}  loss {:.4f}{}  {:.0f} s", stage, epoch.report.epoch, of,
                      epoch.report.loss,
                      epoch.accuracy ? fmt::format("  test accuracy {:.2f} %", 100 * *epoch.accuracy) : "",
                      epoch.wall_s));
}

run_observer progress_display::observer() {
    return {.progress = [this](std::string_view stage, std::size_t done,
                               std::size_t of) { step(stage, done, of); },
            .epoch_done = [this](std::string_view stage, const epoch_record &record,
                                 std::size_t of) { epoch(stage, record, of); },
            .stage_done =
                [this](std::string_view stage, const std::string &outcome) {
                    line(fmt::format("  {:<12} {}", stage, outcome));
                }};
}

} // namespace lipt::adapters
