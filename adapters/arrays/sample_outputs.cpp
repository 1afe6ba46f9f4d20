#include <lipt/adapters/arrays/sample_outputs.hpp>
#include <lipt/error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lipt::arrays {
namespace {

constexpr std::size_t least_bound =
    100'000; // classes that are believed without logits, of however few samples

std::vector<std::int32_t> labels_of(const opened_array &array) {
    require(array.rows() > 0, "C30", "select: ", array.name(), " has no label, expected at least one");
    require_countable(array.rows(), "select");
    std::vector<std::int32_t> labels;
    labels.reserve(array.rows());
    for (const auto label : whole_numbers(array, "label")) {
        require(std::in_range<std::int32_t>(label) && label >= 0, "C30", "select: label ", labels.size(),
                " of ", array.name(), " is ", label, ", expected 0 to ",
                std::numeric_limits<std::int32_t>::max(),
                ": number the classes from 0, or leave the labels out of data that has none");
        labels.push_back(static_cast<std::int32_t>(label));
    }
    return labels;
}

template <class Value>
std::size_t count_different(std::vector<Value> values) {
    std::sort(values.begin(), values.end());
    return static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
}

/// Scores as samplers take them. errors: C44 beyond float32, or most of them no longer told apart
std::vector<float> narrowed(const std::vector<double> &scores, const std::string &name) {
    std::vector<float> values(scores.begin(), scores.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
        require(std::isfinite(values[i]) || !std::isfinite(scores[i]), "C44", "select: ", name, " has ",
                scores[i], " at sample ", i, ", beyond float32: scale the scores");
    }
    if (std::equal(scores.begin(), scores.end(), values.begin())) return values; // nothing is lost
    if (std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); }))
        return values; // refused later, where such a sample may be kept
    const std::size_t different = count_different(scores), left = count_different(values);
    require(2 * left >= different, "C44", "select: ", name, " has ", different,
            " different scores, of which float32 tells ", left,
            " apart: subtract their mean, scale them, or give ranks");
    return values;
}

/// Opens one matrix, and holds its rows against those of the arrays before it.
void open_rows(const array_input &input, const std::string &member, sample_outputs &outputs,
               std::string &first, std::optional<array_rows> &array) {
    if (!input.given()) return;
    array.emplace(input, member);
    if (first.empty()) {
        first = array->name();
        outputs.samples = array->rows();
    }
    require(array->rows() == outputs.samples, "C30", "select: ", array->name(), " has ", array->rows(),
            " rows, ", first, " has ", outputs.samples, outputs.labelled() ? " labels" : " rows",
            ": give one of each a sample, in the same order");
    require(outputs.samples > 0, "C30", "select: ", array->name(), " has no row, expected one a sample");
}

/// That the labels are columns of the logits, where there are some. errors: C30
void require_classes(const sample_outputs &outputs) {
    const std::size_t classes = outputs.classes();
    // Without logits nothing else bounds what is counted for every class.
    require(outputs.logits || classes <= std::max<std::size_t>(outputs.samples, least_bound), "C30",
            "select: a label of ", outputs.labels_name, " is ", classes - 1, ", of ", outputs.samples,
            " samples: number the classes from 0, or give the logits, whose columns say how many there are");
    if (!outputs.logits) return;
    const auto &logits = outputs.logits->name();
    for (std::size_t i = 0; i < outputs.samples; ++i) {
        require(outputs.labels[i] == 0 || outputs.outputs != 1, "C30", "select: ", logits,
                " has one column, and label ", i, " of ", outputs.labels_name, " is ", outputs.labels[i],
                ": a sigmoid's logit z stands for two columns, 0 and z; save those");
        require(static_cast<std::size_t>(outputs.labels[i]) < classes, "C30", "select: label ", i, " of ",
                outputs.labels_name, " is ", outputs.labels[i], ", expected 0 to ", classes - 1, ", since ",
                logits, " has ", classes, " columns: one a class is expected");
    }
}

} // namespace

std::size_t sample_outputs::classes() const noexcept {
    if (!labelled()) return 1;
    if (outputs > 0 && !residuals) return outputs;
    return labels.empty() ? 0 : static_cast<std::size_t>(*std::max_element(labels.begin(), labels.end())) + 1;
}

std::size_t sample_outputs::row_bytes() const noexcept {
    return (logits ? logits->row_bytes() : 0) + (residuals ? residuals->row_bytes() : 0) +
           (embeddings ? embeddings->row_bytes() : 0);
}

std::vector<std::size_t> sample_outputs::class_counts() const {
    if (!labelled()) return {samples};
    return pool_sizes(labels, classes(), true);
}

std::vector<std::pair<std::string, array_record>> sample_outputs::records(bool fingerprint) const {
    std::vector<std::pair<std::string, array_record>> all;
    if (labelled()) all.emplace_back("labels", labels_record);
    if (logits) all.emplace_back("logits", logits->record(fingerprint));
    if (residuals) all.emplace_back("residuals", residuals->record(fingerprint));
    if (embeddings) all.emplace_back("embeddings", embeddings->record(fingerprint));
    return all;
}

sample_outputs open_outputs(const output_inputs &inputs) {
    sample_outputs outputs;
    std::string first;
    if (inputs.labels.given()) {
        const opened_array labels(inputs.labels, inputs.prefix + "labels");
        outputs.labels = labels_of(labels);
        outputs.labels_name = first = labels.name();
        outputs.labels_record = labels.record(labels.is_file() || inputs.recorded);
        outputs.samples = outputs.labels.size();
    }
    open_rows(inputs.logits, inputs.prefix + "logits", outputs, first, outputs.logits);
    open_rows(inputs.residuals, inputs.prefix + "residuals", outputs, first, outputs.residuals);
    open_rows(inputs.embeddings, inputs.prefix + "embeddings", outputs, first, outputs.embeddings);
    if (outputs.logits) outputs.outputs = outputs.logits->width();
    if (outputs.residuals) outputs.outputs = outputs.residuals->width();
    if (outputs.labelled()) require_classes(outputs);
    return outputs;
}

bool look_like_probabilities(const array_rows &logits) {
    constexpr std::size_t most = 64;
    constexpr double rounding = 2e-3; // what float16 makes of a sum of thousands
    if (logits.width() < 2) return false;
    std::vector<float> row(logits.width());
    const std::size_t looked_at = std::min(most, logits.rows());
    for (std::size_t i = 0; i < looked_at; ++i) {
        const auto index = static_cast<std::int64_t>(i * logits.rows() / looked_at);
        try {
            logits.read(std::span(&index, 1), row.data());
        } catch (const error &) {
            return false; // told where that row is needed
        }
        const auto is_share = [](float value) { return value >= 0 && value <= 1; };
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        if (!std::all_of(row.begin(), row.end(), is_share) || std::abs(sum - 1) > rounding) return false;
    }
    return looked_at > 0;
}

given_scores open_scores(const array_input &input, const sample_outputs &outputs, bool fingerprint) {
    const opened_array array(input, "scores");
    const auto scores = real_numbers(array, "score");
    require(scores.size() == outputs.samples || outputs.samples == 0, "C30", "select: ", array.name(),
            " has ", scores.size(), " scores, expected ", outputs.samples, ", one a ",
            outputs.labelled() ? "label of " : "sample", outputs.labels_name);
    return {
        .values = narrowed(scores, array.name()), .name = array.name(), .record = array.record(fingerprint)};
}

} // namespace lipt::arrays
