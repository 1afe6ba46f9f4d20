// Options of methods by their names: what describe() says of them, as text.
#include <lipt/adapters/arrays/select.hpp>
#include <lipt/error.hpp>
#include <lipt/select/named_method.hpp>
#include <lipt/select/option_readers.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <numeric>
#include <system_error>
#include <utility>

namespace lipt::arrays {
namespace {

struct lister {
    std::vector<option_summary> &all;

    template <class Value>
    void operator()(const option_about &about, const Value &value) {
        add(about, std::floating_point<Value> ? 'x' : 'n', fmt::format("{}", value), {});
    }
    template <class Value, std::size_t Count>
    void operator()(const option_about &about, const Value &value, const option_word<Value> (&words)[Count]) {
        std::string initial;
        std::vector<std::string> names;
        for (const auto &[word, meaning] : words) {
            names.emplace_back(word);
            if (meaning == value) initial = std::string(word);
        }
        add(about, 'w', std::move(initial), std::move(names));
    }

  private:
    void add(const option_about &about, char kind, std::string initial, std::vector<std::string> words) {
        all.push_back({.name = std::string(about.name),
                       .range = std::string(about.range),
                       .read_by = std::string(about.read_by),
                       .help = std::string(about.help),
                       .initial = std::move(initial),
                       .words = std::move(words),
                       .kind = kind});
    }
};

/// Sets the option of that name.
struct writer {
    const std::string &wanted, &text;
    bool found = false;

    template <class Value>
    void operator()(const option_about &about, Value &value) {
        if (about.name != wanted) return;
        found = true;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
        require(code == std::errc{} && end == text.data() + text.size(), "U03", "select: ", wanted, " is '",
                text, "', expected a ", std::floating_point<Value> ? "number" : "whole number of 0 or more");
    }
    template <class Value, std::size_t Count>
    void operator()(const option_about &about, Value &value, const option_word<Value> (&words)[Count]) {
        if (about.name != wanted) return;
        found = true;
        std::string names;
        for (const auto &[word, meaning] : words) {
            names += lipt::text(names.empty() ? "" : ", ", word);
            if (word == text) {
                value = meaning;
                return;
            }
        }
        fail("U03", "select: ", wanted, " is '", text, "', expected one of: ", names);
    }
};

/// How many letters must change to make one word of the other.
std::size_t distance_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row.back();
}

/// Whether a method reads an option, itself or by any sampler that picks by its scores.
bool reads(const method_info &info, const option_summary &option) {
    const auto by = [&](std::string_view sampler) {
        return is_reader(option.read_by, info.name, info.scorer, sampler);
    };
    return by("") || std::any_of(std::begin(sampler_words), std::end(sampler_words),
                                 [&](const auto &word) { return by(word.first); });
}

std::string needs_of(const method_info &info) {
    const select_options usual;
    std::string needs;
    const auto add = [&](bool needed, std::string_view name) {
        if (needed) needs += lipt::text(needs.empty() ? "" : ", ", name);
    };
    add(needs_labels(info, false, usual), "labels");
    add(info.validation || needs_residual(info, false, usual), "logits");
    add(info.validation || needs_embeddings(info, false, usual), "embeddings");
    add(info.validation, "validation");
    return needs;
}

} // namespace

std::vector<option_summary> list_options() {
    select_options usual;
    std::vector<option_summary> all;
    describe(usual, lister{all});
    return all;
}

void set_option(select_options &options, const std::string &name, const std::string &value) {
    writer write{name, value};
    describe(options, write);
    if (write.found) return;
    const auto all = list_options();
    const auto nearest = std::min_element(all.begin(), all.end(), [&](const auto &a, const auto &b) {
        return distance_between(a.name, name) < distance_between(b.name, name);
    });
    fail("U03", "select: there is no option '", name, "', the nearest is ", nearest->name);
}

array_input &array_of(select_request &request, const std::string &name) {
    const std::pair<std::string_view, array_input *> all[] = {
        {"labels", &request.labels},
        {"logits", &request.logits},
        {"embeddings", &request.embeddings},
        {"residuals", &request.residuals},
        {"scores", &request.scores},
        {"validation-labels", &request.validation_labels},
        {"validation-logits", &request.validation_logits},
        {"validation-embeddings", &request.validation_embeddings},
        {"last-layer", &request.last_layer}};
    std::string names;
    for (const auto &[known, input] : all) {
        if (known == name) return *input;
        names += lipt::text(names.empty() ? "" : ", ", known);
    }
    fail("U03", "select: there is no array '", name, "', expected one of: ", names);
}

void set_setting(select_request &request, const std::string &name, const std::string &value) {
    const auto number = [&](auto &out) {
        const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), out);
        require(code == std::errc{} && end == value.data() + value.size(), "U03", "select: ", name, " is '",
                value, "', expected a number");
    };
    const auto truth = [&](bool &out) {
        require(value == "true" || value == "false", "U03", "select: ", name, " is '", value,
                "', expected true or false");
        out = value == "true";
    };
    if (name == "method")
        request.method = value;
    else if (name == "device")
        request.device = value;
    else if (name == "state")
        request.state = value;
    else if (name == "fraction")
        number(request.fraction);
    else if (name == "count") {
        std::size_t count = 0;
        number(count);
        request.count = count;
    } else if (name == "seed")
        number(request.seed);
    else if (name == "epoch")
        number(request.epoch);
    else if (name == "threads")
        number(request.threads);
    else if (name == "balanced")
        truth(request.balanced);
    else if (name == "at-least-one")
        truth(request.at_least_one);
    else if (name == "raw-weights")
        truth(request.raw_weights);
    else if (name == "memory") {
        std::size_t mebibytes = 0;
        number(mebibytes);
        require(mebibytes <= std::size_t{1} << 40, "U30", "select: memory is ", mebibytes,
                " MiB, expected at most an EiB");
        request.memory = mebibytes << 20;
    } else
        set_option(request.options, name, value);
}

std::vector<method_summary> list_methods() {
    std::vector<method_summary> all;
    for (const auto &info : all_methods::infos) {
        method_summary one{.name = info.name,
                           .summary = info.summary,
                           .needs = needs_of(info),
                           .weights = info.weights,
                           .scorer = info.scorer,
                           .exact = info.exact,
                           .chance = info.chance,
                           .utility = info.utility};
        for (const auto &option : list_options()) {
            if (!option.read_by.empty() && reads(info, option))
                one.options += lipt::text(one.options.empty() ? "" : " ", option.name);
        }
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace lipt::arrays
