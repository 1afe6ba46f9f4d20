#include <lipt/adapters/cli/run_data.hpp>

#include <utility>

namespace lipt::adapters {

void check_data(const run_settings &settings) {
    const bool folder = settings.dataset == "image-folder";
    require(!folder || !settings.data.empty(), "U36",
            "settings: --dataset image-folder needs --data DIR, the folder that holds train/ and val/");
    require(folder || (settings.image_size == 0 && settings.corrupt == corrupt_images::refuse &&
                       settings.check == image_check::large_ends),
            "U37",
            "settings: --image-size, --corrupt-images and --check-images are for --dataset image-folder, not "
            "for ",
            settings.dataset);
    constexpr std::size_t least = 8, most = 4096;
    require(!folder || (settings.image_size >= least && settings.image_size <= most), "U37",
            "settings: --image-size is ", settings.image_size, ", expected ", least, " to ", most);
}

run_data::run_data(const run_settings &settings, std::function<void(const std::string &)> notice)
    : set_(open_dataset(settings.dataset, settings.data,
                        {.size = settings.image_size,
                         .corrupt = settings.corrupt,
                         .check = settings.check,
                         .threads = settings.pipeline.threads,
                         .notice = std::move(notice)})) {
    const image_set all = set_.train.view();
    const auto &numbers = set_.train.numbers; // of those that can be read, where some cannot
    const auto listed = all.size() + set_.train.left_out.size();
    if (settings.train_samples == 0) {
        if (!numbers.empty()) samples_ = {numbers, listed};
        return;
    }
    require(settings.train_samples <= all.size(), "U20", "settings: --train-samples is ",
            settings.train_samples, ", the data set has ", all.size());
    const auto part =
        split_stratified(all.labels, all.classes,
                         static_cast<double>(settings.train_samples) / static_cast<double>(all.size()),
                         {.seed = settings.pipeline.seed, .stage = stream::subsample});
    part_ = image_part(all, part.part, 0); // images of a folder stay where they are
    auto chosen = part.part;
    for (auto &number : chosen) {
        if (!numbers.empty()) number = numbers[static_cast<std::size_t>(number)];
    }
    if (chosen.size() < listed) samples_ = {std::move(chosen), listed};
}

network_options run_data::input() const {
    const auto shown = set_.train.view();
    return {.image = shown.shape, .classes = shown.classes, .mean = set_.mean, .deviation = set_.deviation};
}

nlohmann::json run_data::description() const {
    const image_set shown = train();
    nlohmann::json data{{"name", set_.name},
                        {"fingerprint", set_.fingerprint},
                        {"train", shown.size()},
                        {"test", test().size()},
                        {"classes", shown.classes},
                        {"shape", {shown.shape.channels, shown.shape.height, shown.shape.width}},
                        {"mean", set_.mean},
                        {"deviation", set_.deviation},
                        {"class_names", set_.class_names}};
    if (!samples_.is_whole()) data["all"] = set_.train.size() + set_.train.left_out.size();
    return data;
}

} // namespace lipt::adapters
