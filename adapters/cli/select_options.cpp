#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/cli/options.hpp>
#include <lipt/adapters/cli/select_options.hpp>
#include <lipt/adapters/cli/setting_readers.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/error.hpp>
#include <lipt/select/methods.hpp>

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

void add_array_options(CLI::App *sub, array_selection &asked) {
    sub->add_option("--labels", asked.labels, "(N) .npy, whole numbers; enough for methods without a model")
        ->type_name("FILE");
    sub->add_option("--logits", asked.logits,
                    "(N,C) .npy, float16, float32 or float64; with the labels enough for methods that do not "
                    "look at embeddings, as el2n")
        ->type_name("FILE");
    sub->add_option("--embeddings", asked.embeddings, "(N,E) .npy, as the logits, for all others")
        ->type_name("FILE");
    sub->add_option("--validation-embeddings", asked.validation_embeddings, "(V,E) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--validation-logits", asked.validation_logits, "(V,C) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--validation-labels", asked.validation_labels, "(V) .npy, for glister")
        ->type_name("FILE");
    sub->add_option("--last-layer", asked.last_layer, "(C,E) .npy, weights of the last layer, for deepfool")
        ->type_name("FILE");
    sub->add_option("--scores", asked.scores,
                    "(N) .npy, a rating of every sample, read as float32, higher is kept first: in place of "
                    "--method, for a sampler to pick by")
        ->type_name("FILE");
    sub->add_option(
           "--method", asked.method,
           "selection method; --list names them; a scorer's sampler after a slash, its first setting after "
           "a colon, as in el2n/ccs:0.6")
        ->capture_default_str()
        ->type_name("TEXT");
    sub->add_option("--fraction", asked.fraction, "share of the samples to keep, above 0 and at most 1")
        ->capture_default_str();
    sub->add_flag("--unbalanced", asked.unbalanced, "choose among all samples at once, not class by class");
    sub->add_flag("--at-least-one", asked.at_least_one,
                  "keep one sample of every class at least, at the cost of large ones");
    add_count(*sub, "seed", asked.seed, "seed of all that is drawn");
    sub->add_option("--out", asked.out, "kept indices, int64 .npy")->capture_default_str()->type_name("FILE");
    sub->add_option(
           "--weights-out", asked.weights_out,
           "weights of the kept samples for the loss, float32 .npy, of mean 1; ones where the method "
           "gives none")
        ->type_name("FILE");
    sub->add_flag("--raw-weights", asked.raw_weights,
                  "leave weights on the scale of the method: CRAIG's sum up to the samples, GradMatch's to "
                  "about 1");
    sub->add_option("--scores-out", asked.scores_out, "scores of all samples, float32 .npy")
        ->type_name("FILE");
    sub->add_option("--csv", asked.csv, "table of the kept samples: index, class, weight, score")
        ->type_name("FILE");
    add_count(*sub, "max-memory", asked.max_memory,
              "MiB of similarities that a method may keep; above that --similarities says what is done");
    sub->add_flag("--dry-run", asked.dry_run, "say what memory and time it would take, and leave");
}

/// Flags that do not change what is picked: files, which have fingerprints, and how the work is done.
bool is_setting(const std::string &name) {
    constexpr std::array<std::string_view, 19> others{"--last-layer",
                                                      "--scores",
                                                      "--data",
                                                      "--help",
                                                      "--run",
                                                      "--list",
                                                      "--threads",
                                                      "--dry-run",
                                                      "--labels",
                                                      "--logits",
                                                      "--out",
                                                      "--embeddings",
                                                      "--weights-out",
                                                      "--csv",
                                                      "--scores-out",
                                                      "--validation-labels",
                                                      "--validation-logits",
                                                      "--validation-embeddings",
                                                      "--help-all"};
    return std::find(others.begin(), others.end(), name) == others.end();
}

/// Every setting as it was given or is by default: a flag that is added is in the report without more ado.
std::map<std::string, std::string> settings_of(const CLI::App &sub) {
    std::map<std::string, std::string> settings;
    for (const auto *option : sub.get_options()) {
        const auto name = option->get_name();
        if (!is_setting(name)) continue;
        const bool given = option->count() > 0, is_flag = option->get_expected_max() == 0;
        settings[name.substr(2)] = is_flag ? (given ? "true" : "false")
                                   : given ? option->results().back()
                                           : option->get_default_str();
    }
    return settings;
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
    const auto method = take_apart(asked.method, sampler, !asked.scores.empty());
    require(method.scorer || !is_given(*sampler_flag), "U49",
            "select: --sampler is for methods that rate samples, ", method.method,
            " picks by itself: leave it out");
    for (const auto *option : sub.get_options()) {
        const auto name = option->get_name().substr(2);
        require(option->count() == 0 || method.named_setting.empty() || name != method.named_setting, "C40",
                "select: the sampler's setting is given twice, by --method ", asked.method, " and by --",
                name, ": leave one out");
        require(!is_given(*option) || is_read_by(method, name), "U49", "select: --", name, " is for ",
                method_readers(name), ", but --method is ", asked.method, ": leave one of them out");
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
    sub->add_option("--device", kept->arrays.device,
                    "where it computes: cpu; with the torch backend also cuda or cuda:1")
        ->capture_default_str();
    add_count(*sub, "threads", kept->arrays.threads, "threads in all; 0: as many as there are processors");
    sub->add_flag("--list", kept->list, "list the methods and leave");
    add_array_options(sub, kept->arrays);
    kept->options = std::make_unique<method_options>(*sub);
    sub->callback([kept, sub] {
        const auto &a = kept->arrays;
        if (kept->list) return list_methods();
        if (!kept->place.run.empty()) {
            // A run directory has its settings; another method or fraction here would be silently ignored.
            for (const auto *option : sub->get_options()) {
                const auto name = option->get_name();
                require(option->count() == 0 || name == "--run" || name == "--threads" || name == "--data",
                        "U25", "select: ", name, " cannot be given with --run: the run's config.json has it");
            }
            return select_command(kept->place, a.threads == 0 ? thread_count{} : thread_count{a.threads});
        }
        require(kept->place.data.empty(), "U25", "select: --data is the data set of a run: give --run DIR");
        require(!a.labels.empty(), "U26",
                "select: give --run DIR, or --labels and what the method needs of --logits and --embeddings");
        if (!a.scores.empty()) {
            require(sub->get_option("--method")->count() == 0, "U48", "select: --method ", a.method,
                    " rates samples itself, --scores '", a.scores.string(),
                    "' has a rating: give one of them");
            kept->arrays.method = "scores";
        }
        check_readers(*sub, a);
        kept->arrays.settings = settings_of(*sub);
        kept->arrays.settings["method"] = a.method;
        if (const auto slash = a.method.find('/'); slash != std::string::npos) {
            require(sub->get_option("--sampler")->count() == 0, "C40",
                    "select: the sampler is named twice, by --method ", a.method,
                    " and by --sampler: leave one out");
            const auto colon = std::min(a.method.find(':', slash), a.method.size());
            const auto sampler = a.method.substr(slash + 1, colon - slash - 1);
            kept->arrays.settings["sampler"] = sampler;
            const auto setting = take_apart(a.method, sampler).named_setting;
            if (!setting.empty()) kept->arrays.settings[std::string(setting)] = a.method.substr(colon + 1);
        }
        kept->arrays.options = kept->options->resolve();
        select_arrays_command(a);
    });
}

} // namespace lipt::adapters
