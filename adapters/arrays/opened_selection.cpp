#include <lipt/adapters/arrays/notices.hpp>
#include <lipt/adapters/arrays/opened_selection.hpp>
#include <lipt/adapters/arrays/processors.hpp>
#include <lipt/error.hpp>
#include <lipt/select/option_readers.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace lipt::arrays {
namespace {

/// Which arrays are looked at.
struct array_needs {
    bool labels = false, outputs = false, embeddings = false;
};

array_needs needs_of(const select_request &request, const named_method &method) {
    const bool scored = request.scores.given() && method.info.scorer, held = method.info.validation;
    return {.labels = needs_labels(method.info, scored, method.options),
            .outputs = held || needs_residual(method.info, scored, method.options),
            .embeddings = held || needs_embeddings(method.info, scored, method.options)};
}

/// Notes the first option that has another value than by itself, and who reads it.
struct changed_option {
    const std::vector<option_summary> &usual;
    const named_method &method;
    std::string name{}, readers{};
    std::size_t next = 0;

    template <class Value>
    void operator()(const option_about &about, const Value &value) {
        note(about, text(value));
    }
    template <class Value, std::size_t Count>
    void operator()(const option_about &about, const Value &value, const option_word<Value> (&words)[Count]) {
        for (const auto &[word, meaning] : words) {
            if (meaning == value) note(about, std::string(word));
        }
    }

  private:
    void note(const option_about &about, const std::string &value) {
        const bool changed = text(value) != usual[next++].initial;
        const bool read = about.name == "sampler"
                              ? method.info.scorer
                              : is_reader(about.read_by, method.info.name, method.info.scorer,
                                          word_of(method.options.sampler.kind));
        if (!changed || read || !name.empty()) return;
        name = std::string(about.name);
        readers = about.name == "sampler" ? "methods that rate samples" : std::string(about.read_by);
    }
};

/// errors: C31 another width or number of classes, C32 a class to pick from has no validation sample
void check_validation(const opened_selection &opened) {
    const auto &held = *opened.validation;
    const auto same = [](const array_rows &a, const array_rows &b) {
        require(a.width() == b.width(), "C31", "select: ", b.name(), " has ", b.width(), " columns, ",
                a.name(), " has ", a.width(), ": the validation samples must come from the same network");
    };
    same(opened.outputs.logits.value(), held.logits.value());
    same(opened.outputs.embeddings.value(), held.embeddings.value());
    for (std::size_t c = 0; opened.per_class && c < opened.counts.size(); ++c) {
        require(opened.quotas[c] == 0 || opened.validation_counts[c] > 0, "C32", "select: ", held.labels_name,
                " has no sample of class ", c, ": hold out more, or select from one pool (unbalanced)");
    }
}

/// True where one pool of all samples can be rated a class at a time: every scorer but those that look at the
/// other samples of the pool.
bool can_rate_by_class(const method_info &method) { return method.scorer && !method.relative; }

/// errors: C44 a sample that may be kept has no finite score
void check_scores(const opened_selection &opened) {
    const auto &scores = opened.scores->values;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const auto pool = opened.outputs.labelled() ? static_cast<std::size_t>(opened.outputs.labels[i]) : 0;
        require(std::isfinite(scores[i]) || (opened.per_class && opened.quotas[pool] == 0), "C44",
                "select: ", opened.scores->name, " has ", scores[i], " at sample ", i,
                ", expected a finite score of every sample that may be kept: rate it, or leave it out of all "
                "arrays");
    }
}

/// What share of the samples to keep. errors: U30
double fraction_of(const select_request &request, std::size_t samples) {
    if (!request.count) {
        require(request.fraction > 0 && request.fraction <= 1, "U30", "select: the fraction is ",
                request.fraction, ", expected above 0 and at most 1");
        return request.fraction;
    }
    require(*request.count > 0 && *request.count <= samples, "U30", "select: ", *request.count,
            " samples are to be kept, expected 1 to ", samples, ", as many as there are");
    return static_cast<double>(*request.count) / static_cast<double>(samples);
}

/// How many samples each pool gives. errors: U30 none at all
void set_quotas(opened_selection &opened) {
    auto sizes = opened.counts;
    if (!opened.per_class) sizes = {opened.outputs.samples};
    opened.quotas = largest_remainder_quotas(
        sizes, opened.fraction, {.at_least_one = opened.request.at_least_one && opened.per_class});
    require(std::accumulate(opened.quotas.begin(), opened.quotas.end(), std::size_t{0}) > 0, "U30",
            "select: a fraction of ", opened.fraction, " of ", opened.outputs.samples,
            " samples keeps none: give a larger one");
}

