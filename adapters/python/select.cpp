// Selection for Python: a dictionary of settings in, arrays and a report out.
#include "results.hpp"
#include "views.hpp"

#include <lipt/adapters/arrays/agreement.hpp>
#include <lipt/adapters/arrays/select.hpp>
#include <lipt/error.hpp>

#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <string>
#include <utility>

namespace lipt::python {
namespace {

namespace nb = nanobind;

/// Reads settings one by one.
class settings_reader {
  public:
    explicit settings_reader(const nb::dict &settings) : settings_(settings) {}

    template <class Value>
    void take(const char *name, Value &value) const {
        if (settings_.contains(name)) value = nb::cast<Value>(settings_[name]);
    }
    void take(const char *name, arrays::array_input &input) const {
        if (settings_.contains(name)) input = input_of(settings_[name]);
    }

  private:
    const nb::dict &settings_;
};

arrays::select_request request_of(const nb::dict &given, const nb::dict &options) {
    const settings_reader settings(given);
    arrays::select_request request;
    settings.take("method", request.method);
    settings.take("labels", request.labels);
    settings.take("logits", request.logits);
    settings.take("embeddings", request.embeddings);
    settings.take("residuals", request.residuals);
    settings.take("scores", request.scores);
    settings.take("validation_labels", request.validation_labels);
    settings.take("validation_logits", request.validation_logits);
    settings.take("validation_embeddings", request.validation_embeddings);
    settings.take("last_layer", request.last_layer);
    settings.take("fraction", request.fraction);
    settings.take("count", request.count);
    settings.take("balanced", request.balanced);
    settings.take("at_least_one", request.at_least_one);
    settings.take("raw_weights", request.raw_weights);
    settings.take("seed", request.seed);
    settings.take("epoch", request.epoch);
    settings.take("memory", request.memory);
    settings.take("threads", request.threads);
    settings.take("device", request.device);
    std::string state;
    settings.take("state", state);
    request.state = state;
    for (const auto &[name, value] : options)
        arrays::set_option(request.options, nb::cast<std::string>(name), nb::cast<std::string>(value));
    return request;
}

/// Asks now and then whether a signal has come, as the interpreter does between its own steps.
class signal_check {
  public:
    void operator()() {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(50)) return;
        last_ = now;
        const nb::gil_scoped_acquire locked;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
    }

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

nb::dict select(const nb::dict &given, const nb::dict &options, nb::object progress) {
    auto request = request_of(given, options);
    request.between_steps = signal_check();
    if (!progress.is_none()) {
        request.progress = [&progress](std::size_t done, std::size_t pools) {
            const nb::gil_scoped_acquire locked;
            progress(done, pools);
        };
    }
    arrays::select_result result;
    {
        const nb::gil_scoped_release unlocked;
        result = arrays::select(request);
    }
    nb::dict out;
    out["indices"] = array_of(std::move(result.indices));
    out["weights"] = result.weights.empty() ? nb::object(nb::none()) : array_of(std::move(result.weights));
    out["scores"] = result.scores.empty() ? nb::object(nb::none()) : array_of(std::move(result.scores));
    out["report"] = result.report;
    return out;
}

nb::dict estimate(const nb::dict &given, const nb::dict &options) {
    const auto request = request_of(given, options);
    arrays::select_estimate found;
    {
        const nb::gil_scoped_release unlocked;
        found = arrays::estimate(request);
    }
    nb::dict out;
    out["method"] = found.method;
    out["budget"] = found.exact ? "exactly" : "at most";
    out["kept"] = found.kept;
    out["samples"] = found.samples;
    out["classes"] = found.classes;
    out["largest_pool"] = found.largest;
    out["similarities"] = found.similarities;
    out["known"] = found.known;
    out["bytes"] = found.bytes;
    out["machine_bytes"] = found.machine_bytes;
    out["threads"] = found.threads;
    out["seconds"] = found.known ? nb::object(nb::float_(found.seconds)) : nb::object(nb::none());
    return out;
}

nb::list methods() {
    nb::list all;
    for (const auto &one : arrays::list_methods()) {
        nb::dict method;
        method["name"] = std::string(one.name);
        method["summary"] = std::string(one.summary);
        method["needs"] = one.needs;
        method["options"] = one.options;
        method["weights"] = one.weights;
        method["scorer"] = one.scorer;
        method["exact"] = one.exact;
        method["chance"] = one.chance;
        method["utility"] = one.utility;
        all.append(method);
    }
    return all;
}

nb::list options() {
    nb::list all;
    for (const auto &one : arrays::list_options()) {
        nb::dict option;
        option["name"] = one.name;
        option["range"] = one.range;
        option["read_by"] = one.read_by;
        option["help"] = one.help;
        option["default"] = one.initial;
        option["words"] = one.words;
        option["kind"] = std::string(1, one.kind);
        all.append(option);
    }
    return all;
}

} // namespace

void bind_select(nb::module_ &module) {
    module.def("select", &select, nb::arg("settings"), nb::arg("options"), nb::arg("progress").none());
    module.def("estimate", &estimate, nb::arg("settings"), nb::arg("options"));
    module.def("methods", &methods);
    module.def("options", &options);
    module.def("rank_correlation", [](const std::vector<double> &a, const std::vector<double> &b) {
        require(a.size() == b.size(), "C34", "stability: scores of ", a.size(), " and of ", b.size(),
                " samples: give selections from the same samples");
        return arrays::rank_correlation(a, b);
    });
    module.def("jaccard_overlap", [](const std::vector<std::int64_t> &a, const std::vector<std::int64_t> &b) {
        return arrays::jaccard_overlap(a, b);
    });
    module.def("expected_overlap", &arrays::expected_overlap, nb::arg("a"), nb::arg("b"), nb::arg("samples"));
}

} // namespace lipt::python
