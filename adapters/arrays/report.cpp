#include <lipt/adapters/arrays/report.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace lipt::arrays {
namespace {

using json = nlohmann::ordered_json;

struct to_json {
    std::map<std::string, json> &settings;

    template <class Value>
    void operator()(const option_about &about, const Value &value) {
        settings[std::string(about.name)] = value;
    }
    void operator()(const option_about &about, const float &value) {
        // The shortest number that is this float, not what double makes of it.
        settings[std::string(about.name)] = json::parse(fmt::format("{}", value));
    }
    template <class Value, std::size_t Count>
    void operator()(const option_about &about, const Value &value, const option_word<Value> (&words)[Count]) {
        for (const auto &[word, meaning] : words) {
            if (meaning == value) settings[std::string(about.name)] = word;
        }
    }
};

/// All that the picks depend on, besides the arrays, by name.
json settings_of(const select_request &request, const named_method &method) {
    std::map<std::string, json> settings{{"method", request.method},
                                         {"balanced", request.balanced},
                                         {"at-least-one", request.at_least_one},
                                         {"raw-weights", request.raw_weights},
                                         {"seed", request.seed},
                                         {"epoch", request.epoch},
                                         {"max-memory", request.memory >> 20},
                                         {"device", request.device}};
    if (request.count)
        settings["count"] = *request.count;
    else
        settings["fraction"] = request.fraction;
    auto options = method.options;
    describe(options, to_json{settings});
    json all = json::object();
    for (auto &[name, value] : settings) all[name] = std::move(value);
    return all;
}

json arrays_of(const named_arrays &arrays) {
    json all = json::object();
    for (const auto &[name, array] : arrays) {
        json &one = all[name] = {{"file", array.name}, {"type", array.type}, {"shape", array.shape}};
        if (!array.fingerprint.empty()) one["fingerprint"] = array.fingerprint;
        if (array.modified != 0) one["modified_ns"] = array.modified;
        if (array.address != 0) one["address"] = array.address;
    }
    return all;
}

/// One line a key, however long its value: for people who look into the file.
std::string lines_of(const json &object) {
    std::string text;
    for (const auto &[key, value] : object.items())
        text += fmt::format("{}{}: {}", text.empty() ? "{\n  " : ",\n  ", json(key).dump(),
                            value.dump(-1, ' ', false, json::error_handler_t::replace));
    return text + "\n}\n";
}

} // namespace

std::string similarity_words(const selection_estimate &estimate, std::size_t neighbours) {
    if (!estimate.known) return "unknown";
    const std::size_t others = estimate.recomputed + estimate.sparse; // of one kind, as the settings say
    if (others == 0) return estimate.kept > 0 ? "kept" : "none";
    const auto kind = estimate.recomputed > 0
                          ? std::string("recomputed")
                          : fmt::format("sparse, the {} nearest of each sample", neighbours);
    if (estimate.kept == 0) return kind;
    return fmt::format("kept for {} of {} classes, for the others {}", estimate.kept, estimate.kept + others,
                       kind);
}

std::string selection_key(const select_request &request, const named_method &method,
                          const named_arrays &arrays, std::string_view backend) {
    auto without_places = arrays; // the same numbers elsewhere in memory are the same array
    for (auto &[name, array] : without_places) array.address = 0;
    return json({{"version", LIPT_VERSION},
                 {"backend", backend},
                 {"settings", settings_of(request, method)},
                 {"arrays", arrays_of(without_places)}})
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string report_of(const select_request &request, const named_method &method, const select_result &result,
                      const std::vector<std::size_t> &available, const named_arrays &arrays,
                      const selection_means &means) {
    std::vector<std::size_t> kept(available.size());
    for (const auto index : result.indices)
        ++kept[result.labels.empty()
                   ? 0
                   : static_cast<std::size_t>(result.labels[static_cast<std::size_t>(index)])];
    return lines_of({{"version", 1},
                     {"program", "lipt " LIPT_VERSION},
                     {"method", request.method},
                     {"budget", result.exact ? "exactly" : "at most"},
                     {"samples", result.samples},
                     {"classes", result.classes},
                     {"kept", result.indices.size()},
                     {"class_counts", kept},
                     {"available", available},
                     {"weights", !method.info.weights  ? "none"
                                 : request.raw_weights ? "raw"
                                                       : "mean 1"},
                     {"similarities", result.similarities},
                     {"backend", means.backend},
                     {"device", request.device},
                     {"threads", means.threads},
                     {"notices", result.notices},
                     {"settings", settings_of(request, method)},
                     {"arrays", arrays_of(arrays)}});
}

} // namespace lipt::arrays
