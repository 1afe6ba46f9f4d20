// Images that are decoded from an image folder a second of processor time, so a core; one line, one number:
//   benchmark_decode evaluate|train DIR [--size 224] [--threads 1] [--seconds 3]
// compare_decode.sh makes a folder and runs this and torchvision in turn. The files are read once before, so
// that they come from the system's cache.
#include <lipt/adapters/data/image_folder.hpp>
#include <lipt/augment/resized_crop.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <ctime>
#include <string>

namespace {

struct settings {
    std::string what, folder;
    std::size_t size = 224, threads = 1;
    double seconds = 3;
};

double images_per_second(const settings &chosen) {
    const auto set =
        lipt::adapters::open_image_folder(chosen.folder, {.size = chosen.size, .threads = chosen.threads});
    const auto view = set.train.view();
    constexpr std::size_t batch = 32;
    lipt::image_batch out;
    std::size_t next = 0;
    std::uint32_t pass = 0;
    const auto read = [&] {
        std::vector<std::int64_t> indices;
        std::vector<lipt::crop_box> boxes;
        for (std::size_t b = 0; b < batch; ++b, next = (next + 1) % view.size()) {
            indices.push_back(static_cast<std::int64_t>(next));
            lipt::rng draw({.seed = 1, .pass = pass, .sample = static_cast<std::uint32_t>(next)});
            if (chosen.what == "train")
                boxes.push_back(lipt::draw_resized_crop(view.reader->extent(indices.back()), {}, draw));
        }
        ++pass;
        lipt::gather(view, {.indices = indices, .boxes = boxes}, out);
    };
    // Processor time, which others on the machine change little.
    const auto now = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
    read();
    std::size_t batches = 0;
    const double start = now();
    for (; now() - start < chosen.seconds; ++batches) read();
    return static_cast<double>(batches * batch) / (now() - start);
}

} // namespace

int main(int count, char **words) {
    settings chosen;
    CLI::App app{"Images that are decoded from an image folder a second of processor time"};
    app.add_option("what", chosen.what)->required()->check(CLI::IsMember({"train", "evaluate"}));
    app.add_option("folder", chosen.folder)->required();
    app.add_option("--size", chosen.size, "Height and width that images are brought to");
    app.add_option("--threads", chosen.threads);
    app.add_option("--seconds", chosen.seconds, "Time to measure");
    CLI11_PARSE(app, count, words);
    std::printf("%.1f\n", images_per_second(chosen));
}
