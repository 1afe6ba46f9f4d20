#include <lipt/adapters/report/charts.hpp>
#include <lipt/adapters/report/format.hpp>
#include <lipt/adapters/report/view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace lipt::adapters::report {
namespace {

using nlohmann::json;

constexpr const char *unknown = "–";

template <class Value, class Format>
std::string shown(const std::optional<Value> &value, Format format) {
    return value ? format(*value) : unknown;
}

std::string share(const std::optional<double> &value) {
    return shown(value, [](double number) { return percent(number); });
}

std::string with_deviation(const std::optional<spread> &value) { return shown(value, share_over); }

std::string mean(const std::optional<spread> &value, std::string (*format)(double)) {
    return shown(value, [=](const spread &s) { return format(s.mean); });
}

std::string title_of(const comparison_row &row) {
    const json &model = *row.runs.front();
    const auto data = text_at(model, "/config/data/name");
    const std::string on = data.empty() ? "the data" : data;
    if (!row.final_accuracy) return text_at(model, "/name") + " on " + on + ", not finished yet";
    const auto fraction = number_at(model, "/config/settings/fraction");
    const auto all = number_at(model, "/config/data/train");
    const auto whole = (all ? count(*all) + " images of " : "") + on;
    const auto seeds = row.finished() > 1 ? ", " + count(static_cast<double>(row.finished())) + " seeds" : "";
    const auto accuracy = share_over(*row.final_accuracy) + " accuracy from ";
    if (!fraction || *fraction >= 1) return accuracy + "all " + whole + seeds;
    const bool fresh = row.is_fresh();
    return accuracy + (fresh ? "a fresh " : "") + plain(json(100 * *fraction)) + "% of " + whole +
           (fresh ? " each epoch" : "") + seeds;
}

/// "seed 1", "seeds 1, 2, 3", or nothing where it is not known.
std::string seeds_of(const comparison_row &row) {
    std::string list;
    for (const json *run : row.runs) {
        if (const auto *seed = find_at(*run, "/config/settings/seed"))
            list += (list.empty() ? "" : ", ") + plain(*seed);
    }
    return list.empty() ? "" : (row.runs.size() > 1 ? "seeds " : "seed ") + list;
}

/// What a part of the page is headed by that tells of one run alone, where the row has several.
std::string of_one_seed(const comparison_row &row) {
    const auto *seed = find_at(*row.runs.front(), "/config/settings/seed");
    return row.runs.size() > 1 && seed != nullptr ? ", seed " + plain(*seed) : "";
}

std::string eyebrow_of(const comparison_row &row) {
    const json &model = *row.runs.front();
    std::string line = text_at(model, "/name");
    for (const char *pointer : {"/config/settings/network", "/config/settings/selector"}) {
        if (const auto word = text_at(model, pointer); !word.empty()) line += " · " + word;
    }
    const auto seeds = seeds_of(row);
    return seeds.empty() ? line : line + " · " + seeds;
}

json cards_of(const comparison_row &row) {
    json cards = json::array();
    const auto card = [&](const char *label, const std::string &value, const std::string &note) {
        cards.push_back({{"label", label}, {"value", value}, {"note", note}});
    };
    if (row.final_accuracy) {
        card("Final accuracy", share_over(*row.final_accuracy),
             row.best_accuracy ? "best of any epoch " + share_over(*row.best_accuracy) : "on the test set");
    }
    const auto value = [&](const char *pointer) {
        return spread_over(row, [=](const json &run) { return number_at(run, pointer); });
    };
    if (const auto size = value("/result/subset/size")) {
        const auto fraction = value("/result/subset/fraction");
        card("Subset", count(size->mean),
             fraction ? plain(json(100 * fraction->mean)) + "% of the training images" : "images");
    }
    if (row.pretraining_s && row.pretraining_s->mean > 0) {
        card("Pre-training", duration(row.pretraining_s->mean),
             mean(row.pretraining_forward, count) + " forward, " + mean(row.pretraining_backward, count) +
                 " backward");
    }
    if (row.total_s) {
        card("All stages", duration(row.total_s->mean),
             "main training " + duration(row.training_s ? row.training_s->mean : 0));
    }
    return cards;
}

json comparison_of(const std::vector<comparison_row> &rows) {
    json lines = json::array();
    bool held = false;
    for (const auto &row : rows) {
        std::string against = unknown;
        const auto *random = random_beside(row, rows);
        if (random != nullptr && row.final_accuracy) {
            held = true;
            against = fmt::format("{:+.1f}", 100 * (row.final_accuracy->mean - random->final_accuracy->mean));
        }
        lines.push_back(
            {{"name", row.name},
             {"subject", &row == &rows.front()},
             {"final", with_deviation(row.final_accuracy)},
             {"best", with_deviation(row.best_accuracy)},
             {"against", against},
             {"pretraining", mean(row.pretraining_s, duration)},
             {"forward", mean(row.pretraining_forward, count)},
             {"backward", mean(row.pretraining_backward, count)},
             {"selection", mean(row.selection_s, duration)},
             {"training", mean(row.training_s, duration)},
             {"total", mean(row.total_s, duration)},
             {"total_samples", mean(row.total_forward, count) + " / " + mean(row.total_backward, count)}});
    }
    const bool there = std::any_of(rows.begin(), rows.end(), [](const auto &row) { return row.is_random(); });
    return {{"rows", lines},
            {"note", seed_note(rows)},
            {"no_random", !there},
            {"random", held},
            {"apart", there && !held}};
}

json curve_of(const std::vector<comparison_row> &rows) {
    json runs = json::array();
    for (const auto &row : rows) {
        json epochs = json::array();
        for (const auto &epoch : list_at(*row.runs.front(), "/epochs")) {
            epochs.push_back({{"epoch", shown(number_at(epoch, "/epoch"), count)},
                              {"loss", shown(number_at(epoch, "/loss"),
                                             [](double v) { return fmt::format("{:.4f}", v); })},
                              {"rate", shown(number_at(epoch, "/learning_rate"),
                                             [](double v) { return fmt::format("{:.4g}", v); })},
                              {"accuracy", share(number_at(epoch, "/accuracy"))}});
        }
        if (!epochs.empty()) runs.push_back({{"run", row.name + of_one_seed(row)}, {"epochs", epochs}});
    }
    return runs;
}

json trials_of(const json &model) {
    const auto points = [](double value) { return fmt::format("{:+.1f}", 100 * value); };
    const auto unsigned_points = [](double value) { return fmt::format("{:.1f}", 100 * value); };
    json lines = json::array();
    for (const auto &trial : list_at(model, "/trials/trials")) {
        lines.push_back({{"rung", shown(number_at(trial, "/rung"), count)},
                         {"candidate", text_at(trial, "/candidate")},
                         {"samples", shown(number_at(trial, "/samples"), count)},
                         {"accuracy", share(number_at(trial, "/accuracy"))},
                         {"ahead", shown(number_at(trial, "/ahead"), points)},
                         {"error", shown(number_at(trial, "/error"), unsigned_points)}});
    }
    json verdict = false;
    if (const auto rival = text_at(model, "/trials/rival"); !rival.empty()) {
        verdict = {{"rival", rival},
                   {"ahead", shown(number_at(model, "/trials/ahead"), points)},
                   {"error", shown(number_at(model, "/trials/error"), unsigned_points)}};
    }
    return {{"chosen", text_at(model, "/trials/chosen")},
            {"baseline", text_at(model, "/trials/baseline")},
            {"verdict", verdict},
            {"scored", shown(number_at(model, "/trials/scored_images"), count)},
            {"rows", lines}};
}

json soup_of(const json &model) {
    json lines = json::array();
    for (const auto &ingredient : list_at(model, "/soup/ingredients")) {
        const auto two = [](double value) { return fmt::format("{:.2f}", value); };
        lines.push_back(
            {{"order", shown(number_at(ingredient, "/order"), count)},
             {"worker", shown(number_at(ingredient, "/worker"), count)},
             {"density", shown(number_at(ingredient, "/density"), two)},
             {"alone", share(number_at(ingredient, "/accuracy"))},
             {"alpha", shown(number_at(ingredient, "/alpha"), two)},
             {"before", lines.empty() ? unknown : share(number_at(ingredient, "/before"))}, // no soup yet
             {"after", share(number_at(ingredient, "/after"))},
             {"kept", flag_at(ingredient, "/kept")},
             {"reason", text_at(ingredient, "/reason")}});
    }
    json refused = json::array();
    for (const auto &worker : list_at(model, "/soup/refused")) {
        refused.push_back(
            {{"worker", shown(number_at(worker, "/worker"), count)}, {"reason", text_at(worker, "/reason")}});
    }
    json soup{{"method", text_at(model, "/soup/method")},
              {"rows", lines},
              {"refused", refused},
              {"has_rows", !lines.empty()},
              {"has_refused", !refused.empty()}};
    std::string summary;
    const auto before = number_at(model, "/soup/theta_star_accuracy"),
               after = number_at(model, "/soup/accuracy");
    if (before && after) {
        summary = "Held-out accuracy: " + percent(*before) + " at the common start, " + percent(*after) +
                  " after merging. ";
    }
    const auto images = number_at(model, "/soup/scored_images"),
               evaluations = number_at(model, "/soup/evaluations");
    if (evaluations)
        summary += counted(*evaluations, "evaluation") +
                   (images ? " on " + counted(*images, "held-out image") : "") + ".";
    soup["summary"] = summary;
    return soup;
}

json costs_of(const std::vector<comparison_row> &rows) {
    static const std::map<std::string, std::string> meaning{
        {"initialize", "the common start"},           {"pretrain", "conventional pre-training"},
        {"local", "the workers, each alone"},         {"merge", "the soup"},
        {"features", "a clean pass over the images"}, {"select", "choosing the subset"},
        {"train", "training on the subset"}};
    json runs = json::array();
    for (const auto &row : rows) {
        const auto &run = *row.runs.front();
        const double total = cost_of(run, cost_group::all, "wall_s").value_or(0);
        json lines = json::array();
        for (const auto &stage : list_at(run, "/result/stages")) {
            const auto name = text_at(stage, "/name");
            const auto wall = number_at(stage, "/wall_s");
            const auto says = meaning.find(name);
            lines.push_back(
                {{"stage", name},
                 {"meaning", says == meaning.end() ? "" : says->second},
                 {"wall", shown(wall, duration)},
                 {"cpu", shown(number_at(stage, "/cpu_s"), duration)},
                 {"share", fmt::format("{:.1f}", total > 0 ? 100 * wall.value_or(0) / total : 0.0)},
                 {"read", shown(number_at(stage, "/samples_read"), count)},
                 {"forward", shown(number_at(stage, "/forward"), count)},
                 {"backward", shown(number_at(stage, "/backward"), count)},
                 {"sent", shown(number_at(stage, "/bytes_to_workers"), data_size)},
                 {"received", shown(number_at(stage, "/bytes_from_workers"), data_size)},
                 {"peak", shown(number_at(stage, "/peak_mib"), count)}});
        }
        if (lines.empty()) continue;
        const auto all = [&](const char *key) { return cost_of(run, cost_group::all, key).value_or(0); };
        runs.push_back({{"run", row.name + of_one_seed(row)},
                        {"stages", lines},
                        {"wall", duration(total)},
                        {"cpu", duration(all("cpu_s"))},
                        {"read", count(all("samples_read"))},
                        {"forward", count(all("forward"))},
                        {"backward", count(all("backward"))},
                        {"sent", data_size(all("bytes_to_workers"))},
                        {"received", data_size(all("bytes_from_workers"))}});
    }
    return runs;
}

json classes_of(const json &model) {
    const auto &kept = list_at(model, "/result/subset/class_counts");
    const auto &available = list_at(model, "/result/subset/available");
    json lines = json::array();
    for (std::size_t c = 0; c < kept.size(); ++c) {
        const double number = number_at(kept[c], "").value_or(0);
        const double all = c < available.size() ? number_at(available[c], "").value_or(0) : 0;
        lines.push_back({{"name", class_name(model, c)},
                         {"kept", count(number)},
                         {"available", all > 0 ? count(all) : unknown},
                         {"share", all > 0 ? percent(number / all) : unknown}});
    }
    std::string note;
    const auto low = number_at(model, "/weights/min"), high = number_at(model, "/weights/max");
    if (low && high) {
        note = fmt::format("The chosen samples weigh {:.3g} to {:.3g} in the loss, {:.3g} on average.", *low,
                           *high, number_at(model, "/weights/mean").value_or(0));
    }
    return {{"rows", lines}, {"note", note}};
}

json sheets_of(const json &model) {
    json sheets = json::array();
    for (const auto &sheet : list_at(model, "/sheets")) {
        json images = json::array();
        for (const auto &image : list_at(sheet, "/images")) {
            const auto label = number_at(image, "/label");
            images.push_back(
                {{"png", text_at(image, "/png")},
                 {"name",
                  label && *label >= 0 ? class_name(model, static_cast<std::size_t>(*label)) : unknown},
                 {"score",
                  shown(number_at(image, "/score"), [](double v) { return fmt::format("{:.4g}", v); })},
                 {"index",
                  shown(number_at(image, "/index"), [](double v) { return fmt::format("{:.0f}", v); })},
                 {"kept", flag_at(image, "/kept")}});
        }
        if (!images.empty()) sheets.push_back({{"title", text_at(sheet, "/title")}, {"images", images}});
    }
    return sheets;
}

json settings_of(const json &model) {
    json lines = json::array();
    const auto *settings = find_at(model, "/config/settings");
    if (settings == nullptr || !settings->is_object()) return lines;
    for (const auto &[flag, value] : settings->items())
        lines.push_back({{"flag", "--" + flag}, {"value", plain(value)}});
    return lines;
}

json origin_of(const json &model) {
    json lines = json::array();
    const auto line = [&](const char *what, const char *pointer) {
        if (const auto *value = find_at(model, pointer))
            lines.push_back({{"what", what}, {"value", plain(*value)}});
    };
    line("LiPT", "/config/lipt");
    line("Seed", "/config/settings/seed");
    line("Data", "/config/data/name");
    line("Data fingerprint", "/config/data/fingerprint");
    line("Training images", "/config/data/train");
    line("Of training images in the data set", "/config/data/all");
    line("Test images", "/config/data/test");
    line("Classes", "/config/data/classes");
    line("Image shape (ch,h,w)", "/config/data/shape");
    return lines;
}

} // namespace

json view_of(const json &subject, const std::vector<comparison_row> &rows) {
    const auto &self = rows.front();
    json view{{"title", title_of(self)},
              {"eyebrow", eyebrow_of(self)},
              {"story", story_of(rows)},
              {"of_seed", of_one_seed(self)},
              {"cards", cards_of(self)}};
    const auto section = [&](const char *key, json content, const char *list = nullptr) {
        const bool something = list == nullptr ? !content.empty() : !content[list].empty();
        if (something) view[key] = list == nullptr ? json{{"items", std::move(content)}} : std::move(content);
    };
    if (rows.size() > 1) section("comparison", comparison_of(rows), "rows");
    section("curve", curve_of(rows));
    if (subject.contains("soup")) view["soup"] = soup_of(subject);
    if (subject.contains("trials")) view["trials"] = trials_of(subject);
    section("costs", costs_of(rows));
    section("classes", classes_of(subject), "rows");
    section("contact", sheets_of(subject));
    section("settings", settings_of(subject));
    section("origin", origin_of(subject));
    return view;
}

} // namespace lipt::adapters::report
