#include <lipt/adapters/cli/selection_files.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

void write_csv(const fs::path &path, const arrays::select_result &chosen) {
    std::string text = "index";
    if (!chosen.labels.empty()) text += ",class";
    if (!chosen.weights.empty()) text += ",weight";
    if (!chosen.scores.empty()) text += ",score";
    text += '\n';
    for (std::size_t i = 0; i < chosen.indices.size(); ++i) {
        const auto index = static_cast<std::size_t>(chosen.indices[i]);
        fmt::format_to(std::back_inserter(text), "{}", index);
        if (!chosen.labels.empty()) fmt::format_to(std::back_inserter(text), ",{}", chosen.labels[index]);
        if (!chosen.weights.empty()) fmt::format_to(std::back_inserter(text), ",{}", chosen.weights[i]);
        if (!chosen.scores.empty()) fmt::format_to(std::back_inserter(text), ",{}", chosen.scores[index]);
        text += '\n';
    }
    write_file(path, text);
}

} // namespace

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
    const auto add_input = [&](const std::string &flag, const arrays::array_input &input) {
        if (input.path() != nullptr) add(flag, *input.path(), false);
    };
    const auto &request = asked.request;
    add_input("--labels", request.labels);
    add_input("--logits", request.logits);
    add_input("--embeddings", request.embeddings);
    add_input("--residuals", request.residuals);
    add_input("--validation-labels", request.validation_labels);
    add_input("--validation-logits", request.validation_logits);
    add_input("--validation-embeddings", request.validation_embeddings);
    add_input("--last-layer", request.last_layer);
    add_input("--scores", request.scores);
    add("--out", asked.out, true);
    add("the report beside --out", report_path(asked.out), true);
    add("the state beside --out", state_path(asked.out), true);
    add("--weights-out", asked.weights_out, true);
    add("--scores-out", asked.scores_out, true);
    add("--csv", asked.csv, true);
}

void write_selection(const array_selection &asked, const arrays::select_result &chosen) {
    const std::vector<float> ones(chosen.weights.empty() ? chosen.indices.size() : 0, 1.0f);
    if (!asked.scores_out.empty()) write_npy<float>(asked.scores_out, chosen.scores);
    if (!asked.weights_out.empty()) write_npy<float>(asked.weights_out, ones.empty() ? chosen.weights : ones);
    if (!asked.csv.empty()) write_csv(asked.csv, chosen);
    write_file(report_path(asked.out), chosen.report);
    write_npy<std::int64_t>(asked.out, chosen.indices);
}

} // namespace lipt::adapters