void open_last_layer(opened_selection &opened) {
    if (!opened.request.last_layer.given()) return;
    const auto &weights = opened.last_layer.emplace(opened.request.last_layer, "last_layer");
    const bool fits = !opened.outputs.embeddings || weights.width() == opened.outputs.width();
    require(weights.rows() == opened.outputs.columns() && fits, "C31", "select: ", weights.name(), " is (",
            weights.rows(), ",", weights.width(), "), expected (", opened.outputs.columns(), ",",
            opened.outputs.width(), "): columns of the logits by columns of the embeddings");
}

/// Says that logits were given as probabilities, by which methods choose other samples.
void notice_probabilities(const sample_outputs &outputs, std::vector<std::string> &notices) {
    if (!outputs.logits || !look_like_probabilities(*outputs.logits)) return;
    notices.push_back(
        text("the rows of ", outputs.logits->name(),
             " are between 0 and 1 and sum up to 1: probabilities? Methods expect logits and choose "
             "other samples by these; give the logits, or the logarithms of what is there"));
}

} // namespace

bool takes_scores(std::string_view method) {
    const auto &all = all_methods::infos;
    return std::any_of(all.begin(), all.end(),
                       [&](const auto &info) { return info.name == method && info.utility; });
}

named_method method_asked(const select_request &request) {
    const bool scored = request.scores.given();
    const auto parts = parts_of(request.method);
    const std::string rating =
        parts.has_sampler ? "el2n" + request.method.substr(request.method.find('/')) : "el2n";
    auto method = method_of(scored && !takes_scores(parts.method) ? rating : request.method, request.options);
    method.name = request.method;
    auto &options = method.options;
    options.seed = request.seed;
    options.epoch = request.epoch;
    options.memory = request.memory;
    options.raw_weights = request.raw_weights;
    if (method.info.spaces && !request.logits.given() && !request.residuals.given())
        options.submodular.space = similarity_space::embeddings;
    check(options);
    return method;
}

void check_options(const select_request &request, const named_method &method) {
    const auto usual = list_options();
    changed_option changed{usual, method};
    auto given = request.options;
    describe(given, changed);
    require(changed.name.empty(), "U49", "select: ", changed.name, " is for ", changed.readers,
            ", but the method is ", request.method, ": leave one of them out");
    require(!request.raw_weights || method.info.weights, "U49",
            "select: raw weights are for methods that give weights, ", request.method,
            " gives none: leave that out");
    require(!request.at_least_one || (is_per_class(method.info, request.balanced) && !method.info.resampled),
            "U49", "select: at least one of each class is for picks class by class, ",
            method.info.resampled ? "rs2 comes to each class in its turn" : "these are of one pool",
            ": leave it out");
}

void check_arrays(const select_request &request, const named_method &method) {
    const auto needs = needs_of(request, method);
    const bool outputs = request.logits.given() || (request.residuals.given() && !method.info.logarithms);
    std::string missing;
    const auto miss = [&](bool needed, bool given, std::string_view what) {
        if (needed && !given) missing += text(missing.empty() ? "" : " and ", what);
    };
    miss(needs.labels && !request.residuals.given(), request.labels.given(), "labels");
    miss(needs.outputs, outputs, method.info.logarithms ? "logits" : "logits (or residuals)");
    miss(needs.embeddings, request.embeddings.given(), "embeddings");
    require(missing.empty(), "U26", "select: ", request.method, " needs ", missing, ": give what is missing");
    require(
        !method.info.validation || (request.validation_labels.given() && request.validation_logits.given() &&
                                    request.validation_embeddings.given()),
        "U23", "select: ", request.method, " needs validation embeddings, logits and labels: give all three");
    const bool any = request.labels.given() || request.logits.given() || request.residuals.given() ||
                     request.embeddings.given() || request.scores.given();
    require(any, "U26",
            "select: no array is given, which says how many samples there are: give the labels at least");
}

