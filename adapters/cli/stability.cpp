#include <lipt/adapters/arrays/agreement.hpp>
#include <lipt/adapters/cli/selection_paths.hpp>
#include <lipt/adapters/cli/stability.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/adapters/store/atomic_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>

namespace lipt::adapters {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

namespace {

npy_file open_vector(const fs::path &path) {
    npy_file file(path);
    require(file.shape().size() == 1, "C33", "stability: '", path.string(), "' has ", file.shape().size(),
            " dimensions, expected 1");
    return file;
}

bool is_real(npy_type type) { return type == npy_type::f2 || type == npy_type::f4 || type == npy_type::f8; }

void read_subset(const npy_file &file, selection_outcome &outcome) {
    outcome.subset = file.converted<std::int64_t>();
    outcome.has_subset = true;
    auto sorted = outcome.subset;
    std::sort(sorted.begin(), sorted.end());
    require(sorted.empty() || sorted.front() >= 0, "C33", "stability: '", file.path().string(),
            "' has the index ", sorted.empty() ? 0 : sorted.front(), ", expected 0 or more");
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    require(twice == sorted.end(), "C33", "stability: '", file.path().string(), "' has the index ",
            twice == sorted.end() ? 0 : *twice,
            " twice: a subset, which whole numbers are read as, has each once; save scores as floats");
}

/// "samples" of the report that `lipt select` writes beside a subset; 0 where there is none.
std::size_t samples_of_report(const fs::path &subset) {
    std::ifstream file(report_path(subset));
    const auto report = json::parse(file, nullptr, false);
    if (!report.is_object() || !report.contains("samples")) return 0;
    const auto &samples = report.at("samples");
    return samples.is_number_unsigned() ? samples.get<std::size_t>() : 0;
}

} // namespace

selection_outcome read_outcome(const fs::path &path) {
    selection_outcome outcome{.name = path.string()};
    if (!fs::is_directory(path)) {
        const auto file = open_vector(path);
        if (is_real(file.type())) {
            outcome.scores = file.converted<double>();
        } else {
            read_subset(file, outcome);
            outcome.samples = samples_of_report(path);
        }
    } else {
        const auto scores = path / "scores.npy", subset = path / "subset.npy";
        require(fs::exists(scores) || fs::exists(subset), "U34", "stability: '", path.string(),
                "' has neither scores.npy nor subset.npy: give run directories or .npy files");
        std::ifstream config(path / "config.json");
        require_set_numbers(path, nlohmann::json::parse(config, nullptr, false));
        if (fs::exists(scores)) outcome.scores = open_vector(scores).converted<double>();
        if (fs::exists(subset)) read_subset(open_vector(subset), outcome);
        if (fs::exists(subset)) outcome.samples = samples_of_report(subset);
    }
    if (!outcome.scores.empty()) outcome.samples = outcome.scores.size();
    return outcome;
}

std::vector<outcome_pair> compare_outcomes(std::span<const selection_outcome> outcomes) {
    std::vector<outcome_pair> pairs;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        for (std::size_t j = i + 1; j < outcomes.size(); ++j) {
            const auto &a = outcomes[i], &b = outcomes[j];
            outcome_pair pair{.first = i, .second = j};
            if (!a.scores.empty() && !b.scores.empty()) {
                require(a.scores.size() == b.scores.size(), "C34", "stability: '", a.name, "' has scores of ",
                        a.scores.size(), " samples, '", b.name, "' of ", b.scores.size(),
                        ": give selections from the same samples");
                pair.correlation = arrays::rank_correlation(a.scores, b.scores);
            }
            if (a.has_subset && b.has_subset) {
                require(a.samples == 0 || b.samples == 0 || a.samples == b.samples, "C34", "stability: '",
                        a.name, "' is of ", a.samples, " samples, '", b.name, "' of ", b.samples,
                        ": give selections from the same samples");
                pair.overlap = arrays::jaccard_overlap(a.subset, b.subset);
                const std::size_t samples = std::max(a.samples, b.samples);
                if (samples > 0)
                    pair.expected = arrays::expected_overlap(a.subset.size(), b.subset.size(), samples);
            }
            if (pair.correlation || pair.overlap || (!a.scores.empty() && !b.scores.empty()))
                pairs.push_back(pair);
        }
    }
    return pairs;
}

