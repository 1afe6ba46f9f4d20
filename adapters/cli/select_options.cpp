#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/options.hpp>
#include <lipt/adapters/cli/select_options.hpp>
#include <lipt/adapters/cli/setting_readers.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/error.hpp>
#include <lipt/select/named_method.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lipt::adapters {

namespace {

/// Adds the option of an array, as the path of a file.
void add_array(CLI::App &sub, const std::string &name, arrays::array_input &input, const std::string &help) {
    sub.add_option_function<std::string>(
           "--" + name, [&input](const std::string &path) { input = std::filesystem::path(path); }, help)
        ->type_name("FILE");
}

void add_inputs(CLI::App &sub, arrays::select_request &request) {
    add_array(
        sub, "labels", request.labels,
        "(N) .npy, whole numbers; enough for methods without a model; without them all samples are one pool");
    add_array(
        sub, "logits", request.logits,
        "(N,C) .npy, float16, float32 or float64; with the labels enough for methods that do not look at "
        "embeddings, as el2n");
    add_array(sub, "embeddings", request.embeddings, "(N,E) .npy, as the logits, for all others");
    add_array(
        sub, "residuals", request.residuals,
        "(N,R) .npy, the loss's derivative by the network's outputs, in place of logits: other losses than "
        "softmax");
    add_array(sub, "validation-embeddings", request.validation_embeddings, "(V,E) .npy, for glister");
    add_array(sub, "validation-logits", request.validation_logits, "(V,C) .npy, for glister");
    add_array(sub, "validation-labels", request.validation_labels, "(V) .npy, for glister");
    add_array(sub, "last-layer", request.last_layer, "(C,E) .npy, weights of the last layer, for deepfool");
    add_array(sub, "scores", request.scores,
              "(N) .npy, a rating of every sample, read as float32, higher is kept first: in place of "
              "--method, for "
              "a sampler to pick by");
}

void add_array_options(CLI::App *sub, array_selection &asked) {
    auto &request = asked.request;
    add_inputs(*sub, request);
    sub->add_option(
           "--method", request.method,
           "selection method; --list names them; a scorer's sampler after a slash, its first setting after "
           "a colon, as in el2n/ccs:0.6")
        ->capture_default_str()
        ->type_name("TEXT");
    auto *fraction =
        sub->add_option("--fraction", request.fraction, "share of the samples to keep, above 0 and at most 1")
            ->capture_default_str();
    sub->add_option_function<std::string>(
           "--count",
           [&request](const std::string &given) { request.count = parse_value<std::size_t>("count", given); },
           "samples to keep, in place of a fraction")
        ->type_name("COUNT")
        ->excludes(fraction);
    sub->add_flag_callback(
        "--unbalanced", [&request] { request.balanced = false; },
        "choose among all samples at once, not class by class");
    sub->add_flag("--at-least-one", request.at_least_one,
                  "keep one sample of every class at least, at the cost of large ones");
    add_count(*sub, "seed", request.seed, "seed of all that is drawn");
    add_count(*sub, "epoch", request.epoch, "of rs2, which draws another subset for each");
    sub->add_option("--out", asked.out, "kept indices, int64 .npy")->capture_default_str()->type_name("FILE");
    sub->add_option(
           "--weights-out", asked.weights_out,
           "weights of the kept samples for the loss, float32 .npy, of mean 1; ones where the method "
           "gives none")
        ->type_name("FILE");
    sub->add_flag(
        "--raw-weights", request.raw_weights,
        "leave weights on the scale of the method: CRAIG's sum up to the samples, GradMatch's to about 1");
    sub->add_option("--scores-out", asked.scores_out, "scores of all samples, float32 .npy")
        ->type_name("FILE");
    sub->add_option("--csv", asked.csv, "table of the kept samples: index, class, weight, score")
        ->type_name("FILE");
    sub->add_option_function<std::string>(
           "--max-memory",
           [&request](const std::string &given) {
               const auto mebibytes = parse_value<std::size_t>("max-memory", given);
               require(mebibytes <= std::size_t{1} << 30, "U30", "select: --max-memory is ", mebibytes,
                       " MiB, expected at most a PiB");
               request.memory = mebibytes << 20;
           },
           "MiB of similarities that a method may keep; above that --similarities says what is done")
        ->default_str("512")
        ->type_name("COUNT");
    sub->add_flag("--dry-run", asked.dry_run, "say what memory and time it would take, and leave");
}

/// Whether an option was given another value than it has by itself.
bool is_given(const CLI::Option &option) {
    if (option.count() == 0) return false;
    if (option.get_expected_max() == 0) return true; // a flag
    const auto &value = option.results().back();
    const auto usual = option.get_default_str();
    const auto number = [](const std::string &text, double &out) {
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
        return code == std::errc{} && end == text.data() + text.size();
    };
    double given = 0, otherwise = 0;
    if (number(value, given) && number(usual, otherwise)) return given != otherwise;
    return value != usual;
}

/// That each setting given is read by the method, or by its sampler: one that is not was meant for another.
/// errors: U49
void check_readers(const CLI::App &sub, const array_selection &asked) {
    const auto *sampler_flag = sub.get_option("--sampler");
    const auto sampler =
        sampler_flag->count() > 0 ? sampler_flag->results().back() : sampler_flag->get_default_str();
    const auto method = take_apart(asked.request.method, sampler, asked.request.method == "scores");
    require(method.scorer || !is_given(*sampler_flag), "U49",
            "select: --sampler is for methods that rate samples, ", method.method,
            " picks by itself: leave it out");
    for (const auto *option : sub.get_options()) {
        const auto name = option->get_name().substr(2);
        require(option->count() == 0 || method.named_setting.empty() || name != method.named_setting, "C40",
                "select: the sampler's setting is given twice, by --method ", asked.request.method,
                " and by --", name, ": leave one out");
        require(!is_given(*option) || is_read_by(method, name), "U49", "select: --", name, " is for ",
                method_readers(name), ", but --method is ", asked.request.method, ": leave one of them out");
    }
}

} // namespace

