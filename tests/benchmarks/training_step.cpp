// Images a second of training steps or of evaluation on the backend of the build, on seeded random images;
// one line, one number.
//   benchmark_training train|evaluate resnet8 --batch 128 --threads 2 --seconds 3 [--workers 1]
//   benchmark_training train resnet18-224 --image 224 --classes 1000 --batch 16
//   benchmark_training train resnet18 --device cuda --precision tf32
// With --workers n, n networks run side by side, each on a thread of its own, and the sum of their rates is
// printed.
#include "rate.hpp"

#include <lipt/chosen.hpp>

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

namespace {

struct settings {
    std::string what, network, device = "cpu";
    lipt::precision arithmetic = lipt::precision::float32;
    std::size_t batch = 128, threads = 2, workers = 1, image = 32, classes = 10;
    double seconds = 3;
};

double images_per_second(const settings &chosen, std::size_t threads) {
    const auto spec = lipt::make_network(
        chosen.network, {.image = {3, chosen.image, chosen.image}, .classes = chosen.classes});
    auto network = lipt::chosen::training::make(
        spec, {.threads = threads, .device = chosen.device, .arithmetic = chosen.arithmetic});
    network.load(lipt::initial_weights(spec, 1));
    const lipt_benchmark::random_batch batch(spec, chosen.batch);
    const bool train = chosen.what == "train";
    float loss = 0; // read after every step, as a loop that watches it would
    const auto rate = lipt_benchmark::calls_per_second(chosen.seconds, [&] {
        if (train) {
            loss = network.train_step({.pixels = batch.pixels, .labels = batch.labels},
                                      {.learning_rate = 1e-3f});
        } else {
            (void)network.forward(batch.pixels, chosen.batch);
        }
    });
    return std::isnan(loss) ? 0 : rate * static_cast<double>(chosen.batch);
}

double side_by_side(const settings &chosen) {
    std::vector<double> rates(chosen.workers);
    std::vector<std::thread> workers;
    for (auto &rate : rates) workers.emplace_back([&] { rate = images_per_second(chosen, 1); });
    for (auto &worker : workers) worker.join();
    double sum = 0;
    for (const double rate : rates) sum += rate;
    return sum;
}

} // namespace

int main(int count, char **words) {
    settings chosen;
    CLI::App app{"Images a second of training steps or of evaluation"};
    app.add_option("what", chosen.what)->required()->check(CLI::IsMember({"train", "evaluate"}));
    app.add_option("network", chosen.network)->required();
    app.add_option("--batch", chosen.batch, "Images a step");
    app.add_option("--image", chosen.image, "Height and width of an image");
    app.add_option("--classes", chosen.classes, "Classes");
    app.add_option("--threads", chosen.threads, "Threads of one network");
    app.add_option("--workers", chosen.workers, "Networks side by side, one thread each");
    app.add_option("--seconds", chosen.seconds, "Time to measure");
    app.add_option("--device", chosen.device, "Where it computes");
    const std::map<std::string, lipt::precision> precisions{{"float32", lipt::precision::float32},
                                                            {"tf32", lipt::precision::tf32},
                                                            {"bfloat16", lipt::precision::bfloat16},
                                                            {"float16", lipt::precision::float16}};
    app.add_option("--precision", chosen.arithmetic, "Of activations and convolutions")
        ->transform(CLI::CheckedTransformer(precisions));
    CLI11_PARSE(app, count, words);
    std::printf("%.1f\n",
                chosen.workers > 1 ? side_by_side(chosen) : images_per_second(chosen, chosen.threads));
}
