#include <lipt/adapters/report/charts.hpp>
#include <lipt/adapters/report/format.hpp>

namespace lipt::adapters::report {
namespace {

using nlohmann::json;

json in_percent(const std::optional<double> &share) { return share ? json(100 * *share) : json(nullptr); }
json in_percent(const std::optional<spread> &share) {
    return share ? json(100 * share->mean) : json(nullptr);
}
json mean_of(const std::optional<spread> &value) { return json(value ? value->mean : 0.0); }

void add_comparison(json &charts, const std::vector<comparison_row> &rows) {
    json labels = json::array(), accuracy = json::array();
    json pretraining = json::array(), selection = json::array(), training = json::array();
    for (const auto &row : rows) {
        labels.push_back(row.name);
        accuracy.push_back(in_percent(row.final_accuracy));
        pretraining.push_back(mean_of(row.pretraining_s));
        selection.push_back(mean_of(row.selection_s));
        training.push_back(mean_of(row.training_s));
    }
    charts["accuracy"] = {{"labels", labels}, {"values", accuracy}};
    charts["cost"] = {{"labels", labels},
                      {"parts", json::array({{{"label", "pre-training"}, {"values", pretraining}},
                                             {{"label", "selection"}, {"values", selection}},
                                             {{"label", "main training"}, {"values", training}}})}};
}

void add_curves(json &charts, const std::vector<comparison_row> &rows) {
    json curves = json::array();
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (const json *run : rows[r].runs) {
            json line = json::array();
            for (const auto &epoch : list_at(*run, "/epochs")) {
                const auto accuracy = number_at(epoch, "/accuracy");
                if (accuracy)
                    line.push_back({{"x", number_at(epoch, "/epoch").value_or(0)}, {"y", 100 * *accuracy}});
            }
            const auto *seed = find_at(*run, "/config/settings/seed");
            const bool several = rows[r].runs.size() > 1 && seed != nullptr;
            const auto label = rows[r].name + (several ? ", seed " + plain(*seed) : "");
            if (!line.empty()) curves.push_back({{"label", label}, {"row", r}, {"points", line}});
        }
    }
    if (!curves.empty()) charts["curves"] = curves;
}

void add_soup(json &charts, const json &subject) {
    json labels = json::array(), alone = json::array(), kept = json::array(), after = json::array();
    for (const auto &ingredient : list_at(subject, "/soup/ingredients")) {
        const auto worker = number_at(ingredient, "/worker");
        labels.push_back("worker " + (worker ? count(*worker) : "?"));
        alone.push_back(in_percent(number_at(ingredient, "/accuracy")));
        kept.push_back(flag_at(ingredient, "/kept"));
        after.push_back(in_percent(number_at(ingredient, kept.back() ? "/after" : "/before")));
    }
    if (labels.empty()) return;
    charts["soup"] = {{"labels", labels}, {"alone", alone}, {"kept", kept}, {"soup", after}};
    charts["soup"]["start"] = in_percent(number_at(subject, "/soup/theta_star_accuracy"));
}

void add_classes(json &charts, const json &subject) {
    const auto &kept = list_at(subject, "/result/subset/class_counts");
    const auto &available = list_at(subject, "/result/subset/available");
    if (kept.empty()) return;
    json labels = json::array();
    for (std::size_t c = 0; c < kept.size(); ++c) labels.push_back(class_name(subject, c));
    charts["classes"] = {{"labels", labels}, {"kept", kept}};
    if (available.size() == kept.size()) charts["classes"]["available"] = available;
}

} // namespace

std::string class_name(const json &model, std::size_t c) {
    const auto &names = list_at(model, "/config/data/class_names");
    return c < names.size() && names[c].is_string() ? names[c].get<std::string>()
                                                    : "class " + std::to_string(c);
}

json charts_of(const json &subject, const std::vector<comparison_row> &rows) {
    json charts = json::object();
    if (rows.size() > 1) add_comparison(charts, rows);
    add_curves(charts, rows);
    add_soup(charts, subject);
    add_classes(charts, subject);
    return charts;
}

} // namespace lipt::adapters::report
