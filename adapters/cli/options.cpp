#include <lipt/adapters/cli/options.hpp>
#include <lipt/adapters/cli/values.hpp>
#include <lipt/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace lipt::adapters {

namespace {

template <class Value>
std::string words_of(const detail::choices<Value> &words) {
    std::string all;
    for (const auto &[word, meaning] : words) all += (all.empty() ? "" : "|") + std::string(word);
    return all;
}

template <class Value>
std::string shown(const Value &value) {
    if constexpr (std::is_same_v<Value, std::string>)
        return value;
    else if constexpr (std::is_same_v<Value, bool>)
        return value ? "true" : "false";
    else
        return fmt::format("{}", value);
}

template <class Value>
constexpr const char *kind_of() {
    if constexpr (std::is_same_v<Value, bool>)
        return "BOOL";
    else if constexpr (std::is_same_v<Value, std::string>)
        return "TEXT";
    else if constexpr (std::is_floating_point_v<Value>)
        return "NUMBER";
    else
        return "COUNT";
}

/// The settings' values as text, under their names.
struct value_lister {
    std::map<std::string, std::string> &values;

    template <class Value>
    void operator()(const std::string &name, const Value &value, const std::string &) {
        values[name] = shown(value);
    }
    template <class Value>
    void operator()(const std::string &name, const Value &value, const detail::choices<Value> &words,
                    const std::string &) {
        for (const auto &[word, meaning] : words) {
            if (meaning == value) values[name] = std::string(word);
        }
    }
};

/// Adds an option for each setting; its default is that of the recommended preset, and where the paper's
/// differs its help says so, unless it does by itself.
struct option_adder {
    CLI::App &command;
    std::map<std::string, std::string> &given;
    const std::map<std::string, std::string> &papers;

    CLI::Option *add(const std::string &name, const std::string &help, const std::string &kind,
                     const std::string &initial) {
        auto *option = command.add_option_function<std::string>(
            "--" + name,
            [this_given = &given, name](const std::string &value) { (*this_given)[name] = value; },
            papers.at(name) == initial || help.find("preset paper") != std::string::npos
                ? help
                : help + "; in the preset paper " + papers.at(name));
        // Given twice, the last one counts: a script's flags can be followed by one's own.
        return option->type_name(kind)->default_str(initial)->multi_option_policy(
            CLI::MultiOptionPolicy::TakeLast);
    }
    template <class Value>
    void operator()(const std::string &name, const Value &value, const std::string &help) {
        add(name, help, kind_of<Value>(), shown(value));
    }
    template <class Value>
    void operator()(const std::string &name, const Value &value, const detail::choices<Value> &words,
                    const std::string &help) {
        for (const auto &[word, meaning] : words) {
            if (meaning == value) add(name, help, words_of(words), std::string(word));
        }
    }
};

/// Whether a file may hold it: every flag that shapes a result, and those that every run has.
bool is_setting(const std::string &name) {
    std::map<std::string, std::string> all{{"threads", ""}, {"checkpoint-seconds", ""}, {"preset", ""}};
    run_settings any;
    visit_settings(any, value_lister{all});
    return all.contains(name);
}

/// The names of the settings that have another value than they had before.
std::vector<std::string> changed(run_settings before, run_settings after) {
    std::map<std::string, std::string> old, present;
    visit_settings(before, value_lister{old});
    visit_settings(after, value_lister{present});
    std::vector<std::string> names;
    for (const auto &[name, value] : present) {
        if (old.at(name) != value) names.push_back(name);
    }
    return names;
}

/// TOML's 1_000 as everybody else writes it; texts stay as they are.
std::string without_digit_marks(const std::string &value) {
    const bool number = !value.empty() && value.find_first_not_of("+-0123456789_.eE") == std::string::npos &&
                        value.find_first_of("0123456789") < 2;
    std::string plain = value;
    if (number) std::erase(plain, '_');
    return plain;
}

/// Sets the one setting of that name; counts whether there was one.
struct setting_writer {
    const std::string &wanted, &given;
    bool found = false;

    template <class Value>
    void operator()(const std::string &name, Value &value, const std::string &) {
        if (name != wanted) return;
        found = true;
        value = parse_value<Value>(name, given);
    }
    template <class Value>
    void operator()(const std::string &name, Value &value, const detail::choices<Value> &words,
                    const std::string &) {
        if (name != wanted) return;
        found = true;
        for (const auto &[word, meaning] : words) {
            if (word == given) {
                value = meaning;
                return;
            }
        }
        fail("U03", "settings: --", name, " is '", given, "', expected ", words_of(words));
    }
};

} // namespace

method_options::method_options(CLI::App &command)
    : given_(std::make_shared<std::map<std::string, std::string>>()) {
    select_options defaults;
    std::map<std::string, std::string> values;
    value_lister list{values};
    visit_method(defaults, list);
    option_adder add{command, *given_, values};
    visit_method(defaults, add);
}

