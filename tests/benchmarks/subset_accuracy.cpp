// Does it help? Test accuracy and cost of every kind of pre-training, selector and start, over seeds.
//
//   subset_accuracy --dataset cifar10 --data DIR --fraction 0.1 --epochs 20 --seeds 1,2,3 --out results.jsonl
//   subset_accuracy --dataset cifar10 --data DIR --fraction 0.01,0.05,0.1,0.3,0.5,0.7 --images 100000
//                   --methods stratified,rs2,facility-location,el2n/ccs,moderate,auto --out study.jsonl
//   subset_accuracy --table results.jsonl
//
// The first form compares kinds of pre-training, the second methods over fractions, each from fresh weights
// and from the soup and for the same number of steps. Both append one JSON a finished training and skip those
// that are in the file already, so they can be stopped at any time; the last prints the table. Pre-trainings
// are made once a seed and shared by the rows that start from them; every row is charged their full cost.
// Main trainings run side by side with one thread each.
#include "subset_tables.hpp"

#include <lipt/adapters/data/dataset.hpp>
#include <lipt/adapters/launch/threads.hpp>
#include <lipt/chosen.hpp>
#include <lipt/lipt.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using namespace lipt;

struct arguments {
    std::string dataset = "cifar10", data, network = "resnet8", out = "results.jsonl", table;
    std::vector<double> fractions{0.1};
    double epochs = 20, learning_rate = 0.1, soup_learning_rate = 0.1;
    std::size_t images = 0; ///< that every main training reads, whatever the fraction; 0: epochs count
    std::size_t train_samples = 0, jobs = 2, batch_size = 128;
    std::vector<std::uint64_t> seeds{1, 2, 3};
    std::vector<std::string> rows;    ///< names of rows to run; empty: all
    std::vector<std::string> methods; ///< compares these, in place of kinds of pre-training
};

/// One row of the table: a kind of pre-training that rows share by name, a selector, a start.
struct row {
    std::string pretraining, selector;
    start_kind start;
    std::string name() const {
        return pretraining + " / " + selector + " / " + (start == start_kind::fresh ? "fresh" : "pretrained");
    }
};

bool looks_at_model(const std::string &selector) {
    return selector == automatic || needs_model(method_of(selector, {}).info);
}

/// Methods side by side: from fresh weights and from the soup.
std::vector<row> rows_of(const std::vector<std::string> &methods) {
    std::vector<row> rows;
    for (const auto &method : methods) {
        rows.push_back({looks_at_model(method) ? "lipt" : "none", method, start_kind::fresh});
        rows.push_back({"lipt", method, start_kind::pretrained});
    }
    return rows;
}

/// Kinds of pre-training side by side.
std::vector<row> all_rows() {
    std::vector<row> rows;
    for (const char *selector : {"random", "stratified", "rs2"})
        rows.push_back({"none", selector, start_kind::fresh});
    for (const char *selector : {"facility-location", "glister", "grand", "random", "stratified", "rs2"}) {
        rows.push_back({"lipt", selector, start_kind::pretrained});
    }
    for (const char *selector : {"facility-location", "glister", "grand"}) {
        rows.push_back({"lipt", selector, start_kind::fresh});
    }
    for (const char *selector : {"facility-location", "random"})
        rows.push_back({"full, same compute", selector, start_kind::pretrained});
    rows.push_back({"full, same compute", "facility-location", start_kind::fresh});
    for (const char *selector : {"facility-location", "glister"}) {
        rows.push_back({"full, 10 epochs", selector, start_kind::fresh});
        rows.push_back({"full, 10 epochs", selector, start_kind::pretrained});
    }
    rows.push_back({"full, 10 epochs", "random", start_kind::pretrained});
    rows.push_back({"full, 10 runs x 1 epoch", "grand", start_kind::fresh});
    return rows;
}

