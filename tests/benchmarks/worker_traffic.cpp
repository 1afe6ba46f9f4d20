// What the worker stage moves: LiPT, the whole data set to every worker, synchronous SGD on the same samples.
//
//     worker_traffic --network resnet18 --dataset cifar10 --data DIR --workers 10
//
// Nothing is trained. Shards are those of the data set, packed as they travel; uploads are random weights
// pruned and packed as a worker packs its own, since their size depends on the density alone.
#include <lipt/adapters/data/dataset.hpp>
#include <lipt/adapters/store/shard_file.hpp>
#include <lipt/adapters/store/worker_file.hpp>
#include <lipt/backends/reference/tensor.hpp>
#include <lipt/lipt.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

using namespace lipt;

struct arguments {
    std::string network = "resnet18", dataset = "cifar10", data;
    std::size_t workers = 10, minibatches = 1, batch_size = 256, passes = 5;
};

/// A worker's upload as its file has it, and its cost as it is counted.
worker_upload upload_of(const network_spec &spec, std::span<const float> weights, std::size_t worker) {
    const reference::tensor tensor;
    worker_upload upload;
    const auto mask =
        make_prune_mask(tensor, spec.weights, weights, {}, {}, 1, static_cast<std::uint32_t>(worker));
    upload.result.weights.assign(weights.begin(), weights.end());
    apply_mask(upload.result.weights, mask.keep);
    upload.result.keep_mask = mask.keep;
    upload.result.density = mask.density;
    return upload;
}

/// The cost of a worker stage, counted on packed files.
stage_cost count(const arguments &args, const image_set &train, const network_spec &spec) {
    std::vector<std::int64_t> pool(train.size());
    std::iota(pool.begin(), pool.end(), std::int64_t{0});
    const auto plan = plan_shards(
        pool, train.labels, train.classes,
        {.workers = args.workers, .minibatches = args.minibatches, .batch_size = args.batch_size}, 1);
    const auto weights = initial_weights(spec, 1);
    stage_cost local{.name = "local"};
    image_batch images;
    for (std::size_t w = 0; w < args.workers; ++w) {
        gather(train, plan.shards[w], images);
        const auto file = adapters::pack_shard(images, spec.image, {.worker = w});
        const auto shard =
            adapters::parse_shard(std::as_bytes(std::span(file)), "shard", spec, {.worker = w});
        const auto upload = upload_of(spec, weights, w);
        local.bytes_to_workers += shard.bytes + spec.state_size() * sizeof(float);
        local.bytes_from_workers += upload_bytes(upload.result);
        local.add_training(args.passes * images.size());
    }
    return local;
}

void print_row(const char *name, const traffic &moved, const traffic &least) {
    fmt::print("| {:<44} | {:>12.1f} | {:>10} | {:>8.1f} |\n", name, static_cast<double>(moved.bytes) / 1e6,
               moved.messages, static_cast<double>(moved.bytes) / static_cast<double>(least.bytes));
}

void print_table(const arguments &args, const worker_stage &stage) {
    const auto least = lipt_traffic(stage);
    fmt::print("{}, {}, {} workers of {} x {} samples, {} passes: {} steps a worker\n", args.network,
               args.dataset, args.workers, args.minibatches, args.batch_size, args.passes, stage.steps);
    fmt::print("a worker: {:.1f} MB down (model {:.1f}), {:.1f} MB up\n\n",
               static_cast<double>(stage.to_workers) / 1e6 / static_cast<double>(stage.workers),
               static_cast<double>(stage.state) / 1e6,
               static_cast<double>(stage.from_workers) / 1e6 / static_cast<double>(stage.workers));
    fmt::print("| {:<44} | {:>12} | {:>10} | {:>8} |\n|---|---:|---:|---:|\n", "", "MB", "messages",
               "x LiPT");
    print_row("LiPT", least, least);
    print_row("the whole data set to every worker", full_data_traffic(stage), least);
    print_row("synchronous SGD, ring all-reduce at each step", synchronous_traffic(stage), least);
}

} // namespace

int main(int argc, char **argv) {
    arguments args;
    CLI::App app("bytes and messages of the worker stage");
    app.add_option("--network", args.network)->capture_default_str();
    app.add_option("--dataset", args.dataset)->capture_default_str();
    app.add_option("--data", args.data);
    app.add_option("--workers", args.workers)->capture_default_str();
    app.add_option("--minibatches", args.minibatches)->capture_default_str();
    app.add_option("--batch-size", args.batch_size)->capture_default_str();
    app.add_option("--passes", args.passes)->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        const auto set = adapters::open_dataset(args.dataset, args.data);
        const auto train = set.train.view();
        const auto spec = make_network(args.network, {.image = train.shape, .classes = train.classes});
        const std::size_t worked[] = {args.workers};
        print_table(args, worker_stage_of(spec, train, args.batch_size, worked, count(args, train, spec)));
    } catch (const std::exception &failure) {
        fmt::print(stderr, "{}\n", failure.what());
        return 1;
    }
    return 0;
}
