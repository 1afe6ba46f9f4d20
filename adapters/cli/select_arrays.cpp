// `lipt select` on arrays that somebody else's network made.
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/progress.hpp>
#include <lipt/adapters/cli/selection_files.hpp>
#include <lipt/error.hpp>
#include <lipt/select/named_method.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace lipt::adapters {

namespace {

/// What is known of the method; of scores from elsewhere that they rate.
method_info info_of(const arrays::select_request &request) {
    return request.method == "scores" ? find_method("el2n") : find_method(parts_of(request.method).method);
}

/// What can be told from the flags alone, by their names. errors: U23, U24, U30, U31, U32, U49
void check_flags(const array_selection &asked) {
    const auto &request = asked.request;
    const auto info = info_of(request);
    require(asked.scores_out.empty() || info.gradients || info.validation, "U24", "select: ", request.method,
            " gives no scores: leave out --scores-out");
    require(!info.validation || (request.validation_labels.given() && request.validation_logits.given() &&
                                 request.validation_embeddings.given()),
            "U23", "select: ", request.method,
            " needs --validation-embeddings, --validation-logits and --validation-labels");
    require(!request.at_least_one || (is_per_class(info, request.balanced) && !info.resampled), "U49",
            "select: --at-least-one is for picks class by class, ",
            info.resampled ? "rs2 comes to each class in its turn" : "these are of one pool",
            ": leave it out");
    require(!request.raw_weights || info.weights, "U49",
            "select: --raw-weights is for methods that give weights, ", request.method,
            " gives none: leave it out");
    require(request.memory >> 20 <= std::size_t{1} << 30, "U30", "select: --max-memory is ",
            request.memory >> 20, " MiB, expected at most a PiB");
    check_files(asked);
}

/// Shows progress: a bar on a terminal, elsewhere a line every half a minute.
class class_progress {
  public:
    void operator()(std::size_t done, std::size_t of) {
        display_.step("select", done, of);
        const auto now = std::chrono::steady_clock::now();
        if (terminal_ || done == of || now - last_ < std::chrono::seconds(30)) return;
        last_ = now;
        display_.line(fmt::format("select: {} of {} classes", done, of));
    }
    void line(const std::string &text) { display_.line(text); }

  private:
    progress_display display_;
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void print_estimate(const arrays::select_request &request, const arrays::select_estimate &estimate) {
    fmt::print("{}: {} {} of {} samples in {} classes, pools of at most {}\n", estimate.method,
               estimate.exact ? "exactly" : "at most", estimate.kept, estimate.samples, estimate.classes,
               estimate.largest);
    fmt::print("similarities: {} (--max-memory {} MiB)\n", estimate.similarities, request.memory >> 20);
    if (!estimate.known) {
        fmt::print("memory: at least {:.0f} MiB\ntime: unknown for this method\n", estimate.bytes / 0x1p20);
        return;
    }
    fmt::print("memory: about {:.0f} MiB\n", estimate.bytes / 0x1p20);
    if (!estimate.reads) {
        fmt::print("time: about 0 s (no logits and no embeddings to look at)\n");
        return;
    }
    fmt::print(
        "time: about {:.3g} s with {} threads ({:.0f} MiB to read at {:.0f} MiB/s, {:.3g} GFLOP at {:.3g} "
        "GFLOP/s, {:.3g} GB swept at {:.3g} GB/s)\n",
        estimate.seconds, estimate.threads, estimate.read_bytes / 0x1p20, estimate.read_rate / 0x1p20,
        1e-9 * estimate.product_flops, 1e-9 * estimate.product_rate, 1e-9 * estimate.sweep_bytes,
        1e-9 * estimate.sweep_rate);
    if (estimate.bytes >= estimate.machine_bytes)
        fmt::print("this machine has {:.0f} MiB: it would be refused\n", estimate.machine_bytes / 0x1p20);
}

void print_result(const array_selection &asked, const arrays::select_result &chosen,
                  const std::string &said) {
    const auto &method = asked.request.method;
    fmt::print("{}: {} of {} samples ({}) -> {}\n", method, chosen.indices.size(), chosen.samples,
               chosen.exact ? "exactly the budget" : "at most the budget", asked.out.string());
    fmt::print("similarities: {} (--max-memory {} MiB)\n", chosen.similarities, asked.request.memory >> 20);
    for (const auto &notice : chosen.notices) {
        if (said.find(notice) == std::string::npos) fmt::print("{}\n", notice);
    }
    const bool kept = !asked.weights_out.empty() || !asked.csv.empty();
    if (!chosen.weights.empty() && !kept)
        fmt::print("{} gives weights too: --weights-out FILE or --csv FILE keeps them\n", method);
}

} // namespace

void select_arrays_command(const array_selection &asked) {
    check_flags(asked);
    if (asked.dry_run) return print_estimate(asked.request, arrays::estimate(asked.request));
    class_progress progress;
    auto request = asked.request;
    request.state = state_path(asked.out);
    request.progress = [&](std::size_t done, std::size_t of) { progress(done, of); };
    std::string said; // on stderr, as it went on
    request.say = [&](const std::string &text) {
        said += text + '\n';
        progress.line(text);
    };
    request.finished = [&](const arrays::select_result &chosen) { write_selection(asked, chosen); };
    const auto chosen = arrays::select(request);
    if (!asked.weights_out.empty() && chosen.weights.empty())
        progress.line(
            fmt::format("{} gives no weights: '{}' has ones", request.method, asked.weights_out.string()));
    print_result(asked, chosen, said);
}

void list_methods() {
    for (const auto &one : arrays::list_methods())
        fmt::print("{:<20} {}{}\n", one.name, one.summary, one.weights ? "; gives weights" : "");
}

} // namespace lipt::adapters