void add_select_command(CLI::App &app) {
    struct state {
        array_selection arrays;
        run_place place;
        bool list = false;
        std::unique_ptr<method_options> options;
    };
    auto kept = std::make_shared<state>();
    auto *sub = app.add_subcommand("select", "choose the subset of a run, or from stored arrays");
    sub->add_option("--run", kept->place.run, "run directory to select in, instead of arrays")
        ->type_name("DIR");
    sub->add_option("--data", kept->place.data,
                    "with --run: directory of the data set, where it lies elsewhere here")
        ->type_name("DIR");
    sub->add_option("--device", kept->arrays.request.device,
                    "where it computes: cpu; with the torch backend also cuda or cuda:1")
        ->capture_default_str();
    add_count(*sub, "threads", kept->arrays.request.threads,
              "threads in all; 0: as many as there are processors");
    sub->add_flag("--list", kept->list, "list the methods and leave");
    add_array_options(sub, kept->arrays);
    kept->options = std::make_unique<method_options>(*sub);
    sub->callback([kept, sub] {
        auto &request = kept->arrays.request;
        if (kept->list) return list_methods();
        if (!kept->place.run.empty()) {
            // A run directory has its settings; another method or fraction here would be silently ignored.
            for (const auto *option : sub->get_options()) {
                const auto name = option->get_name();
                require(option->count() == 0 || name == "--run" || name == "--threads" || name == "--data",
                        "U25", "select: ", name, " cannot be given with --run: the run's config.json has it");
            }
            return select_command(kept->place,
                                  request.threads == 0 ? thread_count{} : thread_count{request.threads});
        }
        require(kept->place.data.empty(), "U25", "select: --data is the data set of a run: give --run DIR");
        require(request.labels.given() || request.logits.given() || request.embeddings.given() ||
                    request.residuals.given() || request.scores.given(),
                "U26",
                "select: give --run DIR, or --labels and what the method needs of --logits and --embeddings");
        if (request.scores.given()) {
            const bool utility = sub->get_option("--method")->count() > 0 &&
                                 find_method(parts_of(request.method).method).utility;
            require(utility || sub->get_option("--method")->count() == 0, "U48", "select: --method ",
                    request.method, " rates samples itself, --scores '", request.scores.path()->string(),
                    "' has a rating: give one of them");
            if (!utility) request.method = "scores";
        }
        check_readers(*sub, kept->arrays);
        require(!parts_of(request.method).has_sampler || sub->get_option("--sampler")->count() == 0, "C40",
                "select: the sampler is named twice, by --method ", request.method,
                " and by --sampler: leave one out");
        request.options = kept->options->resolve();
        select_arrays_command(kept->arrays);
    });
}

} // namespace lipt::adapters
