#include <lipt/adapters/report/format.hpp>
#include <lipt/adapters/report/view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace lipt::adapters::report {
namespace {

using nlohmann::json;

std::string setting(const json &model, const std::string &flag) {
    const auto *value = find_at(model, ("/config/settings/" + flag).c_str());
    return value == nullptr ? "" : plain(*value);
}

/// What came before the selection: the workers and their soup, or the conventional way.
std::string pretraining_story(const json &model) {
    const auto pretrain = setting(model, "pretrain");
    const auto repeats = number_at(model, "/config/settings/pretrain-epochs");
    if (pretrain == "full") {
        const auto runs = number_at(model, "/config/settings/pretrain-runs").value_or(1);
        return std::string(runs > 1 ? count(runs) + " networks were" : "The network was") +
               " first trained in the conventional way, on all the data" +
               (repeats ? " for " + counted(*repeats, "epoch") + (runs > 1 ? " each" : "") : "") +
               (runs > 1 ? ", and their scores averaged" : "") + ". ";
    }
    const auto &ingredients = list_at(model, "/soup/ingredients");
    if (ingredients.empty()) return "";
    const auto kept = std::count_if(ingredients.begin(), ingredients.end(),
                                    [](const json &ingredient) { return flag_at(ingredient, "/kept"); });
    const auto images = number_at(model, "/config/settings/batch-size");
    const auto minibatches = number_at(model, "/config/settings/minibatches");
    std::string story = "From one common start, " +
                        counted(static_cast<double>(ingredients.size()), "worker") +
                        " trained alone, each on " +
                        (images && minibatches ? count(*images * *minibatches) + " images" : "a tiny shard") +
                        " of its own; the soup kept " + count(static_cast<double>(kept)) + " of them";
    const auto before = number_at(model, "/soup/theta_star_accuracy"),
               after = number_at(model, "/soup/accuracy");
    if (before && after) {
        story += " and took the held-out accuracy from " + percent(*before) + " to " + percent(*after);
    }
    return story + ". ";
}

/// What the main training started from, where that was not chance.
std::string starting_weights(const json &model) {
    const auto start = setting(model, "start"), pretrain = setting(model, "pretrain");
    if (start == "theta-star") return " from the common start";
    if (start != "pretrained" || pretrain == "none") return "";
    return pretrain == "lipt" ? " from the merged weights" : " from the pre-trained weights";
}

/// Which images the main training sees.
std::string chosen_images(const json &model, double size, std::optional<double> all) {
    if (all && size == *all) return "All " + count(size) + " training images were kept";
    const auto selector = setting(model, "selector");
    const auto how = selector == "random" ? " at random" : selector.empty() ? "" : " by " + selector;
    const auto images = count(size) + (all ? " of the " + count(*all) : "") + " training images ";
    if (flag_at(model, "/result/subset/fresh_each_epoch"))
        return "A fresh " + images + "were drawn for each epoch" + how;
    return images + "were chosen" + how;
}

std::string selection_story(const json &model) {
    const auto size = number_at(model, "/result/subset/size"), all = number_at(model, "/config/data/train");
    if (!size) return "";
    const auto story = chosen_images(model, *size, all);
    const auto accuracy = number_at(model, "/result/accuracy/final");
    if (!accuracy) return story + ". ";
    const auto network = setting(model, "network");
    const auto epochs = number_at(model, "/config/settings/epochs"),
               test = number_at(model, "/config/data/test");
    return story + ", and " + (network.empty() ? "the network" : network) + ", trained on them" +
           starting_weights(model) + (epochs ? " for " + counted(*epochs, "epoch") : "") + ", is right on " +
           percent(*accuracy) + " of " +
           (test ? "the " + count(*test) + " test images. " : "the test images. ");
}

std::string cost_story(const json &model) {
    const auto pretraining = cost_of(model, cost_group::pretraining, "wall_s");
    const auto total = cost_of(model, cost_group::all, "wall_s");
    if (!total) return "";
    if (!pretraining || *pretraining == 0) return "All of it took " + duration(*total) + ". ";
    return "Pre-training took " + duration(*pretraining) + " of " + duration(*total) + " in all. ";
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

/// Names what makes two runs hard to compare: other data, another length. Empty where nothing does.
std::string unlike(const json &self, const json &other) {
    std::string names;
    for (const char *flag : {"dataset", "train-samples", "network", "fraction", "epochs"}) {
        if (setting(self, flag) != setting(other, flag))
            names += std::string(names.empty() ? "" : ", ") + flag;
    }
    return names.empty() ? "" : " (with another " + names + ")";
}

/// How another row ended, beside the run that the page is about.
std::string beside(const comparison_row &self, const comparison_row &other) {
    if (!self.final_accuracy || !other.final_accuracy) return "";
    const double difference = other.final_accuracy->mean - self.final_accuracy->mean;
    const auto words = points(difference);
    std::string story = other.is_random() ? "A random subset of the same size"
                        : is_same_but_full(*self.runs.front(), *other.runs.front())
                            ? "The same selector after conventional pre-training"
                            : "Beside it, " + other.name;
    story += " ended at " + percent(other.final_accuracy->mean) + ", ";
    story += words == "0.0 points" ? "the same" : words + (difference < 0 ? " lower" : " higher");
    story += unlike(*self.runs.front(), *other.runs.front());
    // In images, since times differ from run to run.
    const double ours = pretraining_images(self), theirs = pretraining_images(other);
    const auto times = fmt::format("{:.1f}", ours > 0 ? theirs / ours : 0);
    if (ours > 0 && theirs > 0 && times != "1.0") story += ", for " + times + " times the pre-training";
    return story + ". ";
}

} // namespace

std::string story_of(const json &subject, const std::vector<comparison_row> &rows) {
    std::string story = pretraining_story(subject) + selection_story(subject) + cost_story(subject);
    for (std::size_t r = 1; r < rows.size() && rows.size() <= 4; ++r) story += beside(rows.front(), rows[r]);
    while (!story.empty() && story.back() == ' ') story.pop_back();
    return story.empty() ? "This run has only begun." : story;
}

} // namespace lipt::adapters::report
