#include <lipt/adapters/cli/selection_files.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/version.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <map>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

/// A flag's value as a number or a truth value where it is one.
json value_of(const std::string &text) {
    if (text == "true" || text == "false") return text == "true";
    const auto parsed = json::parse(text, nullptr, false);
    return parsed.is_number() ? parsed : json(text);
}

json settings_of(const array_selection &asked) {
    json settings = json::object();
    for (const auto &[name, value] : asked.settings) settings[name] = value_of(value);
    return settings;
}

json arrays_of(const named_arrays &arrays) {
    json all = json::object();
    for (const auto &[name, array] : arrays) {
        all[name] = {{"file", array.path.string()},
                     {"type", array.type},
                     {"shape", array.shape},
                     {"fingerprint", array.fingerprint},
                     {"modified_ns", array.modified}};
    }
    return all;
}

/// One line a key, however long its value: for people who look into the file.
std::string lines_of(const json &object) {
    std::string text;
    for (const auto &[key, value] : object.items())
        text += fmt::format("{}{}: {}", text.empty() ? "{\n  " : ",\n  ", json(key).dump(), value.dump());
    return text + "\n}\n";
}

void write_csv(const fs::path &path, std::span<const std::int32_t> labels, const selection &chosen) {
    std::string text = "index,class";
    if (!chosen.weights.empty()) text += ",weight";
    if (!chosen.scores.empty()) text += ",score";
    text += '\n';
    for (std::size_t i = 0; i < chosen.indices.size(); ++i) {
        const auto index = static_cast<std::size_t>(chosen.indices[i]);
        fmt::format_to(std::back_inserter(text), "{},{}", index, labels[index]);
        if (!chosen.weights.empty()) fmt::format_to(std::back_inserter(text), ",{}", chosen.weights[i]);
        if (!chosen.scores.empty()) fmt::format_to(std::back_inserter(text), ",{}", chosen.scores[index]);
        text += '\n';
    }
    write_file(path, text);
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

void check_files(const array_selection &asked) {
    std::map<fs::path, std::string> seen;
    const auto add = [&](const std::string &flag, const fs::path &path, bool output) {
        if (path.empty()) return;
        std::error_code code;
        auto resolved = fs::weakly_canonical(path, code);
        if (code) resolved = fs::absolute(path);
        const auto [other, fresh] = seen.emplace(resolved, flag);
        require(fresh || !output, "U31", "select: ", flag, " and ", other->second, " are both '",
                path.string(), "': each output needs a file of its own");
        const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
        require(!output || fs::is_directory(folder, code), "U32", "select: ", flag, " is '", path.string(),
                "', but there is no such directory: make it first");
    };
    add("--labels", asked.labels, false);
    add("--logits", asked.logits, false);
    add("--embeddings", asked.embeddings, false);
    add("--validation-labels", asked.validation_labels, false);
    add("--validation-logits", asked.validation_logits, false);
    add("--validation-embeddings", asked.validation_embeddings, false);
    add("--last-layer", asked.last_layer, false);
    add("--scores", asked.scores, false);
    add("--out", asked.out, true);
    add("the report beside --out", report_path(asked.out), true);
    add("the state beside --out", state_path(asked.out), true);
    add("--weights-out", asked.weights_out, true);
    add("--scores-out", asked.scores_out, true);
    add("--csv", asked.csv, true);
}

std::string fill_weights(const array_selection &asked, const method_info &method, selection &chosen) {
    if (method.weights || asked.weights_out.empty()) return "";
    chosen.weights.assign(chosen.indices.size(), 1.0f);
    return fmt::format("{} gives no weights: '{}' has ones", asked.method, asked.weights_out.string());
}

std::string selection_key(const array_selection &asked, const named_arrays &arrays,
                          std::string_view backend) {
    return json({{"version", LIPT_VERSION},
                 {"backend", backend},
                 {"settings", settings_of(asked)},
                 {"arrays", arrays_of(arrays)}})
        .dump();
}

void write_selection(const array_selection &asked, const method_info &method,
                     std::span<const std::int32_t> labels, std::size_t classes, const selection &chosen,
                     const named_arrays &arrays, const selection_means &means) {
    std::vector<std::size_t> kept(classes), available(classes);
    for (const auto label : labels) ++available[static_cast<std::size_t>(label)];
    for (const auto index : chosen.indices)
        ++kept[static_cast<std::size_t>(labels[static_cast<std::size_t>(index)])];
    const json report{{"version", 1},
                      {"program", "lipt " LIPT_VERSION},
                      {"method", asked.method},
                      {"budget", method.exact ? "exactly" : "at most"},
                      {"samples", labels.size()},
                      {"classes", classes},
                      {"kept", chosen.indices.size()},
                      {"class_counts", kept},
                      {"available", available},
                      {"weights", !method.weights     ? "none"
                                  : asked.raw_weights ? "raw"
                                                      : "mean 1"},
                      {"similarities", means.similarity},
                      {"backend", means.backend},
                      {"device", asked.device},
                      {"threads", means.threads},
                      {"settings", settings_of(asked)},
                      {"arrays", arrays_of(arrays)}};
    if (!asked.scores_out.empty()) write_npy<float>(asked.scores_out, chosen.scores);
    if (!asked.weights_out.empty()) write_npy<float>(asked.weights_out, chosen.weights);
    if (!asked.csv.empty()) write_csv(asked.csv, labels, chosen);
    write_file(report_path(asked.out), lines_of(report));
    write_npy<std::int64_t>(asked.out, chosen.indices);
}

} // namespace lipt::adapters
