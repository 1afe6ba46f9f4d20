#include <lipt/adapters/report/format.hpp>
#include <lipt/adapters/report/view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace lipt::adapters::report {
namespace {

using nlohmann::json;

std::string setting(const json &model, const std::string &flag) {
    const auto *value = find_at(model, ("/config/settings/" + flag).c_str());
    return value == nullptr ? "" : plain(*value);
}

/// " on average" where several runs are told of.
std::string on_average(const comparison_row &row) { return row.runs.size() > 1 ? " on average" : ""; }

/// "3", or "2 to 4" where runs differ.
std::string range_of(std::vector<double> numbers) {
    const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
    return count(*low) + (*low < *high ? " to " + count(*high) : "");
}

/// The workers of the runs that have a soup, and how they got on.
std::string soup_story(const comparison_row &row) {
    std::vector<double> tried, kept;
    for (const json *run : row.runs) {
        const auto &ingredients = list_at(*run, "/soup/ingredients");
        if (ingredients.empty()) continue;
        tried.push_back(static_cast<double>(ingredients.size()));
        kept.push_back(static_cast<double>(
            std::count_if(ingredients.begin(), ingredients.end(),
                          [](const json &ingredient) { return flag_at(ingredient, "/kept"); })));
    }
    if (tried.empty()) return "";
    const json &model = *row.runs.front();
    const auto images = number_at(model, "/config/settings/batch-size");
    const auto minibatches = number_at(model, "/config/settings/minibatches");
    const auto workers = range_of(tried);
    std::string story = "From one common start, " + workers + (workers == "1" ? " worker" : " workers") +
                        " trained alone, each on " +
                        (images && minibatches ? count(*images * *minibatches) + " images" : "a tiny shard") +
                        " of its own; the soup kept " + range_of(kept) + " of them";
    const auto mean = [&](const char *pointer) {
        return spread_over(row, [=](const json &run) { return number_at(run, pointer); });
    };
    const auto before = mean("/soup/theta_star_accuracy"), after = mean("/soup/accuracy");
    if (before && after) {
        story += " and took the held-out accuracy from " + percent(before->mean) + " to " +
                 percent(after->mean) + on_average(row);
    }
    return story + ". ";
}

/// What came before the selection: the workers and their soup, or the conventional way.
std::string pretraining_story(const comparison_row &row) {
    const json &model = *row.runs.front();
    if (setting(model, "pretrain") != "full") return soup_story(row);
    const auto repeats = number_at(model, "/config/settings/pretrain-epochs");
    const auto runs = number_at(model, "/config/settings/pretrain-runs").value_or(1);
    return std::string(runs > 1 ? count(runs) + " networks were" : "The network was") +
           " first trained in the conventional way, on all the data" +
           (repeats ? " for " + counted(*repeats, "epoch") + (runs > 1 ? " each" : "") : "") +
           (runs > 1 ? ", and their scores averaged" : "") + ". ";
}

/// What the main training started from, where that was not chance.
std::string starting_weights(const json &model) {
    const auto start = setting(model, "start"), pretrain = setting(model, "pretrain");
    if (start == "theta-star") return " from the common start";
    if (start != "pretrained" || pretrain == "none") return "";
    return pretrain == "lipt" ? " from the merged weights" : " from the pre-trained weights";
}

/// Which images the main training sees.
std::string chosen_images(const comparison_row &row, double size, std::optional<double> all) {
    if (all && size == *all) return "All " + count(size) + " training images were kept";
    const auto selector = setting(*row.runs.front(), "selector");
    const auto how = selector == "random" ? " at random" : selector.empty() ? "" : " by " + selector;
    const auto images = count(size) + (all ? " of the " + count(*all) : "") + " training images ";
    if (row.is_fresh()) return "A fresh " + images + "were drawn for each epoch" + how;
    return images + "were chosen" + how;
}

std::string selection_story(const comparison_row &row) {
    const json &model = *row.runs.front();
    const auto size = spread_over(row, [](const json &run) { return number_at(run, "/result/subset/size"); });
    if (!size) return "";
    const auto story = chosen_images(row, size->mean, number_at(model, "/config/data/train"));
    if (!row.final_accuracy) return story + ". ";
    const auto network = setting(model, "network");
    const auto epochs = number_at(model, "/config/settings/epochs"),
               test = number_at(model, "/config/data/test");
    return story + ", and " + (network.empty() ? "the network" : network) + ", trained on them" +
           starting_weights(model) + (epochs ? " for " + counted(*epochs, "epoch") : "") + ", is right on " +
           share_over(*row.final_accuracy) + " of " +
           (test ? "the " + count(*test) + " test images" : "the test images") +
           (row.finished() > 1 ? ", over " + count(static_cast<double>(row.finished())) + " seeds. " : ". ");
}

std::string cost_story(const comparison_row &row) {
    if (!row.total_s) return "";
    const auto average = on_average(row);
    if (!row.pretraining_s || row.pretraining_s->mean == 0)
        return "All of it took " + duration(row.total_s->mean) + average + ". ";
    return "Pre-training took " + duration(row.pretraining_s->mean) + " of " + duration(row.total_s->mean) +
           " in all" + average + ". ";
}

/// True where the other run differs by its conventional pre-training.
bool is_same_but_full(const json &self, const json &other) {
    return setting(other, "pretrain") == "full" && setting(other, "selector") == setting(self, "selector");
}

/// Images through the network, forwards and backwards, before the selection.
double pretraining_images(const comparison_row &row) {
    const auto mean = [](const std::optional<spread> &value) { return value ? value->mean : 0; };
    return mean(row.pretraining_forward) + mean(row.pretraining_backward);
}

bool on_the_same_data(const json &self, const json &other) {
    const auto *ours = find_at(self, "/config/data"), *theirs = find_at(other, "/config/data");
    return ours == nullptr || theirs == nullptr ? ours == theirs : *ours == *theirs;
}

/// Names what makes two runs hard to compare: another start, another length. Empty where nothing does.
std::string unlike(const json &self, const json &other) {
    std::string names;
    const auto add = [&](const char *name, bool same) {
        if (!same) names += std::string(names.empty() ? "" : ", ") + name;
    };
    add("start", start_of(self) == start_of(other));
    for (const char *flag : {"network", "fraction", "epochs"})
        add(flag, setting(self, flag) == setting(other, flag));
    return names.empty() ? "" : " (with another " + names + ")";
}

/// "A random subset of the same size", "Beside it, ..."
std::string name_beside(const comparison_row &self, const comparison_row &other) {
    const json &ours = *self.runs.front(), &theirs = *other.runs.front();
    const bool random = other.is_random() && !self.is_random();
    if (random && on_the_same_data(ours, theirs)) {
        const bool as_many = setting(ours, "fraction") == setting(theirs, "fraction");
        return as_many ? "A random subset of the same size" : "A random subset of another size";
    }
    return is_same_but_full(ours, theirs) ? "The same selector after conventional pre-training"
                                          : "Beside it, " + other.name;
}

/// How another row ended, beside the row that the page is about: its own mean, and how far that is from ours.
std::string beside(const comparison_row &self, const comparison_row &other) {
    if (!self.final_accuracy || !other.final_accuracy) return "";
    std::string story = name_beside(self, other) + " ended at " + percent(other.final_accuracy->mean);
    if (!on_the_same_data(*self.runs.front(), *other.runs.front())) return story + ", on other data. ";
    const double difference = other.final_accuracy->mean - self.final_accuracy->mean;
    const auto words = points(difference);
    story += ", ";
    story += words == "0.0 points" ? "the same" : words + (difference < 0 ? " lower" : " higher");
    story += unlike(*self.runs.front(), *other.runs.front());
    // In images, since times differ from run to run.
    const double ours = pretraining_images(self), theirs = pretraining_images(other);
    const auto times = fmt::format("{:.1f}", ours > 0 ? theirs / ours : 0);
    if (ours > 0 && theirs > 0 && times != "1.0") story += ", for " + times + " times the pre-training";
    return story + ". ";
}

} // namespace

std::string story_of(const std::vector<comparison_row> &rows) {
    const auto &self = rows.front();
    std::string story = pretraining_story(self) + selection_story(self) + cost_story(self);
    for (std::size_t r = 1; r < rows.size() && rows.size() <= 4; ++r) story += beside(self, rows[r]);
    while (!story.empty() && story.back() == ' ') story.pop_back();
    return story.empty() ? "This run has only begun." : story;
}

} // namespace lipt::adapters::report
