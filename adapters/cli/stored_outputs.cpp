#include <lipt/adapters/cli/stored_outputs.hpp>
#include <lipt/adapters/store/fingerprint.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lipt::adapters {
namespace {

constexpr std::size_t least_bound =
    100'000; // classes that are believed without logits, of however few samples

array_record record_of(const std::filesystem::path &path, const npy_header &header, const mapped_file &file) {
    array_record record{.path = path,
                        .type = name_of(header.type),
                        .shape = header.shape,
                        .fingerprint = sampled_fingerprint(file.bytes()),
                        .modified = file.modified()};
    file.release();
    return record;
}

std::vector<std::int32_t> labels_of(const npy_file &file) {
    require(file.shape().size() == 1 && file.size() > 0, "C30", "select: '", file.path().string(), "' has ",
            file.shape().size(), " dimensions and ", file.size(), " labels, expected 1 and at least one");
    std::vector<std::int32_t> labels;
    labels.reserve(file.size());
    for (const auto label : file.converted<std::int64_t>()) {
        require(std::in_range<std::int32_t>(label) && label >= 0, "C30", "select: label ", labels.size(),
                " of '", file.path().string(), "' is ", label, ", expected 0 to ",
                std::numeric_limits<std::int32_t>::max(), ": number the classes from 0");
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
std::vector<float> narrowed(const std::vector<double> &scores, const std::filesystem::path &path) {
    std::vector<float> values(scores.begin(), scores.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
        require(std::isfinite(values[i]) || !std::isfinite(scores[i]), "C44", "select: '", path.string(),
                "' has ", scores[i], " at sample ", i, ", beyond float32: scale the scores");
    }
    if (std::equal(scores.begin(), scores.end(), values.begin())) return values; // nothing is lost
    if (std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); }))
        return values; // refused later, where such a sample may be kept
    const std::size_t different = count_different(scores), left = count_different(values);
    require(2 * left >= different, "C44", "select: '", path.string(), "' has ", different,
            " different scores, of which float32 tells ", left,
            " apart: subtract their mean, scale them, or give ranks");
    return values;
}

void require_rows(const npy_rows &array, const std::filesystem::path &labels, std::size_t count) {
    require(array.rows() == count, "C30", "select: '", array.path().string(), "' has ", array.rows(),
            " rows, '", labels.string(), "' has ", count,
            " labels: give one of each a sample, in the same order");
}

} // namespace

array_record record_of(const npy_rows &array) {
    return record_of(array.path(), array.header(), array.file());
}

std::size_t stored_outputs::classes() const noexcept {
    if (columns > 0) return columns;
    return labels.empty() ? 0 : static_cast<std::size_t>(*std::max_element(labels.begin(), labels.end())) + 1;
}

std::size_t stored_outputs::row_bytes() const noexcept {
    return (logits ? logits->row_bytes() : 0) + (embeddings ? embeddings->row_bytes() : 0);
}

std::vector<std::pair<std::string, array_record>> stored_outputs::records() const {
    std::vector<std::pair<std::string, array_record>> all{{"labels", labels_record}};
    if (logits) all.emplace_back("logits", record_of(*logits));
    if (embeddings) all.emplace_back("embeddings", record_of(*embeddings));
    return all;
}

stored_outputs open_outputs(const std::filesystem::path &labels, const std::filesystem::path &logits,
                            const std::filesystem::path &embeddings) {
    const npy_file file(labels);
    stored_outputs outputs{.labels = labels_of(file),
                           .labels_record = record_of(labels, file.header(), file.file())};
    const auto open = [&](const std::filesystem::path &path, std::optional<npy_rows> &array) {
        if (path.empty()) return;
        array.emplace(path);
        require_rows(*array, labels, outputs.samples());
    };
    open(logits, outputs.logits);
    if (outputs.logits) outputs.columns = outputs.logits->width();
    open(embeddings, outputs.embeddings);
    const std::size_t classes = outputs.classes();
    // Without logits nothing else bounds what is counted for every class.
    require(outputs.logits || classes <= std::max<std::size_t>(outputs.samples(), least_bound), "C30",
            "select: a label of '", labels.string(), "' is ", classes - 1, ", of ", outputs.samples(),
            " samples: number the classes from 0, or give --logits, whose columns say how many there are");
    const bool one_column = outputs.logits && classes == 1;
    for (std::size_t i = 0; i < outputs.samples(); ++i) {
        require(outputs.labels[i] == 0 || !one_column, "C30", "select: '", logits.string(),
                "' has one column, and label ", i, " of '", labels.string(), "' is ", outputs.labels[i],
                ": a sigmoid's logit z stands for two columns, 0 and z; save those");
        require(static_cast<std::size_t>(outputs.labels[i]) < classes, "C30", "select: label ", i, " of '",
                labels.string(), "' is ", outputs.labels[i], ", '", logits.string(), "' has ", classes,
                " columns: one a class is expected");
    }
    return outputs;
}

bool look_like_probabilities(const npy_rows &logits) {
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

stored_scores open_scores(const std::filesystem::path &path, const stored_outputs &outputs) {
    const npy_file file(path);
    require(file.shape().size() == 1 && file.size() == outputs.samples(), "C30", "select: '", path.string(),
            "' has ", file.shape().size(), " dimensions and ", file.size(), " scores, expected 1 and ",
            outputs.samples(), ", one a label of '", outputs.labels_record.path.string(), "'");
    std::vector<double> scores;
    if (file.type() >= npy_type::i1) { // counts, such as forgetting events
        for (const auto count : file.converted<std::int64_t>()) scores.push_back(static_cast<double>(count));
    } else {
        scores = file.converted<double>();
    }
    return {.values = narrowed(scores, path), .record = record_of(path, file.header(), file.file())};
}

} // namespace lipt::adapters