opened_selection open_selection(const select_request &request, const named_method &method) {
    const bool recorded = !request.state.empty();
    opened_selection opened{.request = request, .method = method};
    auto &outputs = opened.outputs;
    outputs =
        open_outputs({request.labels, request.logits, request.embeddings, request.residuals, "", recorded});
    opened.per_class = outputs.labelled() && is_per_class(method.info, request.balanced);
    if (request.scores.given()) {
        opened.scores = open_scores(request.scores, outputs, recorded);
        outputs.samples = opened.scores->values.size();
    }
    require(outputs.samples > 0, "U26", "select: there is no sample to choose from");
    // D2 needs the rows of the whole pool when it picks, so nothing would be gained.
    opened.rates_first = can_rate_by_class(method.info) && outputs.labelled() && !opened.per_class &&
                         !opened.scores && method.options.sampler.kind != sampler_kind::d2;
    opened.counts = outputs.class_counts();
    opened.fraction = fraction_of(request, outputs.samples);
    set_quotas(opened);
    if (opened.scores) check_scores(opened);
    if (method.info.validation) {
        opened.validation =
            open_outputs({request.validation_labels, request.validation_logits, request.validation_embeddings,
                          array_input(), "validation_", recorded});
        opened.validation_counts = opened.validation->class_counts();
        opened.validation_counts.resize(opened.counts.size());
        check_validation(opened);
    }
    open_last_layer(opened);
    // Their shapes were checked; the method does not look at them, so they are not read.
    const auto needs = needs_of(request, method);
    if (!needs.outputs) {
        outputs.logits.reset();
        outputs.residuals.reset();
    }
    if (!needs.embeddings) outputs.embeddings.reset();
    return opened;
}

named_arrays arrays_of(const opened_selection &opened) {
    const bool recorded = !opened.request.state.empty();
    named_arrays arrays;
    const auto add = [&](const std::string &prefix, const sample_outputs &outputs) {
        for (auto &[name, record] : outputs.records(recorded))
            arrays.emplace_back(prefix + name, std::move(record));
    };
    add("", opened.outputs);
    if (opened.validation) add("validation-", *opened.validation);
    if (opened.scores) arrays.emplace_back("scores", opened.scores->record);
    if (opened.last_layer) arrays.emplace_back("last-layer", opened.last_layer->record(recorded));
    return arrays;
}

std::vector<pool_shape> pools_of(const opened_selection &opened) {
    const auto &outputs = opened.outputs;
    const pool_shape shape{.classes = outputs.columns(), .width = outputs.width()};
    std::vector<pool_shape> pools;
    if (!opened.per_class && !opened.rates_first) {
        pools.push_back(shape);
        pools[0].samples = outputs.samples;
        pools[0].quota = opened.quotas[0];
        pools[0].validation = opened.validation ? opened.validation->samples : 0;
        return pools;
    }
    for (std::size_t c = 0; c < opened.counts.size(); ++c) {
        pools.push_back(shape);
        pools[c].samples = opened.counts[c];
        pools[c].quota = opened.rates_first ? opened.counts[c] : opened.quotas[c];
        pools[c].validation = opened.validation ? opened.validation_counts[c] : 0;
    }
    return pools;
}

selection_estimate estimate_of(const opened_selection &opened) {
    const auto &method = opened.method;
    auto estimate = estimate_selection(method.info.name, pools_of(opened), opened.outputs, method.options);
    const auto needs = needs_of(opened.request, method);
    if (!needs.outputs && !needs.embeddings) estimate.rows = 0;
    if (opened.validation) {
        // Held whole, and its pages while it is read.
        const auto &held = *opened.validation;
        estimate.bytes += static_cast<double>(held.samples) *
                          static_cast<double>(4 * (held.columns() + held.width()) + held.row_bytes());
    }
    return estimate;
}

double machine_bytes() {
    return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void require_memory(const selection_estimate &estimate, const opened_selection &opened) {
    require(estimate.bytes < machine_bytes(), "U33", "select: a pool of ", estimate.largest,
            " samples needs about ", static_cast<std::size_t>(estimate.bytes / 0x1p30),
            " GiB, this machine has ", static_cast<std::size_t>(machine_bytes() / 0x1p30), ": ",
            opened.per_class || !opened.outputs.labelled()
                ? "lower the memory for similarities, choose a method that needs less, or select from parts"
                : "select class by class");
}

void check_sparse_pools(const opened_selection &opened) {
    for (const auto &pool : pools_of(opened)) {
        if (pool.quota > 0 && keeps_nearest(opened.method.info.name))
            check_sparse(opened.method.options, pool.samples);
    }
}

std::vector<std::string> notices_before(const opened_selection &opened) {
    std::vector<std::string> notices;
    notice_probabilities(opened.outputs, notices);
    if (opened.validation) notice_probabilities(*opened.validation, notices);
    if (lost_threads()) {
        notices.emplace_back(
            "this process was forked from one whose threads were at work, so this call has one thread: "
            "start processes by spawn for more");
    }
    return notices;
}

} // namespace lipt::arrays
