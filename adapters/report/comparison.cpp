#include <lipt/adapters/report/comparison.hpp>
#include <lipt/adapters/report/format.hpp>
#include <lipt/adapters/report/report.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

namespace lipt::adapters::report {
namespace {

using nlohmann::json;

void summarise(comparison_row &row) {
    const auto value = [&](const char *pointer) {
        return spread_over(row, [=](const json &run) { return number_at(run, pointer); });
    };
    const auto cost = [&](cost_group group, const char *key) {
        return spread_over(row, [=](const json &run) { return cost_of(run, group, key); });
    };
    row.final_accuracy = value("/result/accuracy/final");
    row.best_accuracy = value("/result/accuracy/best");
    row.pretraining_s = cost(cost_group::pretraining, "wall_s");
    row.selection_s = cost(cost_group::selection, "wall_s");
    row.training_s = cost(cost_group::training, "wall_s");
    row.total_s = cost(cost_group::all, "wall_s");
    row.pretraining_forward = cost(cost_group::pretraining, "forward");
    row.pretraining_backward = cost(cost_group::pretraining, "backward");
    row.total_forward = cost(cost_group::all, "forward");
    row.total_backward = cost(cost_group::all, "backward");
}

/// What a run was made with and on, less the seed, the label and where the data lies.
json shape_of(const json &model) {
    json shape = json::object();
    if (const auto *settings = find_at(model, "/config/settings"); settings && settings->is_object()) {
        shape = *settings;
        for (const char *key : {"seed", "name", "data"}) shape.erase(key);
    }
    for (const char *key : {"fingerprint", "train", "test"}) {
        if (const auto *value = find_at(model, (std::string("/config/data/") + key).c_str()))
            shape[std::string("data ") + key] = *value;
    }
    return shape;
}

/// Adds to the names of rows of one name the settings in which they differ; three at most, since the others
/// follow from them as a rule.
void tell_apart(std::vector<comparison_row> &rows) {
    std::map<std::string, std::vector<comparison_row *>> same;
    for (auto &row : rows) same[row.name].push_back(&row);
    for (auto &[name, group] : same) {
        if (group.size() < 2) continue;
        std::vector<json> shapes;
        std::set<std::string> keys;
        for (const auto *row : group) {
            shapes.push_back(shape_of(*row->runs.front()));
            for (const auto &[key, value] : shapes.back().items()) keys.insert(key);
        }
        std::vector<std::string> told(group.size());
        std::size_t shown = 0;
        for (const auto &key : keys) {
            const auto value = [&](const json &shape) { return shape.value(key, json()); };
            const auto differs = [&](const json &shape) { return value(shape) != value(shapes.front()); };
            if (std::none_of(shapes.begin(), shapes.end(), differs)) continue;
            if (++shown > 3) break;
            for (std::size_t i = 0; i < group.size(); ++i)
                told[i] += (shown > 1 ? ", " : "") + key + " " + plain(value(shapes[i]));
        }
        for (std::size_t i = 0; i < group.size(); ++i) group[i]->name += " (" + told[i] + ")";
    }
}

/// Width on a terminal, for text without wide or combining characters.
std::size_t width_of(const std::string &text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

std::string padded(const std::string &text, std::size_t width, bool right) {
    const std::string space(width - std::min(width, width_of(text)), ' ');
    return right ? space + text : text + space;
}

/// A name in one line: control characters would disarrange a terminal.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(),
        [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }, ' ');
    return text;
}

std::string shown(const std::optional<spread> &value, std::string (*format)(double)) {
    return value ? format(value->mean) : "-";
}

std::string accuracy(const std::optional<spread> &value) { return value ? share_over(*value) : "-"; }

std::string samples(const std::optional<spread> &forward, const std::optional<spread> &backward) {
    if (!forward && !backward) return "-";
    return count(forward ? forward->mean : 0) + " / " + count(backward ? backward->mean : 0);
}

/// Names the rows of which a run was left out; empty, or begins with a space.
std::string repeated_note(const std::vector<comparison_row> &rows) {
    std::string note;
    for (const auto &row : rows) {
        if (row.repeated > 0)
            note += " " + row.name + " was given with the same seed more than once, which counts once.";
    }
    return note;
}

} // namespace

bool belongs_to(const std::string &stage, cost_group group) {
    constexpr std::array pretraining{"initialize", "local", "merge", "pretrain"};
    constexpr std::array selection{"features", "select"};
    switch (group) {
    case cost_group::pretraining:
        return std::find(pretraining.begin(), pretraining.end(), stage) != pretraining.end();
    case cost_group::selection:
        return std::find(selection.begin(), selection.end(), stage) != selection.end();
    case cost_group::training:
        return stage == "train";
    case cost_group::all:
        return true;
    }
    return false;
}

std::optional<double> cost_of(const json &model, cost_group group, const char *key) {
    const auto &stages = list_at(model, "/result/stages");
    if (stages.empty()) return std::nullopt;
    const std::string pointer = std::string("/") + key;
    double sum = 0;
    for (const auto &stage : stages) {
        if (belongs_to(text_at(stage, "/name"), group)) sum += number_at(stage, pointer.c_str()).value_or(0);
    }
    return sum;
}

bool comparison_row::is_random() const {
    const json &run = *runs.front();
    return text_at(run, "/config/settings/selector") == "random" &&
           number_at(run, "/config/settings/fraction").value_or(0) < 1;
}

