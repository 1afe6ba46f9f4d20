#include <lipt/adapters/cli/settings.hpp>
#include <lipt/version.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <set>
#include <type_traits>

namespace lipt::adapters {

namespace {

using nlohmann::json;

/// Writes every setting into an object; choices by their words.
struct json_writer {
    json &out;

    template <class Value>
    void operator()(const std::string &name, const Value &value, const std::string &) {
        out[name] = value;
    }
    // A float's shortest decimal, not the double it widens to: 0.1, not 0.10000000149.
    void operator()(const std::string &name, const float &value, const std::string &) {
        out[name] = std::stod(number(value));
    }
    template <class Value>
    void operator()(const std::string &name, const Value &value, const detail::choices<Value> &words,
                    const std::string &) {
        for (const auto &[word, meaning] : words) {
            if (meaning == value) out[name] = word;
        }
    }

    static std::string number(float value) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        return {digits, end};
    }
};

/// Reads every setting that the object has.
struct json_reader {
    const json &in;
    std::set<std::string> known;

    template <class Value>
    void operator()(const std::string &name, Value &value, const std::string &) {
        known.insert(name);
        const auto found = in.find(name);
        if (found == in.end()) return;
        const bool fits = std::is_same_v<Value, bool>          ? found->is_boolean()
                          : std::is_same_v<Value, std::string> ? found->is_string()
                          : std::is_floating_point_v<Value>    ? found->is_number()
                                                               : found->is_number_unsigned();
        require(fits, "U02", "settings: '", name, "' is ", found->dump(), ", which is not of its type");
        found->get_to(value);
    }
    template <class Value>
    void operator()(const std::string &name, Value &value, const detail::choices<Value> &words,
                    const std::string &) {
        known.insert(name);
        const auto found = in.find(name);
        if (found == in.end()) return;
        std::string expected;
        for (const auto &[word, meaning] : words) {
            if (*found == word) {
                value = meaning;
                return;
            }
            expected += (expected.empty() ? "" : ", ") + std::string(word);
        }
        fail("U02", "settings: '", name, "' is ", found->dump(), ", expected one of: ", expected);
    }
};

} // namespace

void unify(run_settings &settings) {
    auto &p = settings.pipeline;
    if (settings.name.empty()) {
        const char *before = p.pretrain == pretrain_kind::lipt   ? "LiPT + "
                             : p.pretrain == pretrain_kind::full ? "conventional + "
                                                                 : "";
        settings.name = before + p.selector;
    }
    if (settings.dataset == "image-folder" && settings.image_size == 0) settings.image_size = 224;
    p.local.training.batch_size = p.shards.batch_size;
    for (train_options *options : {&p.initialize, &p.full, &p.local.training}) {
        options->momentum = p.main.momentum;
        options->weight_decay = p.main.weight_decay;
        options->nesterov = p.main.nesterov;
        options->final_learning_rate = p.main.final_learning_rate;
    }
}

nlohmann::json to_json(run_settings settings) {
    json out;
    visit_settings(settings, json_writer{out});
    out["preset"] = settings.preset;
    return out;
}

run_settings settings_from_json(const nlohmann::json &settings) {
    run_settings result;
    json_reader reader{settings, {"preset"}};
    visit_settings(result, reader);
    if (const auto preset = settings.find("preset"); preset != settings.end()) {
        require(preset->is_string(), "U02", "settings: 'preset' is ", preset->dump(),
                ", which is not of its type");
        result.preset = preset->get<std::string>();
    }
    for (const auto &[key, value] : settings.items()) {
        require(reader.known.contains(key), "U02", "settings: '", key, "' is unknown to version ",
                LIPT_VERSION, ": the run directory was made by another version");
    }
    unify(result);
    return result;
}

} // namespace lipt::adapters
