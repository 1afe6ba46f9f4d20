#include <lipt/adapters/arrays/notices.hpp>
#include <lipt/adapters/arrays/opened_selection.hpp>
#include <lipt/adapters/arrays/processors.hpp>
#include <lipt/adapters/arrays/watched_tensor.hpp>
#include <lipt/adapters/store/selection_state.hpp>
#include <lipt/error.hpp>

#include <memory>
#include <numeric>
#include <utility>

namespace lipt::arrays {
namespace {

using adapters::selection_state;
using tensor_type = watched_tensor<chosen_tensor>;

/// Runs the method over all pools, with what the state has of them.
selection run_selection(const tensor_type &tensor, opened_selection &opened, selection_state *state) {
    const auto &request = opened.request;
    auto &outputs = opened.outputs;
    if (!outputs.labelled()) outputs.labels.assign(outputs.samples, 0);
    selection_problem<tensor_type> problem{.labels = outputs.labels,
                                           .classes = outputs.classes(),
                                           .fraction = opened.fraction,
                                           .balanced = request.balanced,
                                           .at_least_one = request.at_least_one,
                                           .gradients = gradients_of(tensor, outputs, opened.method.info)};
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
    auto options = opened.method.options;
    if (request.progress) options.progress = request.progress;
    auto kept = options;
    if (state != nullptr) {
        kept.remember = [&](std::size_t pool, const pool_picks &picks) { state->remember(pool, picks); };
        kept.recall = [&](std::size_t pool, pool_picks &picks) {
            const bool whole = !opened.per_class && !opened.rates_first;
            return state->recall(pool, whole ? outputs.samples : opened.counts[pool], picks);
        };
    }
    const auto name = opened.method.info.name;
    if (!opened.rates_first) return all_methods::select(tensor, name, problem, kept);
    // Ratings do not depend on the pool: made class by class they need one class's rows in memory.
    problem.balanced = true;
    problem.fraction = 1;
    kept.sampler.kind = sampler_kind::top_k;
    const auto rated = all_methods::select(tensor, name, problem, kept);
    problem.balanced = false;
    problem.fraction = opened.fraction;
    problem.scores = rated.scores;
    return all_methods::select(tensor, name, problem, options);
}

/// Opens what was begun under the same key, and says what of it is there.
std::unique_ptr<selection_state> open_state(const opened_selection &opened, const named_arrays &arrays) {
    std::unique_ptr<selection_state> state;
    const auto &request = opened.request;
    if (request.state.empty()) return state;
    state = std::make_unique<selection_state>(
        request.state, selection_key(request, opened.method, arrays, chosen::backend_name));
    if (!request.say) return state;
    if (state->begun_anew())
        request.say(
            text("select: '", request.state.string(), "' is of other arrays or settings, beginning anew"));
    else if (state->size() > 0)
        request.say(text("select: going on with the ", state->size(), " classes that are done"));
    return state;
}

} // namespace

select_result select(const select_request &request) {
    const auto method = method_asked(request);
    check_options(request, method);
    check_arrays(request, method);
    const std::size_t threads = threads_to_use(request.threads);
    const auto compute = chosen::make_tensor({.threads = threads, .device = request.device});
    auto opened = open_selection(request, method);
    check_sparse_pools(opened);
    const auto estimate = estimate_of(opened);
    require_memory(estimate, opened);
    require_countable(opened.outputs.samples, "select");
    select_result result{.samples = opened.outputs.samples,
                         .classes = opened.outputs.classes(),
                         .exact = method.info.exact,
                         .similarities = similarity_words(estimate, method.options.submodular.neighbours),
                         .notices = notices_before(opened)};
    if (request.say)
        for (const auto &notice : result.notices) request.say("select: " + notice);
    const auto arrays = arrays_of(opened);
    auto state = open_state(opened, arrays);
    const tensor_type tensor(compute, request.between_steps);
    auto chosen = run_selection(tensor, opened, state.get());
    for (const auto &notice : {lost_classes_notice(chosen.lost_classes), zero_weights_notice(chosen.weights)})
        if (!notice.empty()) result.notices.push_back(notice);
    result.indices = std::move(chosen.indices);
    result.weights = std::move(chosen.weights);
    result.scores = std::move(chosen.scores);
    if (opened.outputs.labelled()) result.labels = std::move(opened.outputs.labels);
    result.report = report_of(request, method, result, opened.counts, arrays,
                              {.backend = chosen::backend_name, .threads = threads});
    if (request.finished) request.finished(result);
    if (state) state->remove();
    return result;
}

select_estimate estimate(const select_request &request) {
    const auto method = method_asked(request);
    check_options(request, method);
    check_arrays(request, method);
    const std::size_t threads = threads_to_use(request.threads);
    const auto compute = chosen::make_tensor({.threads = threads, .device = request.device});
    const auto opened = open_selection(request, method);
    check_sparse_pools(opened);
    const auto found = estimate_of(opened);
    select_estimate out{.method = request.method,
                        .exact = method.info.exact,
                        .kept = std::accumulate(opened.quotas.begin(), opened.quotas.end(), std::size_t{0}),
                        .samples = opened.outputs.samples,
                        .classes = opened.outputs.classes(),
                        .largest = found.largest,
                        .similarities = similarity_words(found, method.options.submodular.neighbours),
                        .known = found.known,
                        .bytes = found.bytes,
                        .machine_bytes = machine_bytes(),
                        .threads = threads,
                        .reads = found.rows > 0};
    if (!out.known || !out.reads) return out;
    const auto rates = measure_rates(compute, opened.outputs, found.largest);
    const auto row_bytes = static_cast<double>(opened.outputs.row_bytes());
    out.seconds = seconds_of(found, rates);
    out.read_bytes = static_cast<double>(found.rows) * row_bytes;
    out.read_rate = rates.rows * row_bytes;
    out.product_flops = found.work.product_flops;
    out.product_rate = rates.product_flops;
    out.sweep_bytes = found.work.sweep_bytes;
    out.sweep_rate = rates.sweep_bytes;
    return out;
}

} // namespace lipt::arrays