pipeline_settings settings_of(const arguments &args, std::uint64_t seed, const std::string &pretraining) {
    pipeline_settings s;
    s.seed = seed;
    s.threads = args.jobs;
    s.main.epochs = args.epochs;
    s.main.batch_size = args.batch_size;
    s.evaluate_every = 5;
    s.pretrain = pretraining == "lipt"   ? pretrain_kind::lipt
                 : pretraining == "none" ? pretrain_kind::none
                                         : pretrain_kind::full;
    if (pretraining == "full, 10 epochs") s.full.epochs = 10;
    if (pretraining == "full, 10 runs x 1 epoch") s.full.epochs = 1, s.full_runs = 10;
    // One epoch for the common start, and ten workers' five passes over 256 samples each.
    if (pretraining == "full, same compute") s.full.epochs = 1.256;
    return s;
}

/// Makes a pre-training once; what it needed is in the store's costs.
memory_store pretrain(const pipeline_context &context, const std::string &kind) {
    memory_store store;
    if (kind == "none") return store;
    auto backend = chosen::training::make(context.spec, {.threads = context.settings.threads});
    const auto tensor = chosen::make_tensor({.threads = context.settings.threads});
    if (kind != "lipt") {
        pretrain_full(context, backend, store);
        return store;
    }
    const auto theta_star = initialize(context, backend, store);
    const auto shards = plan(context, store);
    for (std::size_t w = 0; w < shards.shards.size(); ++w)
        work<chosen::training>(context, tensor, theta_star, shards, w, store);
    merge(context, backend, tensor, store);
    return store;
}

json result_of(const arguments &args, const row &asked, const pipeline_settings &settings,
               const memory_store &store, const checkpoint &trained) {
    json out = {{"row", asked.name()},
                {"pretraining", asked.pretraining},
                {"selector", asked.selector},
                {"start", asked.start == start_kind::fresh ? "fresh" : "pretrained"},
                {"seed", settings.seed},
                {"dataset", args.dataset},
                {"network", args.network},
                {"fraction", settings.fraction},
                {"epochs", settings.main.epochs},
                {"images", args.images},
                {"batch_size", args.batch_size},
                {"train_samples", args.train_samples},
                {"learning_rate", args.learning_rate},
                {"soup_learning_rate", args.soup_learning_rate}};
    double best = 0, last = 0;
    for (const auto &record : trained.history) {
        if (record.accuracy) last = *record.accuracy, best = std::max(best, last);
    }
    out["final"] = last;
    out["best"] = best;
    const auto sum = [&](std::initializer_list<const char *> stages, auto member) {
        double total = 0;
        for (const char *stage : stages) {
            if (const auto found = store.costs.find(stage); found != store.costs.end())
                total += static_cast<double>(found->second.*member);
        }
        return total;
    };
    const auto pre = {"initialize", "local", "merge", "pretrain"};
    out["pretraining_cpu_s"] = sum(pre, &stage_cost::cpu_s);
    out["pretraining_forward"] = sum(pre, &stage_cost::forward);
    out["pretraining_backward"] = sum(pre, &stage_cost::backward);
    out["selection_cpu_s"] = sum({"features", "select"}, &stage_cost::cpu_s);
    out["training_backward"] = sum({"train"}, &stage_cost::backward);
    if (store.trials)
        out["chosen"] = store.trials->chosen, out["rival"] = store.trials->rival,
        out["rival_ahead"] = store.trials->ahead, out["rival_error"] = store.trials->error;
    if (store.merged)
        out["soup_accuracy"] = store.merged->accuracy,
        out["theta_star_accuracy"] = store.merged->theta_star_accuracy;
    return out;
}

std::string key_of(const std::string &row, std::uint64_t seed, double fraction) {
    return fmt::format("{} {} {}", row, seed, fraction);
}

std::set<std::string> finished(const std::string &path) {
    std::set<std::string> keys;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        const json one = json::parse(line);
        keys.insert(key_of(one.at("row"), one.at("seed"), one.at("fraction")));
    }
    return keys;
}