select_options method_options::resolve() const {
    select_options options;
    for (const auto &[name, value] : *given_) {
        setting_writer writer{name, value};
        visit_method(options, writer);
    }
    return options;
}

settings_options::settings_options(CLI::App &command)
    : command_(command), given_(std::make_shared<std::map<std::string, std::string>>()) {
    command
        .add_option("--preset", preset_,
                    "where defaults come from: what was measured to be best, or the paper's protocol")
        ->type_name("recommended|paper")
        ->capture_default_str();
    command
        .add_option("--config", config_, "TOML file with settings under the names of the flags; flags win")
        ->type_name("FILE");
    command
        .add_option(
            "--threads", (*given_)["threads"],
            "threads in all; results do not depend on it, but for the rounding of a TorchScript module")
        ->type_name("COUNT");
    command
        .add_option("--checkpoint-seconds", (*given_)["checkpoint-seconds"],
                    "least time between checkpoints of a training, which are made at the end of an epoch")
        ->type_name("COUNT")
        ->default_str("10");
    run_settings defaults = make_preset({});
    run_settings paper = make_preset({.preset = "paper"});
    std::map<std::string, std::string> papers;
    visit_settings(paper, value_lister{papers});
    visit_settings(defaults, option_adder{command, *given_, papers});
}

std::vector<settings_options::assignment> settings_options::assignments() const {
    std::vector<assignment> all;
    if (!config_.empty()) {
        std::error_code ignored;
        require(std::filesystem::is_regular_file(config_, ignored), "U03", "settings: --config '",
                config_.string(), "' is not a file: give one of settings, as TOML");
        std::vector<CLI::ConfigItem> items;
        try {
            items = CLI::ConfigTOML().from_file(config_.string());
        } catch (const CLI::Error &failure) {
            fail("U03", "settings: --config ", config_.string(), ": ", failure.what());
        }
        for (const auto &item : items) {
            // The reader marks where a section begins and ends by items of these names.
            const bool section = !item.parents.empty() || item.name == "++" || item.name == "--";
            require(!section, "U03", "settings: ", config_.string(), " has a section [",
                    item.parents.empty() ? item.name : item.parents.front(),
                    "]: every setting stands at the top level, under the name of its flag");
            require(item.inputs.size() == 1, "U03", "settings: ", config_.string(), ": '", item.name,
                    "' has ", item.inputs.size(), " values, expected one");
            require(command_.get_option_no_throw("--" + item.name) == nullptr || is_setting(item.name), "U03",
                    "settings: ", config_.string(), ": '", item.name,
                    "' is not a setting but a flag: give --", item.name, " on the command line");
            all.push_back({item.name, without_digit_marks(item.inputs.front()), true});
        }
    }
    for (const auto &[name, value] : *given_) {
        const bool present = command_.get_option("--" + name)->count() > 0;
        if (present) all.push_back({name, value});
    }
    return all;
}

run_settings settings_options::resolve() const {
    const auto wanted = assignments();
    const auto apply = [&](run_settings &settings) {
        for (const auto &[name, value, from_file] : wanted) {
            setting_writer writer{name, value};
            visit_settings(settings, writer);
            if (name == "threads")
                settings.pipeline.threads = parse_value<std::size_t>(name, value);
            else if (name == "checkpoint-seconds")
                settings.checkpoint_seconds = parse_value<std::size_t>(name, value);
            else if (name == "preset" && from_file)
                settings.preset = value;
            else
                require(writer.found, "U03", "settings: ", config_.string(), ": there is no setting '", name,
                        "'; `lipt run --help` lists them");
        }
    };
    // Twice: the preset depends on the data set, the pre-training and the selector that are asked for.
    run_settings asked;
    asked.preset = preset_;
    apply(asked);
    if (command_.get_option("--preset")->count() > 0) asked.preset = preset_;
    run_settings settings = make_preset(asked);
    apply(settings);
    settings.preset = asked.preset;
    settings.given = changed(make_preset(asked), settings);
    const bool rate_given = std::any_of(wanted.begin(), wanted.end(),
                                        [](const auto &one) { return one.name == "learning-rate"; });
    if (!rate_given) settings.pipeline.main.learning_rate = preset_learning_rate(settings);
    const bool warm_given = std::any_of(wanted.begin(), wanted.end(),
                                        [](const auto &one) { return one.name == "pretrain-epochs"; });
    if (!warm_given) settings.pipeline.main.epochs *= main_share(settings);
    // Another command may read this setting elsewhere.
    if (!settings.data.empty())
        settings.data = std::filesystem::absolute(settings.data).lexically_normal().string();
    if (settings.network.ends_with(".pt"))
        settings.network = std::filesystem::absolute(settings.network).lexically_normal().string();
    if (!settings.init_weights.empty()) {
        settings.init_weights = std::filesystem::absolute(settings.init_weights).lexically_normal().string();
    }
    unify(settings);
    return settings;
}

} // namespace lipt::adapters
