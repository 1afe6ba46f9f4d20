#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/sample_numbers.hpp>
#include <lipt/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace lipt::adapters {

namespace fs = std::filesystem;

sample_numbers::sample_numbers(std::vector<std::int64_t> numbers, std::size_t all)
    : numbers_(std::move(numbers)), all_(all) {
    const bool ascending =
        std::adjacent_find(numbers_.begin(), numbers_.end(), std::greater_equal<>()) == numbers_.end();
    require(!numbers_.empty() && ascending && numbers_.front() >= 0 &&
                static_cast<std::size_t>(numbers_.back()) < all,
            "R06", "run: the numbers of its ", numbers_.size(), " samples are not ascending ones of 0 to ",
            static_cast<std::int64_t>(all) - 1,
            ": the file sample_numbers.npy is damaged; start the run in another directory");
}

std::vector<std::int64_t> sample_numbers::of_set(std::span<const std::int64_t> samples) const {
    std::vector<std::int64_t> result(samples.begin(), samples.end());
    if (is_whole()) return result;
    for (auto &sample : result) sample = numbers_[static_cast<std::size_t>(sample)];
    return result;
}

std::vector<std::int64_t> sample_numbers::of_run(std::span<const std::int64_t> numbers,
                                                 const fs::path &file) const {
    std::vector<std::int64_t> result(numbers.begin(), numbers.end());
    if (is_whole()) return result;
    for (auto &number : result) {
        const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), number);
        require(found != numbers_.end() && *found == number, "R06", "run: ", file.string(), " names sample ",
                number, ", which is none of the ", numbers_.size(),
                " of sample_numbers.npy: the file is damaged; delete it to have it made again");
        number = found - numbers_.begin();
    }
    return result;
}

std::vector<float> sample_numbers::spread(std::span<const float> values) const {
    if (is_whole() || values.empty()) return {values.begin(), values.end()};
    std::vector<float> all(all_, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < values.size(); ++i) all[static_cast<std::size_t>(numbers_[i])] = values[i];
    return all;
}

sample_numbers read_sample_numbers(const fs::path &run, const nlohmann::json &config) {
    const auto file = run / "sample_numbers.npy";
    if (!fs::exists(file)) return {};
    const auto data = config.find("data");
    const bool known = data != config.end() && data->is_object() && data->contains("all") &&
                       data->at("all").is_number_integer();
    return {read_npy<std::int64_t>(file).values, known ? data->at("all").get<std::size_t>() : std::size_t{0}};
}

void require_set_numbers(const fs::path &run, const nlohmann::json &config) {
    if (!config.is_object() || !config.contains("version") || config.at("version") != 1) return;
    const auto settings = config.value("settings", nlohmann::json::object());
    const auto holds = [&](const char *key, const nlohmann::json &harmless) {
        return !settings.contains(key) || settings.at(key) == harmless;
    };
    require(
        holds("train-samples", 0) && holds("corrupt-images", "refuse"), "R13", "run: ", run.string(),
        " was made by an older LiPT, whose indices count within the part of the data set that "
        "--train-samples or --corrupt-images skip left, and that part was not kept: use that version to go "
        "on with it, or run it again into another --out");
}

} // namespace lipt::adapters