/// A row and the fraction that it is to be run at.
struct task {
    row asked;
    double fraction;
};

/// The pre-trained model's outputs, made once for all rows of a seed; each is charged their cost.
struct shared_outputs {
    candidate_features<chosen::tensor> features;
    stage_cost cost{.name = "features"};
};

shared_outputs outputs_of(const pipeline_context &context, const std::vector<task> &tasks,
                          memory_store &store) {
    shared_outputs outputs{.features = candidates_of<chosen::tensor>(context)};
    const bool wanted = std::any_of(tasks.begin(), tasks.end(),
                                    [](const task &one) { return looks_at_model(one.asked.selector); });
    if (!wanted || context.settings.pretrain == pretrain_kind::none || context.settings.full_runs > 1)
        return outputs;
    auto backend = chosen::training::make(context.spec, {.threads = context.settings.threads});
    const auto tensor = chosen::make_tensor({.threads = context.settings.threads});
    meter clock;
    backend.load(feature_models(context, store).front(), {});
    add_outputs(context, backend, tensor, outputs.features, outputs.cost);
    clock.charge(outputs.cost);
    return outputs;
}

/// The subset of one row: from the shared outputs where there are some, as the pipeline does it elsewhere.
selection subset_of(const pipeline_context &context, chosen::training &backend, const chosen::tensor &tensor,
                    const shared_outputs &outputs, memory_store &store) {
    if (!outputs.features.modelled || !looks_at_model(context.settings.selector))
        return select_subset(context, backend, tensor, store);
    stage_cost cost{.name = "select"};
    meter clock(meter::scope::thread);
    selection subset;
    if (context.settings.selector == automatic) {
        auto [chosen, report] = choose_by_trials(context, backend, tensor, outputs.features,
                                                 starting_weights(context, store), cost);
        subset = std::move(chosen);
        store.save_trials(report);
    } else {
        subset = choose_from(context, tensor, outputs.features, method_of(context.settings.selector, {}),
                             {.seed = context.settings.seed});
        lipt::detail::to_set_indices(subset, outputs.features.ranked, context.train.size());
    }
    clock.charge(cost);
    store.record(outputs.cost);
    store.record(cost);
    return subset;
}

/// The main training of one row, from what the pre-training left in the store.
json run_task(const arguments &args, const pipeline_context &shared, const task &one,
              const shared_outputs &outputs, memory_store store) {
    auto context = shared;
    auto &settings = context.settings;
    settings.selector = one.asked.selector;
    settings.start = one.asked.start;
    settings.fraction = one.fraction;
    settings.threads = 1;
    settings.main.learning_rate = static_cast<float>(
        settings.start == start_kind::fresh ? args.learning_rate : args.soup_learning_rate);
    if (args.images > 0)
        settings.main.epochs = static_cast<double>(args.images) /
                               std::floor(one.fraction * static_cast<double>(shared.train.size()) + 0.5);
    // Over fractions the last accuracy counts; four on the way elsewhere.
    const double scores = args.images > 0 ? 1 : 4;
    settings.evaluate_every =
        static_cast<std::size_t>(std::max(1.0, std::ceil(settings.main.epochs / scores)));
    auto backend = chosen::training::make(context.spec, {.threads = 1});
    const auto tensor = chosen::make_tensor({.threads = 1});
    const auto subset = subset_of(context, backend, tensor, outputs, store);
    const auto trained = train_on_subset(context, backend, tensor, subset, store);
    return result_of(args, one.asked, settings, store, trained);
}