namespace {

struct stability_flags {
    std::vector<fs::path> paths;
    std::size_t samples = 0;
    fs::path json_out;
};

std::string shown(const std::optional<double> &value) { return value ? fmt::format("{:.4f}", *value) : "-"; }

json json_of(const std::optional<double> &value) { return value ? json(*value) : json(); }

/// The mean of one column over the pairs that have it.
std::optional<double> mean_of(const std::vector<outcome_pair> &pairs,
                              std::optional<double> outcome_pair::*column) {
    double sum = 0;
    std::size_t count = 0;
    for (const auto &pair : pairs) {
        if (!(pair.*column)) continue;
        sum += *(pair.*column);
        ++count;
    }
    return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

/// Names the rows without a score: they were not ranked, and no correlation counts them.
void print_unranked(const selection_outcome &outcome) {
    std::string rows;
    std::size_t count = 0;
    for (std::size_t i = 0; i < outcome.scores.size(); ++i) {
        if (!std::isnan(outcome.scores[i])) continue;
        if (++count <= 5) rows += fmt::format("{}{}", count == 1 ? "" : ", ", i);
    }
    if (count > 0)
        fmt::print("{}: {} rows without a score, left out: {}{}\n", outcome.name, count, rows,
                   count > 5 ? ", ..." : "");
}

void print_table(const std::vector<selection_outcome> &outcomes, const std::vector<outcome_pair> &pairs) {
    std::size_t width = 4;
    for (const auto &outcome : outcomes) {
        width = std::max(width, outcome.name.size());
        print_unranked(outcome);
    }
    const auto line = [&](const std::string &a, const std::string &b, const std::string &c,
                          const std::string &d, const std::string &e) {
        fmt::print("{:<{}}  {:<{}}  {:>8}  {:>8}  {:>9}\n", a, width, b, width, c, d, e);
    };
    line("", "", "Spearman", "Jaccard", "by chance");
    for (const auto &pair : pairs)
        line(outcomes[pair.first].name, outcomes[pair.second].name, shown(pair.correlation),
             shown(pair.overlap), shown(pair.expected));
    if (pairs.size() > 1)
        line("mean", "", shown(mean_of(pairs, &outcome_pair::correlation)),
             shown(mean_of(pairs, &outcome_pair::overlap)), shown(mean_of(pairs, &outcome_pair::expected)));
}

void write_json(const fs::path &path, const std::vector<selection_outcome> &outcomes,
                const std::vector<outcome_pair> &pairs) {
    json out{{"version", 1}, {"selections", json::array()}, {"pairs", json::array()}};
    for (const auto &outcome : outcomes) {
        const auto unranked = std::count_if(outcome.scores.begin(), outcome.scores.end(),
                                            [](double score) { return std::isnan(score); });
        out["selections"].push_back({{"name", outcome.name},
                                     {"samples", outcome.samples},
                                     {"scores", outcome.scores.size()},
                                     {"without_score", unranked},
                                     {"subset", outcome.has_subset ? json(outcome.subset.size()) : json()}});
    }
    for (const auto &pair : pairs) {
        out["pairs"].push_back({{"first", pair.first},
                                {"second", pair.second},
                                {"spearman", json_of(pair.correlation)},
                                {"jaccard", json_of(pair.overlap)},
                                {"jaccard_by_chance", json_of(pair.expected)}});
    }
    write_file(path, out.dump(2) + "\n");
}

void stability_command(const stability_flags &flags) {
    std::vector<selection_outcome> outcomes;
    for (const auto &path : flags.paths) {
        std::error_code none; // where one of the two is not there
        require(!fs::equivalent(path, flags.json_out, none), "U31", "stability: --json is '",
                flags.json_out.string(), "', which is compared: give it a file of its own");
        outcomes.push_back(read_outcome(path));
        auto &newest = outcomes.back();
        require(flags.samples == 0 || newest.samples == 0 || newest.samples == flags.samples, "C34",
                "stability: --samples is ", flags.samples, ", but '", newest.name, "' is of ", newest.samples,
                ": leave the flag out");
        if (newest.samples == 0) newest.samples = flags.samples;
        for (const auto index : newest.subset) {
            require(newest.samples == 0 || static_cast<std::size_t>(index) < newest.samples, "C33",
                    "stability: '", newest.name, "' has the index ", index, " of ", newest.samples,
                    " samples");
        }
    }
    const auto pairs = compare_outcomes(outcomes);
    require(!pairs.empty(), "U35", "stability: no two of ", outcomes.size(),
            " given have scores, or a subset, to compare: give at least two of a kind");
    print_table(outcomes, pairs);
    if (!flags.json_out.empty()) write_json(flags.json_out, outcomes, pairs);
}

} // namespace

void add_stability_command(CLI::App &app) {
    auto kept = std::make_shared<stability_flags>();
    auto *sub = app.add_subcommand("stability", "how far selections agree, and how far chance would");
    sub->add_option("selections", kept->paths,
                    "run directories, scores (.npy of numbers) or subsets (.npy of indices)")
        ->required()
        ->type_name("PATH");
    add_count(*sub, "samples", kept->samples,
              "how many were selected from, where neither scores nor a report beside the subset say");
    sub->add_option("--json", kept->json_out, "the same as JSON")->type_name("FILE");
    sub->callback([kept] { stability_command(*kept); });
}

} // namespace lipt::adapters
