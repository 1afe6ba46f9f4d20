// What a run directory keeps of samples: which they are, the workers' shards, and the subsets. Files have the
// numbers of the whole data set, the pipeline those of the run.
#include <lipt/adapters/store/mapped_file.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/adapters/store/run_directory.hpp>
#include <lipt/adapters/store/run_json.hpp>
#include <lipt/adapters/store/sealed.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace lipt::adapters {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A selection as it came from files. errors: R06
void check_selection(const selection &chosen, const fs::path &folder, std::size_t samples) {
    std::vector<bool> seen(samples);
    for (const auto index : chosen.indices) {
        require(index >= 0 && static_cast<std::size_t>(index) < samples, "R06",
                "run: ", (folder / "subset.npy").string(), " names sample ", index, ", expected 0 to ",
                samples - 1, ": delete the file to select again");
        require(!seen[static_cast<std::size_t>(index)], "R06", "run: ", (folder / "subset.npy").string(),
                " names sample ", index, " twice: delete the file to select again");
        seen[static_cast<std::size_t>(index)] = true;
    }
    const auto fits = [](std::size_t size, std::size_t expected) { return size == 0 || size == expected; };
    require(!chosen.indices.empty() && fits(chosen.weights.size(), chosen.indices.size()) &&
                fits(chosen.scores.size(), samples),
            "R06", "run: ", folder.string(), " has ", chosen.indices.size(), " indices, ",
            chosen.weights.size(), " weights and ", chosen.scores.size(),
            " scores, which do not fit: delete subset.npy to select again");
}

} // namespace

void run_directory::use_samples(const sample_numbers &samples, const left_out_files &left_out) {
    const auto file = at("sample_numbers.npy");
    const auto kept = read_sample_numbers(path_, read_config(path_));
    const bool begun = fs::exists(file) || fs::exists(at("plan.json")) || fs::exists(at("subset.npy"));
    require(
        !begun || kept == samples, "R01", "run: ", path_.string(),
        " was made with other samples of the data set: other images can be read now. Give the same data to "
        "continue that run, or another --out");
    samples_ = samples;
    if (begun) return;
    if (!left_out.train.empty() || !left_out.test.empty())
        write_json(at("left_out.json"), {{"version", 1}, {"train", left_out.train}, {"test", left_out.test}});
    if (!samples.is_whole()) write_npy<std::int64_t>(file, samples.numbers());
}

bool run_directory::shard_is_whole(std::size_t worker) const {
    try {
        const auto path = numbered_path("shards", worker, "safetensors");
        const mapped_file file(path);
        const sealed_view view(file.bytes(), path.string());
        read_npy<std::int64_t>(numbered_path("shards", worker, "npy"));
        return true;
    } catch (const error &) {
        return false;
    }
}

std::optional<shard_plan> run_directory::load_plan() const {
    if (!fs::exists(at("plan.json"))) return std::nullopt;
    const json content = read_json(at("plan.json"));
    const auto number = [&](const char *key) {
        return read_fields(at("plan.json"), [&] { return content.at(key).get<std::size_t>(); });
    };
    require(number("training_samples") == training_samples_, "R06", "run: ", at("plan.json").string(),
            " is of another data set: delete it to plan again");
    shard_plan plan;
    const auto workers = number("workers");
    require(workers == all_workers_, "R06", "run: ", at("plan.json").string(), " is of ", workers,
            " workers, expected ", all_workers_, ": the file is damaged; delete it to plan again");
    for (std::size_t w = 0; w < workers; ++w) {
        if (!shard_is_whole(w)) return std::nullopt; // it is cut out of the data set again
        const fs::path file = numbered_path("shards", w, "npy");
        plan.shards.push_back(samples_.of_run(read_npy<std::int64_t>(file).values, file));
        const auto limit = static_cast<std::int64_t>(training_samples_);
        for (const auto index : plan.shards.back()) {
            require(index >= 0 && index < limit, "R06", "run: ", file.string(), " names sample ", index,
                    ", expected 0 to ", limit - 1, ": the file is damaged; delete plan.json to plan again");
        }
    }
    return plan;
}

void run_directory::save_plan(const shard_plan &plan) {
    for (std::size_t w = 0; w < plan.shards.size(); ++w) {
        write_npy<std::int64_t>(numbered_path("shards", w, "npy"), samples_.of_set(plan.shards[w]));
    }
    const json config = read_config(path_);
    write_json(at("plan.json"), {{"version", 1},
                                 {"workers", plan.shards.size()},
                                 {"samples_a_worker", plan.shards.front().size()},
                                 {"training_samples", config.at("data").at("train")}});
}

std::optional<kept_selection> run_directory::load_selection(std::size_t epoch) const {
    // Epoch 0 is the subset of the run; re-selections stand in main/ under the epoch at which they were
    // drawn.
    std::optional<std::pair<std::size_t, fs::path>> newest;
    if (fs::exists(at("subset.npy"))) newest = {0, path_};
    std::error_code code;
    for (const auto &entry : fs::directory_iterator(at("main"), code)) {
        const fs::path subset = entry.path() / "subset.npy";
        std::size_t drawn = 0;
        if (std::sscanf(entry.path().filename().c_str(), "selection-%zu", &drawn) != 1 || !fs::exists(subset))
            continue;
        if (drawn <= epoch && (!newest || drawn > newest->first)) newest = {drawn, entry.path()};
    }
    if (!newest) return std::nullopt;
    kept_selection kept{.epoch = newest->first};
    const auto file = newest->second / "subset.npy";
    kept.chosen.indices = samples_.of_run(read_npy<std::int64_t>(file).values, file);
    if (fs::exists(newest->second / "weights.npy"))
        kept.chosen.weights = read_npy<float>(newest->second / "weights.npy").values;
    if (fs::exists(newest->second / "scores.npy"))
        kept.chosen.scores = samples_.gathered(read_npy<float>(newest->second / "scores.npy").values);
    check_selection(kept.chosen, newest->second, training_samples_);
    return kept;
}

void run_directory::save_selection(const kept_selection &kept) {
    const fs::path folder =
        kept.epoch == 0 ? "" : fs::path("main") / fmt::format("selection-{:05}", kept.epoch);
    fs::create_directories(at(folder));
    if (!kept.chosen.weights.empty()) write_npy<float>(at(folder / "weights.npy"), kept.chosen.weights);
    if (!kept.chosen.scores.empty())
        write_npy<float>(at(folder / "scores.npy"), samples_.spread(kept.chosen.scores));
    // Last: it says that the others are there.
    write_npy<std::int64_t>(at(folder / "subset.npy"), samples_.of_set(kept.chosen.indices));
    tell("select", fmt::format("{} of {} samples are kept", kept.chosen.indices.size(), training_samples_));
}

} // namespace lipt::adapters