/// All rows of one kind of pre-training for one seed.
void run_rows(const arguments &args, const image_set &train, const image_set &test, const network_spec &spec,
              std::uint64_t seed, const std::string &kind, const std::vector<task> &tasks) {
    const auto shared = make_context(spec, train, test, settings_of(args, seed, kind));
    memory_store base = pretrain(shared, kind);
    const auto outputs = outputs_of(shared, tasks, base);
    std::mutex writing;
    const auto failures = adapters::launch_in_threads(args.jobs)(tasks.size(), [&](std::size_t t) {
        const auto result = run_task(args, shared, tasks[t], outputs, base);
        const std::scoped_lock lock(writing);
        std::ofstream(args.out, std::ios::app) << result.dump() + "\n";
        fmt::print("seed {}  {:<55} {:>5}  {:.2f}\n", seed, tasks[t].asked.name(), tasks[t].fraction,
                   100 * result.at("final").get<double>());
        std::fflush(stdout);
    });
    for (const auto &failure : failures) require(failure.empty(), "X01", failure);
}

void run_all(const arguments &args) {
    const auto set = adapters::open_dataset(args.dataset, args.data);
    image_set train = set.train.view();
    image_batch part;
    if (args.train_samples > 0) {
        const auto split =
            split_stratified(train.labels, train.classes,
                             static_cast<double>(args.train_samples) / static_cast<double>(train.size()),
                             {.seed = 0, .stage = stream::subsample});
        gather(train, split.part, part);
        train = as_set(part, train);
    }
    const auto spec = make_network(
        args.network,
        {.image = train.shape, .classes = train.classes, .mean = set.mean, .deviation = set.deviation});
    for (const auto seed : args.seeds) {
        const auto done = finished(args.out);
        std::vector<std::string> kinds;
        std::map<std::string, std::vector<task>> pending;
        for (const auto &one : args.methods.empty() ? all_rows() : rows_of(args.methods)) {
            const bool wanted = args.rows.empty() ||
                                std::find(args.rows.begin(), args.rows.end(), one.name()) != args.rows.end();
            for (const double fraction : args.fractions) {
                if (!wanted || done.contains(key_of(one.name(), seed, fraction))) continue;
                if (pending[one.pretraining].empty()) kinds.push_back(one.pretraining);
                pending[one.pretraining].push_back({one, fraction});
            }
        }
        for (const auto &kind : kinds)
            run_rows(args, train, set.test.view(), spec, seed, kind, pending.at(kind));
    }
}

} // namespace

int main(int argc, char **argv) {
    arguments args;
    CLI::App app("accuracy and cost of subset training, over seeds");
    app.add_option("--dataset", args.dataset)->capture_default_str();
    app.add_option("--data", args.data);
    app.add_option("--network", args.network)->capture_default_str();
    app.add_option("--fraction", args.fractions)->delimiter(',')->capture_default_str();
    app.add_option("--images", args.images, "images that every main training reads; 0: --epochs count");
    app.add_option("--methods", args.methods, "compare these methods")->delimiter(',');
    app.add_option("--epochs", args.epochs)->capture_default_str();
    app.add_option("--batch-size", args.batch_size)->capture_default_str();
    app.add_option("--learning-rate", args.learning_rate, "of trainings from fresh weights")
        ->capture_default_str();
    app.add_option("--soup-learning-rate", args.soup_learning_rate, "of trainings from pre-trained weights")
        ->capture_default_str();
    app.add_option("--train-samples", args.train_samples)->capture_default_str();
    app.add_option("--jobs", args.jobs, "trainings side by side")->capture_default_str();
    app.add_option("--seeds", args.seeds)->delimiter(',');
    app.add_option("--rows", args.rows, "only these, as '<pre-training> / <selector> / <start>'");
    app.add_option("--out", args.out)->capture_default_str();
    app.add_option("--table", args.table, "print the table of a results file and leave");
    CLI11_PARSE(app, argc, argv);
    try {
        if (args.table.empty()) {
            run_all(args);
        } else {
            lipt_benchmark::print_tables(args.table);
        }
    } catch (const std::exception &failure) {
        fmt::print(stderr, "{}\n", failure.what());
        return 1;
    }
}