bool comparison_row::is_fresh() const {
    return std::any_of(runs.begin(), runs.end(),
                       [](const json *run) { return flag_at(*run, "/result/subset/fresh_each_epoch"); });
}

std::string start_of(const json &model) {
    const auto start = text_at(model, "/config/settings/start");
    if (start != "pretrained") return start;
    return start + "/" + text_at(model, "/config/settings/pretrain");
}

bool is_comparable(const json &one, const json &other) {
    const auto same = [&](const char *pointer) {
        const auto *left = find_at(one, pointer), *right = find_at(other, pointer);
        return (left == nullptr) == (right == nullptr) && (left == nullptr || *left == *right);
    };
    return start_of(one) == start_of(other) && same("/config/data") && same("/config/settings/network") &&
           same("/config/settings/fraction") && same("/config/settings/epochs") &&
           same("/config/settings/equal-steps");
}

const comparison_row *random_beside(const comparison_row &row, const std::vector<comparison_row> &rows) {
    if (row.is_random()) return nullptr;
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto &other) {
        return other.is_random() && other.finished() > 0 &&
               is_comparable(*row.runs.front(), *other.runs.front());
    });
    return found == rows.end() ? nullptr : &*found;
}

std::optional<spread> spread_over(const comparison_row &row,
                                  const std::function<std::optional<double>(const json &)> &value_of) {
    std::vector<double> values;
    for (const json *run : row.runs) {
        if (const auto value = value_of(*run)) values.push_back(*value);
    }
    if (values.empty()) return std::nullopt;
    spread result{.count = values.size()};
    for (const double value : values) result.mean += value / static_cast<double>(values.size());
    if (values.size() < 2) return result;
    double squares = 0;
    for (const double value : values) squares += (value - result.mean) * (value - result.mean);
    result.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
    return result;
}

std::string share_over(const spread &value) {
    return percent(value.mean) + (value.count > 1 ? " ± " + percent(value.deviation) : "");
}

std::vector<comparison_row> compare(const std::vector<json> &models) {
    std::vector<comparison_row> rows;
    for (const auto &model : models) {
        const auto name = text_at(model, "/name");
        const auto shape = shape_of(model);
        auto row = std::find_if(rows.begin(), rows.end(), [&](const auto &other) {
            return other.name == name && shape_of(*other.runs.front()) == shape;
        });
        if (row == rows.end()) row = rows.insert(rows.end(), comparison_row{.name = name});
        const auto seed = number_at(model, "/config/settings/seed");
        const bool there = seed && std::any_of(row->runs.begin(), row->runs.end(), [&](const json *run) {
                               return number_at(*run, "/config/settings/seed") == seed;
                           });
        if (there)
            ++row->repeated;
        else
            row->runs.push_back(&model);
    }
    tell_apart(rows);
    for (auto &row : rows) summarise(row);
    return rows;
}

std::string seed_note(const std::vector<comparison_row> &rows) {
    std::vector<std::size_t> ended;
    std::string waiting;
    for (const auto &row : rows) {
        if (row.finished() > 0) ended.push_back(row.finished());
        if (row.finished() < row.runs.size())
            waiting += " Of " + row.name + ", " + count(static_cast<double>(row.finished())) + " of " +
                       counted(static_cast<double>(row.runs.size()), "seed") + " ended.";
    }
    const auto over = [&] {
        if (ended.empty()) return std::string("No run has ended yet.");
        const auto [low, high] = std::minmax_element(ended.begin(), ended.end());
        if (*high == 1) return std::string("One seed each: a difference of a point or so may be chance.");
        const auto mean = "Mean and sample standard deviation over " + count(static_cast<double>(*low));
        if (*low == *high) return mean + " seeds.";
        return mean + " to " + count(static_cast<double>(*high)) +
               " seeds; a row without a deviation is one seed.";
    };
    return over() + waiting + repeated_note(rows);
}

} // namespace lipt::adapters::report

namespace lipt::adapters {

std::string comparison_table(const std::vector<nlohmann::json> &models) {
    using namespace report;
    const std::vector<std::string> head{
        "run", "accuracy", "best", "pre-training", "its samples, forward / backward", "in all"};
    std::vector<std::vector<std::string>> lines{head};
    const auto rows = compare(models);
    for (const auto &row : rows) {
        lines.push_back({printable(row.name), accuracy(row.final_accuracy), accuracy(row.best_accuracy),
                         shown(row.pretraining_s, duration),
                         samples(row.pretraining_forward, row.pretraining_backward),
                         shown(row.total_s, duration)});
    }
    std::vector<std::size_t> widths(head.size());
    for (const auto &line : lines) {
        for (std::size_t column = 0; column < line.size(); ++column) {
            widths[column] = std::max(widths[column], width_of(line[column]));
        }
    }
    std::string table;
    for (std::size_t l = 0; l < lines.size(); ++l) {
        std::string text;
        for (std::size_t column = 0; column < head.size(); ++column) {
            text += (column == 0 ? "" : "  ") + padded(lines[l][column], widths[column], column > 0);
        }
        table += text + "\n";
        if (l == 0) table += std::string(width_of(text), '-') + "\n";
    }
    if (const auto note = repeated_note(rows); !note.empty()) table += printable(note.substr(1)) + "\n";
    return table;
}

} // namespace lipt::adapters
