// `lipt select` on arrays that somebody else's network made.
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/notices.hpp>
#include <lipt/adapters/cli/progress.hpp>
#include <lipt/adapters/cli/selection_estimate.hpp>
#include <lipt/adapters/cli/selection_files.hpp>
#include <lipt/adapters/store/selection_state.hpp>
#include <lipt/chosen.hpp>
#include <lipt/select/methods.hpp>
#include <lipt/select/named_method.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <thread>

namespace lipt::adapters {

namespace {

using tensor_type = chosen_tensor;

/// Which arrays are looked at, beside the labels.
struct array_needs {
    bool logits, embeddings;
};

array_needs needs_of(const array_selection &asked, const named_method &named) {
    const bool scored = !asked.scores.empty(), held = named.info.validation;
    return {.logits = held || needs_residual(named.info, scored, named.options),
            .embeddings = held || needs_embeddings(named.info, scored, named.options)};
}

/// The method asked for; with scores given a scorer whose rating they replace.
named_method method_of(const array_selection &asked) {
    if (asked.scores.empty()) return lipt::method_of(asked.method, asked.options);
    auto named = lipt::method_of("el2n", asked.options);
    named.name = asked.method;
    return named;
}

/// That the arrays are there which the method looks at. errors: U26
void check_arrays(const array_selection &asked, const named_method &named) {
    const auto [logits, embeddings] = needs_of(asked, named);
    const bool there = (!logits || !asked.logits.empty()) && (!embeddings || !asked.embeddings.empty());
    const char *wanted = !embeddings ? " and --logits"
                         : logits    ? ", --logits and --embeddings"
                                     : " and --embeddings";
    require(there, "U26", "select: ", named.name, " needs --labels", wanted, ": give what is missing");
}

/// Everything about the flags that can be told before a file is opened. errors: U24, U30, U31, U32, U49
void check_flags(const array_selection &asked, const method_info &method) {
    require(asked.scores_out.empty() || method.gradients || method.validation, "U24",
            "select: ", asked.method, " gives no scores: leave out --scores-out");
    require(!asked.at_least_one || (is_per_class(method, !asked.unbalanced) && !method.resampled), "U49",
            "select: --at-least-one is for picks class by class, ",
            method.resampled ? "rs2 comes to each class in its turn" : "these are of one pool",
            ": leave it out");
    require(!asked.raw_weights || method.weights, "U49",
            "select: --raw-weights is for methods that give weights, ", asked.method,
            " gives none: leave it out");
    require(asked.fraction > 0 && asked.fraction <= 1, "U30", "select: --fraction is ", asked.fraction,
            ", expected above 0 and at most 1");
    require(asked.max_memory <= std::size_t{1} << 30, "U30", "select: --max-memory is ", asked.max_memory,
            " MiB, expected at most a PiB");
    require(!method.validation || (!asked.validation_labels.empty() && !asked.validation_logits.empty() &&
                                   !asked.validation_embeddings.empty()),
            "U23", "select: ", asked.method,
            " needs --validation-embeddings, --validation-logits and --validation-labels");
    check_files(asked);
}

/// A selection from files: what is open, and how it is cut into pools.
struct opened_selection {
    const array_selection &asked;
    const named_method &named;
    const method_info &method;
    stored_outputs outputs;
    std::optional<stored_outputs> validation;
    std::optional<npy_rows> last_layer;
    std::optional<stored_scores> scores;
    std::vector<std::size_t> counts, validation_counts; ///< a class
    bool per_class;                                     ///< how the method picks
    bool rates_first; ///< its ratings are made class by class, then ranked at once
    std::vector<std::size_t> quotas;
};

std::vector<std::size_t> class_counts(const std::vector<std::int32_t> &labels, std::size_t classes) {
    std::vector<std::size_t> counts(classes);
    for (const auto label : labels) ++counts[static_cast<std::size_t>(label)];
    return counts;
}

/// errors: C31 another width or number of classes, C32 a class to pick from has no validation sample
void check_validation(const opened_selection &opened) {
    const auto &held = *opened.validation;
    const auto same = [](const npy_rows &a, const npy_rows &b) {
        require(a.width() == b.width(), "C31", "select: '", b.path().string(), "' has ", b.width(),
                " columns, '", a.path().string(), "' has ", a.width(),
                ": the validation samples must come from the same network");
    };
    same(opened.outputs.logits.value(), held.logits.value());
    same(opened.outputs.embeddings.value(), held.embeddings.value());
    for (std::size_t c = 0; opened.per_class && c < opened.counts.size(); ++c) {
        require(opened.quotas[c] == 0 || opened.validation_counts[c] > 0, "C32", "select: '",
                held.labels_record.path.string(), "' has no sample of class ", c,
                ": hold out more, or select from one pool (--unbalanced)");
    }
}

/// True where one pool of all samples can be rated a class at a time: every scorer but those that look at the
/// other samples of the pool.
bool can_rate_by_class(const method_info &method) { return method.scorer && !method.relative; }

/// errors: C44 a sample that may be kept has no finite score
void check_scores(const opened_selection &opened) {
    const auto &scores = opened.scores->values;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const auto label = static_cast<std::size_t>(opened.outputs.labels[i]);
        require(std::isfinite(scores[i]) || (opened.per_class && opened.quotas[label] == 0), "C44",
                "select: '", opened.scores->record.path.string(), "' has ", scores[i], " at sample ", i,
                ", expected a finite score of every sample that may be kept: rate it, or leave it out of all "
                "arrays");
    }
}

opened_selection open_selection(const array_selection &asked, const named_method &named) {
    const auto &method = named.info;
    opened_selection opened{.asked = asked,
                            .named = named,
                            .method = method,
                            .outputs = open_outputs(asked.labels, asked.logits, asked.embeddings),
                            .per_class = is_per_class(method, !asked.unbalanced)};
    // D2 needs the rows of the whole pool when it picks, so nothing would be gained.
    opened.rates_first = can_rate_by_class(method) && !opened.per_class && asked.scores.empty() &&
                         named.options.sampler.kind != sampler_kind::d2;
    opened.counts = class_counts(opened.outputs.labels, opened.outputs.classes());
    opened.quotas = selection_quotas(opened.outputs.labels, opened.outputs.classes(), asked.fraction,
                                     opened.per_class, {.at_least_one = asked.at_least_one});
    require(std::accumulate(opened.quotas.begin(), opened.quotas.end(), std::size_t{0}) > 0, "U30",
            "select: --fraction ", asked.fraction, " of ", opened.outputs.samples(),
            " samples keeps none: give a larger one");
    if (!asked.scores.empty()) {
        opened.scores = open_scores(asked.scores, opened.outputs);
        check_scores(opened);
    }
    if (method.validation) {
        opened.validation =
            open_outputs(asked.validation_labels, asked.validation_logits, asked.validation_embeddings);
        opened.validation_counts = class_counts(opened.validation->labels, opened.validation->classes());
        check_validation(opened);
    }
    if (!asked.last_layer.empty()) {
        opened.last_layer.emplace(asked.last_layer);
        const auto &weights = *opened.last_layer;
        const bool fits = !opened.outputs.embeddings || weights.width() == opened.outputs.width();
        require(weights.rows() == opened.outputs.classes() && fits, "C31", "select: '",
                asked.last_layer.string(), "' is (", weights.rows(), ",", weights.width(), "), expected (",
                opened.outputs.classes(), ",", opened.outputs.width(),
                "): columns of the logits by columns of the embeddings");
    }
    // Held against the others, but not looked at: not to be read.
    const auto needs = needs_of(asked, named);
    if (!needs.logits) opened.outputs.logits.reset();
    if (!needs.embeddings) opened.outputs.embeddings.reset();
    return opened;
}

named_arrays arrays_of(const opened_selection &opened) {
    named_arrays arrays;
    const auto add = [&](const std::string &prefix, const stored_outputs &outputs) {
        for (auto &[name, record] : outputs.records()) arrays.emplace_back(prefix + name, std::move(record));
    };
    add("", opened.outputs);
    if (opened.validation) add("validation-", *opened.validation);
    if (opened.scores) arrays.emplace_back("scores", opened.scores->record);
    if (opened.last_layer) arrays.emplace_back("last-layer", record_of(*opened.last_layer));
    return arrays;
}

/// The pools as they will be read.
std::vector<pool_shape> pools_of(const opened_selection &opened) {
    std::vector<pool_shape> pools;
    const auto &outputs = opened.outputs;
    if (!opened.per_class && !opened.rates_first) {
        return {{.samples = outputs.samples(),
                 .quota = opened.quotas[0],
                 .classes = outputs.classes(),
                 .width = outputs.width(),
                 .validation = opened.validation ? opened.validation->samples() : 0}};
    }
    for (std::size_t c = 0; c < opened.counts.size(); ++c) {
        pools.push_back({.samples = opened.counts[c],
                         .quota = opened.rates_first ? opened.counts[c] : opened.quotas[c],
                         .classes = outputs.classes(),
                         .width = outputs.width(),
                         .validation = opened.validation ? opened.validation_counts[c] : 0});
    }
    return pools;
}

selection_estimate estimate_of(const opened_selection &opened, const select_options &options) {
    auto estimate = estimate_selection(opened.method.name, pools_of(opened), opened.outputs, options);
    const auto [logits, embeddings] = needs_of(opened.asked, opened.named);
    if (!logits && !embeddings) estimate.rows = 0;
    if (opened.validation) {
        // Held whole, and its pages while it is read.
        const auto &held = *opened.validation;
        estimate.bytes += static_cast<double>(held.samples()) *
                          static_cast<double>(4 * (held.classes() + held.width()) + held.row_bytes());
    }
    return estimate;
}

/// errors: U33
void require_memory(const selection_estimate &estimate, const opened_selection &opened) {
    const double machine =
        static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    require(!opened.method.gradients || estimate.bytes < machine, "U33", "select: a pool of ",
            estimate.largest, " samples needs about ", static_cast<std::size_t>(estimate.bytes / 0x1p30),
            " GiB, this machine has ", static_cast<std::size_t>(machine / 0x1p30), ": ",
            opened.per_class ? "lower --max-memory, or choose a method that needs less"
                             : "select class by class, without --unbalanced");
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

/// Runs the method over all pools, with what the state has of them.
selection run_selection(const tensor_type &tensor, const opened_selection &opened, select_options options,
                        selection_state &state, class_progress &progress) {
    selection_problem<tensor_type> problem{.labels = opened.outputs.labels,
                                           .classes = opened.outputs.classes(),
                                           .fraction = opened.asked.fraction,
                                           .balanced = !opened.asked.unbalanced,
                                           .at_least_one = opened.asked.at_least_one,
                                           .gradients = from_files(tensor, opened.outputs, opened.method)};
    if (opened.scores) problem.scores = opened.scores->values;
    validation_set<tensor_type> validation;
    if (opened.validation) {
        validation = load_validation(tensor, *opened.validation);
        problem.validation = &validation;
    }
    auto weights = tensor.make(0, 0);
    if (opened.last_layer) {
        weights = load_matrix(tensor, *opened.last_layer);
        problem.last_layer = &weights;
    }
    options.progress = [&](std::size_t done, std::size_t of) { progress(done, of); };
    auto kept = options;
    kept.remember = [&](std::size_t pool, const pool_picks &picks) { state.remember(pool, picks); };
    kept.recall = [&](std::size_t pool, pool_picks &picks) {
        const bool whole = !opened.per_class && !opened.rates_first;
        return state.recall(pool, whole ? opened.outputs.samples() : opened.counts[pool], picks);
    };
    if (!opened.rates_first) return select(tensor, opened.method.name, problem, kept);
    // Ratings do not depend on the pool: made class by class they need one class's rows in memory.
    problem.balanced = true;
    problem.fraction = 1;
    kept.sampler.kind = sampler_kind::top_k;
    const auto rated = select(tensor, opened.method.name, problem, kept);
    problem.balanced = false;
    problem.fraction = opened.asked.fraction;
    problem.scores = rated.scores;
    return select(tensor, opened.method.name, problem, options);
}

void print_estimate(const opened_selection &opened, const selection_estimate &estimate,
                    const tensor_type &tensor, std::size_t threads) {
    const auto total = std::accumulate(opened.quotas.begin(), opened.quotas.end(), std::size_t{0});
    fmt::print("{}: {} {} of {} samples in {} classes, pools of at most {}\n", opened.named.name,
               opened.method.exact ? "exactly" : "at most", total, opened.outputs.samples(),
               opened.outputs.classes(), estimate.largest);
    fmt::print("similarities: {} (--max-memory {} MiB)\n",
               similarity_words(estimate, opened.named.options.submodular.neighbours),
               opened.asked.max_memory);
    if (!estimate.known) {
        fmt::print("memory: at least {:.0f} MiB\ntime: unknown for this method\n", estimate.bytes / 0x1p20);
        return;
    }
    if (estimate.rows == 0) {
        fmt::print("memory: about {:.0f} MiB\ntime: about 0 s (no logits and no embeddings to look at)\n",
                   estimate.bytes / 0x1p20);
        return;
    }
    const auto rates = measure_rates(tensor, opened.outputs, estimate.largest);
    fmt::print("memory: about {:.0f} MiB\ntime: about {:.3g} s with {} threads ({:.0f} MiB to read at {:.0f} "
               "MiB/s, {:.3g} GFLOP at {:.3g} GFLOP/s, {:.3g} GB swept at {:.3g} GB/s)\n",
               estimate.bytes / 0x1p20, seconds_of(estimate, rates), threads,
               static_cast<double>(estimate.rows * opened.outputs.row_bytes()) / 0x1p20,
               rates.rows * static_cast<double>(opened.outputs.row_bytes()) / 0x1p20,
               1e-9 * estimate.work.product_flops, 1e-9 * rates.product_flops,
               1e-9 * estimate.work.sweep_bytes, 1e-9 * rates.sweep_bytes);
}

/// Says on stderr that logits were given as probabilities, of which methods choose other samples.
void notice_probabilities(const stored_outputs &outputs) {
    if (!outputs.logits || !look_like_probabilities(*outputs.logits)) return;
    fmt::print(
        stderr,
        "select: the rows of '{}' are between 0 and 1 and sum up to 1: probabilities? Methods expect "
        "logits and choose other samples by these; give the logits, or the logarithms of what is there\n",
        outputs.logits->path().string());
}

} // namespace

void select_arrays_command(const array_selection &asked) {
    auto named = method_of(asked);
    named.options.seed = asked.seed;
    named.options.memory = asked.max_memory << 20;
    named.options.raw_weights = asked.raw_weights;
    const auto &method = named.info;
    const auto &options = named.options;
    check(options);
    check_arrays(asked, named);
    check_flags(asked, method);
    const std::size_t threads =
        asked.threads > 0 ? asked.threads : std::max(1u, std::thread::hardware_concurrency());
    const auto tensor = chosen::make_tensor({.threads = threads, .device = asked.device});
    const auto opened = open_selection(asked, named);
    for (const auto &pool : pools_of(opened)) {
        if (pool.quota > 0 && keeps_nearest(method.name)) check_sparse(options, pool.samples);
    }
    notice_probabilities(opened.outputs);
    if (opened.validation) notice_probabilities(*opened.validation);
    const auto estimate = estimate_of(opened, options);
    require_memory(estimate, opened);
    if (asked.dry_run) return print_estimate(opened, estimate, tensor, threads);
    const auto arrays = arrays_of(opened);
    selection_state state(state_path(asked.out), selection_key(asked, arrays, chosen::backend_name));
    class_progress progress;
    if (state.begun_anew()) {
        progress.line(fmt::format("select: '{}' is of other arrays or settings, beginning anew",
                                  state_path(asked.out).string()));
    } else if (state.size() > 0) {
        progress.line(fmt::format("select: going on with the {} classes that are done", state.size()));
    }
    auto chosen = run_selection(tensor, opened, options, state, progress);
    if (const auto said = fill_weights(asked, method, chosen); !said.empty()) progress.line(said);
    const auto similarity = similarity_words(estimate, options.submodular.neighbours);
    write_selection(asked, method, opened.outputs.labels, opened.outputs.classes(), chosen, arrays,
                    {.similarity = similarity, .backend = chosen::backend_name, .threads = threads});
    state.remove();
    fmt::print("{}: {} of {} samples ({}) -> {}\n", asked.method, chosen.indices.size(),
               opened.outputs.samples(), method.exact ? "exactly the budget" : "at most the budget",
               asked.out.string());
    fmt::print("similarities: {} (--max-memory {} MiB)\n", similarity, asked.max_memory);
    for (const auto &notice : {lost_classes_notice(chosen.lost_classes), zero_weights_notice(chosen.weights)})
        if (!notice.empty()) fmt::print("{}\n", notice);
    if (method.weights && asked.weights_out.empty() && asked.csv.empty())
        fmt::print("{} gives weights too: --weights-out FILE or --csv FILE keeps them\n", asked.method);
}

void list_methods() {
    for (const auto &info : all_methods::infos) {
        fmt::print("{:<20} {}{}\n", info.name, info.summary, info.weights ? "; gives weights" : "");
    }
}

} // namespace lipt::adapters
