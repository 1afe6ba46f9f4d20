#include <lipt/adapters/report/format.hpp>
#include <lipt/adapters/report/png.hpp>
#include <lipt/adapters/report/report.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>

namespace lipt::adapters {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string content_of(const fs::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void add_json_file(json &model, const char *key, const fs::path &path) {
    if (!fs::exists(path)) return;
    json parsed = json::parse(content_of(path), nullptr, false);
    require(parsed.is_object(), "H01", "report: ", path.string(),
            " is not a JSON object: the file is damaged; delete it and run that stage again");
    model[key] = std::move(parsed);
}

/// The epochs of the main training, in order. A run that was killed and started again logs an epoch twice,
/// and may leave half a line: the last whole one counts.
json epochs_of(const fs::path &metrics) {
    std::ifstream in(metrics);
    std::map<double, json> epochs;
    for (std::string line; std::getline(in, line);) {
        json event = json::parse(line, nullptr, false);
        const auto epoch = report::number_at(event, "/epoch");
        if (!epoch || report::text_at(event, "/event") != "epoch" ||
            report::text_at(event, "/stage") != "train") {
            continue;
        }
        epochs[*epoch] = std::move(event);
    }
    json list = json::array();
    for (auto &[number, event] : epochs) list.push_back(std::move(event));
    return list;
}

json weights_of(const fs::path &path) {
    const auto values = npy_file(path).converted<double>();
    if (values.empty()) return nullptr;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    double sum = 0;
    for (const double value : values) sum += value;
    return {{"min", *low}, {"max", *high}, {"mean", sum / static_cast<double>(values.size())}};
}

/// An image at most 96 pixels wide and high, for a page that shows dozens: means of squares of pixels.
std::string thumbnail(std::span<const std::uint8_t> pixels, image_shape shape) {
    constexpr std::size_t most = 96;
    const std::size_t step = (std::max(shape.height, shape.width) + most - 1) / most;
    const image_shape small{shape.channels, std::max<std::size_t>(1, shape.height / step),
                            std::max<std::size_t>(1, shape.width / step)};
    if (small == shape) return png_data_uri(pixels, shape);
    const std::size_t high = shape.height / small.height, wide = shape.width / small.width;
    std::vector<std::uint8_t> means;
    for (std::size_t row = 0; row < small.channels * small.height; ++row) {
        const std::size_t top = row / small.height * shape.height + row % small.height * high;
        for (std::size_t x = 0; x < small.width; ++x) {
            std::size_t sum = 0;
            for (std::size_t i = 0; i < high * wide; ++i)
                sum += pixels[(top + i / wide) * shape.width + x * wide + i % wide];
            means.push_back(static_cast<std::uint8_t>(sum / (high * wide)));
        }
    }
    return png_data_uri(means, small);
}

json sheet(const char *title, std::span<const std::int64_t> indices, std::span<const double> scores,
           const image_set &training, std::span<const std::uint8_t> kept) {
    json images = json::array();
    image_batch one;
    for (const auto index : indices) {
        gather(training, std::span(&index, 1), one);
        const auto i = static_cast<std::size_t>(index);
        images.push_back({{"index", index},
                          {"label", training.labels[i]},
                          {"score", scores[i]},
                          {"kept", kept[i] != 0},
                          {"png", thumbnail(one.pixels, training.shape)}});
    }
    return {{"title", title}, {"images", std::move(images)}};
}

/// The images of the highest and the lowest scores; ties to the lowest index, scores that are not finite left
/// out.
json sheets_of(const fs::path &directory, const json &config, const image_set &training, std::size_t images) {
    const auto samples = read_sample_numbers(directory, config);
    const auto scores = samples.gathered(npy_file(directory / "scores.npy").converted<double>());
    require(scores.size() == training.size(), "H03", "report: scores.npy holds ", scores.size(),
            " values, the training set ", training.size(),
            " images: give the data that the run was made with");
    std::vector<std::uint8_t> kept(training.size());
    if (fs::exists(directory / "subset.npy")) {
        const auto file = directory / "subset.npy";
        for (const auto index : samples.of_run(npy_file(file).converted<std::int64_t>(), file)) {
            require(index >= 0 && static_cast<std::size_t>(index) < kept.size(), "H03",
                    "report: subset.npy has index ", index, ", the training set ", training.size(),
                    " images: give the data that the run was made with");
            kept[static_cast<std::size_t>(index)] = 1;
        }
    }
    std::vector<std::int64_t> order;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (std::isfinite(scores[i])) order.push_back(static_cast<std::int64_t>(i));
    }
    const auto score = [&](std::int64_t i) { return scores[static_cast<std::size_t>(i)]; };
    const std::size_t shown = std::min(images, order.size());
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(shown);
    json sheets = json::array();
    if (shown == 0) return sheets;
    const auto best_first = [&](auto a, auto b) {
        return score(a) != score(b) ? score(a) > score(b) : a < b;
    };
    std::partial_sort(order.begin(), end, order.end(), best_first);
    const auto numbers = [&](json made) { // as the data set counts them
        for (auto &image : made["images"]) {
            const auto index = image.at("index").get<std::int64_t>();
            image["index"] = samples.of_set(std::span(&index, 1)).front();
        }
        return made;
    };
    sheets.push_back(numbers(sheet("Highest scores", std::span(order).first(shown), scores, training, kept)));
    const auto worst_first = [&](auto a, auto b) {
        return score(a) != score(b) ? score(a) < score(b) : a < b;
    };
    std::partial_sort(order.begin(), end, order.end(), worst_first);
    sheets.push_back(numbers(sheet("Lowest scores", std::span(order).first(shown), scores, training, kept)));
    return sheets;
}

/// What the run was, where it did not say so itself.
std::string name_of_run(const json &model, const fs::path &directory) {
    if (auto name = report::text_at(model, "/result/name"); !name.empty()) return name;
    const auto pretrain = report::text_at(model, "/config/settings/pretrain");
    if (pretrain == "lipt") return "LiPT";
    if (pretrain == "full") return "conventional";
    if (auto selector = report::text_at(model, "/config/settings/selector"); !selector.empty())
        return selector;
    return fs::absolute(directory).lexically_normal().filename().string();
}

} // namespace

json model_of_run(const fs::path &directory, const image_set &training, const report_options &options) {
    json model = json::object();
    add_json_file(model, "config", directory / "config.json");
    require(model.contains("config") || fs::exists(directory / "result.json"), "H02",
            "report: ", directory.string(),
            " holds neither config.json nor result.json: give the directory of a run");
    add_json_file(model, "result", directory / "result.json");
    add_json_file(model, "soup", directory / "soup.json");
    add_json_file(model, "trials", directory / "trials.json");
    model["name"] = name_of_run(model, directory);
    if (json epochs = epochs_of(directory / "metrics.jsonl"); !epochs.empty())
        model["epochs"] = std::move(epochs);
    if (fs::exists(directory / "weights.npy")) model["weights"] = weights_of(directory / "weights.npy");
    if (training.size() > 0 && fs::exists(directory / "scores.npy")) {
        model["sheets"] =
            sheets_of(directory, model.value("config", json::object()), training, options.images_per_sheet);
    }
    return model;
}

} // namespace lipt::adapters
