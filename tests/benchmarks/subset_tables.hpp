// Tables of subset_accuracy's results: one of kinds of pre-training, or one of methods over fractions.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lipt_benchmark {

/// The results of one row of a table, a seed each.
using row_results = std::vector<nlohmann::json>;

inline std::vector<double> column(const row_results &results, const char *key) {
    std::vector<double> values;
    for (const auto &one : results) values.push_back(one.at(key));
    return values;
}

inline double mean(const std::vector<double> &values) {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(values.size());
}

/// Mean and sample standard deviation as text; no deviation where there is one seed.
inline std::string spread(const std::vector<double> &values, double scale) {
    double squares = 0;
    for (const double v : values) squares += (v - mean(values)) * (v - mean(values));
    if (values.size() < 2) return fmt::format("{:.1f}", scale * mean(values));
    return fmt::format("{:.1f} ± {:.1f}", scale * mean(values),
                       scale * std::sqrt(squares / static_cast<double>(values.size() - 1)));
}

inline std::string start_of(const nlohmann::json &one) {
    if (one.at("start") == "fresh") return "fresh";
    return one.at("pretraining") == "lipt" ? "soup" : "pre-trained";
}

/// One line a row, in the order in which the file has them first.
inline void print_pretrainings(const row_results &lines) {
    std::vector<std::string> order;
    std::map<std::string, row_results> rows;
    for (const auto &one : lines) {
        const std::string name = one.at("row");
        if (rows[name].empty()) order.push_back(name);
        rows[name].push_back(one);
    }
    fmt::print("| pre-training | selector | start | final accuracy % | best % | pre-training, processor s | "
               "images forward | images backward | seeds |\n|---|---|---|---|---|---|---|---|---|\n");
    std::stable_sort(order.begin(), order.end(), [&](const auto &a, const auto &b) {
        return rows.at(a)[0].at("pretraining") > rows.at(b)[0].at("pretraining");
    });
    for (const auto &name : order) {
        const auto &row = rows.at(name);
        fmt::print("| {} | {} | {} | {} | {} | {} | {:.0f} | {:.0f} | {} |\n",
                   row[0].at("pretraining").get<std::string>(), row[0].at("selector").get<std::string>(),
                   start_of(row[0]), spread(column(row, "final"), 100), spread(column(row, "best"), 100),
                   spread(column(row, "pretraining_cpu_s"), 1), mean(column(row, "pretraining_forward")),
                   mean(column(row, "pretraining_backward")), row.size());
    }
}

/// One line a method and start, one column a fraction.
inline void print_fractions(const row_results &lines) {
    std::set<double> fractions;
    std::map<std::pair<std::string, std::string>, std::map<double, row_results>> rows;
    for (const auto &one : lines) {
        fractions.insert(one.at("fraction").get<double>());
        rows[{start_of(one), one.at("selector")}][one.at("fraction")].push_back(one);
    }
    fmt::print("| start | selector |");
    for (const double fraction : fractions) fmt::print(" {:g} % |", 100 * fraction);
    fmt::print("\n|---|---|");
    for (std::size_t i = 0; i < fractions.size(); ++i) fmt::print("---|");
    fmt::print("\n");
    for (const auto &[name, row] : rows) {
        fmt::print("| {} | {} |", name.first, name.second);
        for (const double fraction : fractions) {
            const auto found = row.find(fraction);
            fmt::print(" {} |", found == row.end() ? "" : spread(column(found->second, "final"), 100));
        }
        fmt::print("\n");
    }
}

/// Prints the table that a results file is for.
inline void print_tables(const std::string &path) {
    row_results lines;
    std::set<double> fractions;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(nlohmann::json::parse(line));
        fractions.insert(lines.back().at("fraction").get<double>());
    }
    fractions.size() > 1 ? print_fractions(lines) : print_pretrainings(lines);
}

} // namespace lipt_benchmark
