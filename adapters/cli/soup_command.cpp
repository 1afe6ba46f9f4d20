#include <lipt/adapters/arrays/processors.hpp>
#include <lipt/adapters/arrays/soup.hpp>
#include <lipt/adapters/cli/progress.hpp>
#include <lipt/adapters/cli/settings.hpp>
#include <lipt/adapters/cli/soup_command.hpp>
#include <lipt/adapters/cli/soup_scoring.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lipt::adapters {
namespace {

namespace fs = std::filesystem;

/// Which methods read a flag; the others refuse it.
struct read_flag {
    const CLI::Option *option;
    std::string_view readers;
};

struct soup_flags {
    std::vector<fs::path> models;
    fs::path base, out;
    std::string method = "uniform", search = "golden";
    arrays::soup_options options{};
    run_settings settings{};
    std::size_t threads = 0;
    std::vector<read_flag> read{};
    const CLI::Option *network = nullptr, *dataset = nullptr, *data = nullptr;
};

CLI::Option *add_number(CLI::App &sub, const std::string &name, double &number, const std::string &help) {
    return sub
        .add_option_function<std::string>(
            "--" + name,
            [name, &number](const std::string &given) { number = parse_value<double>(name, given); }, help)
        ->default_str(fmt::format("{}", number))
        ->type_name("NUMBER");
}

/// Flags of the greedy method: how it searches, and what a model is scored with.
void add_greedy_flags(CLI::App &sub, soup_flags &flags) {
    const auto add = [&](CLI::Option *option) {
        flags.read.push_back({option, "greedy"});
        return option;
    };
    auto &pipeline = flags.settings.pipeline;
    add(sub.add_option("--search", flags.search,
                       "greedy: how the share of a joining model is found: golden, grid or equal")
            ->capture_default_str()
            ->type_name("NAME"));
    add(add_count(sub, "points", flags.options.points, "greedy: shares tried a model by golden and grid"));
    flags.network = add(sub.add_option("--network", flags.settings.network,
                                       "greedy: the models' network, by a name of `lipt run`")
                            ->type_name("NAME"));
    flags.dataset = add(sub.add_option("--dataset", flags.settings.dataset,
                                       "greedy: fashion-mnist, cifar10, cifar100 or image-folder")
                            ->capture_default_str()
                            ->type_name("NAME"));
    flags.data = add(
        sub.add_option("--data", flags.settings.data, "greedy: directory of the data set")->type_name("DIR"));
    add(add_count(sub, "image-size", flags.settings.image_size,
                  "greedy: height and width of images of image-folder; 0: 224"));
    add(add_number(sub, "hold-out", pipeline.hold_out,
                   "greedy: share of the training set on which models are scored"));
    add(add_count(sub, "observe-images", pipeline.observe_images,
                  "greedy: other images, from which batch-norm statistics are made anew for each model"));
    add(add_count(sub, "seed", pipeline.seed, "greedy: seed of what is held out"));
    add(add_count(sub, "threads", flags.threads, "greedy: threads; 0: as many as there are processors"));
    add(sub.add_option("--device", pipeline.device, "greedy: cpu; with the torch backend also cuda or cuda:1")
            ->capture_default_str()
            ->type_name("NAME"));
}

void add_flags(CLI::App &sub, soup_flags &flags) {
    sub.add_option("models", flags.models, "safetensors files of one architecture")
        ->required()
        ->type_name("FILE");
    sub.add_option(
           "--method", flags.method,
           "uniform: their mean; stock: between the base and the mean, by their angles; ties: the base and "
           "the large changes of the prevailing sign; greedy: the best, and each other that improves it")
        ->capture_default_str()
        ->type_name("NAME");
    sub.add_option("--out", flags.out, "safetensors file to write")->required()->type_name("FILE");
    flags.read.push_back(
        {sub.add_option("--base", flags.base, "stock and ties: the model that all were trained from")
             ->type_name("FILE"),
         "stock ties"});
    flags.read.push_back({add_number(sub, "density", flags.options.density,
                                     "ties: share of each model's changes that counts, the largest"),
                          "ties"});
    flags.read.push_back(
        {add_number(sub, "scale", flags.options.scale, "ties: what the merged change is multiplied by"),
         "ties"});
    add_greedy_flags(sub, flags);
}

/// errors: U31, U32, U49, U51
void check_flags(const soup_flags &flags) {
    for (const auto &[option, readers] : flags.read) {
        require(option->count() == 0 || readers.find(flags.method) != std::string_view::npos, "U49",
                "soup: ", option->get_name(), " is not read by the method ", flags.method, ": leave it out");
    }
    require(flags.options.method != arrays::merging::greedy ||
                (flags.network->count() > 0 && flags.dataset->count() + flags.data->count() > 0),
            "U51",
            "soup: the method greedy scores models on data: give their network (--network) and a data set "
            "(--dataset, --data), or choose uniform");
    auto inputs = flags.models;
    if (!flags.base.empty()) inputs.push_back(flags.base);
    for (const auto &input : inputs) {
        std::error_code none; // where one of the two is not there
        require(!fs::equivalent(input, flags.out, none), "U31", "soup: --out is '", flags.out.string(),
                "', which is merged: give it a file of its own");
    }
    const auto folder = flags.out.has_parent_path() ? flags.out.parent_path() : fs::path(".");
    std::error_code none;
    require(fs::is_directory(folder, none), "U32", "soup: --out is '", flags.out.string(),
            "', but there is no such directory: make it first");
}

/// What a greedy soup is scored with: nothing else of a run's settings is looked at.
run_settings scoring_settings(const soup_flags &flags) {
    auto settings = flags.settings;
    auto &pipeline = settings.pipeline;
    pipeline.pretrain = pretrain_kind::none;
    pipeline.threads = flags.threads > 0 ? flags.threads : arrays::usable_processors();
    unify(settings);
    return settings;
}

void print_ingredients(const soup_flags &flags, const arrays::soup_result &made) {
    for (const auto &one : made.ingredients) {
        fmt::print("{}: alone {:.4f}, {}", flags.models[one.number].string(), one.score_alone, one.reason);
        if (one.kept && one.number != made.ingredients.front().number)
            fmt::print(", share {:.3f}, {:.4f} with it", one.alpha, one.after);
        fmt::print("\n");
    }
}

void greedy(const soup_flags &flags, std::span<const arrays::named_tensors> models) {
    soup_scorer scorer(scoring_settings(flags));
    progress_display display;
    const std::size_t most = models.size() + (models.size() - 1) * flags.options.points;
    std::size_t done = 0;
    auto made = arrays::soup(models, flags.options, [&](std::span<const arrays::kept_tensor> model) {
        const double reached = scorer.score(model);
        display.step("soup", ++done, most);
        return reached;
    });
    scorer.renew_statistics(made.weights);
    arrays::write_tensors(flags.out, made.weights);
    print_ingredients(flags, made);
    fmt::print("{}: greedy soup, accuracy {:.4f} on {} held-out samples\n", flags.out.string(), made.score,
               scorer.held_out());
}

void soup_command(soup_flags &flags) {
    flags.options.method = arrays::merging_of(flags.method);
    flags.options.search = arrays::share_search_of(flags.search);
    check_flags(flags);
    const std::vector<arrays::named_tensors> models(flags.models.begin(), flags.models.end());
    if (!flags.base.empty()) flags.options.base = arrays::named_tensors(flags.base);
    if (flags.options.method == arrays::merging::greedy) return greedy(flags, models);
    flags.options.out = flags.out;
    arrays::soup(models, flags.options);
    fmt::print("{}: {} of {} models\n", flags.out.string(), flags.method, models.size());
}

} // namespace

void add_soup_command(CLI::App &app) {
    auto kept = std::make_shared<soup_flags>();
    auto *sub = app.add_subcommand("soup", "merge models of one architecture, from anywhere, into one");
    add_flags(*sub, *kept);
    sub->callback([kept] { soup_command(*kept); });
}

} // namespace lipt::adapters
