// `lipt select` on arrays that somebody else's network made.
#include <lipt/adapters/cli/commands.hpp>
#include <lipt/adapters/store/npy.hpp>
#include <lipt/chosen.hpp>
#include <lipt/select/methods.hpp>

#include <fmt/format.h>

#include <thread>

namespace lipt::adapters {

namespace {

namespace fs = std::filesystem;

/// A matrix of outputs, checked. errors: C30 not two-dimensional, or NaN or infinity (names the row)
host_matrix read_matrix(const fs::path &path, std::size_t rows) {
    auto array = read_npy<float>(path);
    require(array.shape.size() == 2 && array.shape[1] > 0, "C30", "select: ", path.string(), " has ",
            array.shape.size(), " dimensions, expected 2: one row a sample");
    require(array.shape[0] == rows, "C30", "select: ", path.string(), " has ", array.shape[0],
            " rows, the labels are ", rows, ": give one row a sample, in the same order");
    for (std::size_t i = 0; i < array.values.size(); ++i) {
        require(std::isfinite(array.values[i]), "C30", "select: ", path.string(),
                " has a value that is not finite in row ", i / array.shape[1],
                ": remove that sample or mend the network's outputs");
    }
    host_matrix matrix = host_matrix::from_shape({array.shape[0], array.shape[1]});
    std::copy(array.values.begin(), array.values.end(), matrix.data());
    return matrix;
}

std::vector<std::int32_t> read_labels(const fs::path &path) {
    const auto array = read_npy<std::int64_t>(path);
    require(array.shape.size() == 1 && !array.values.empty(), "C30", "select: ", path.string(), " has ",
            array.shape.size(), " dimensions and ", array.values.size(),
            " labels, expected 1 and at least one");
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < array.values.size(); ++i) {
        require(array.values[i] >= 0 && array.values[i] < (std::int64_t{1} << 31), "C30",
                "select: ", path.string(), ": label of sample ", i, " is ", array.values[i],
                ", expected 0 or more");
        labels.push_back(static_cast<std::int32_t>(array.values[i]));
    }
    return labels;
}

struct outputs {
    std::vector<std::int32_t> labels;
    host_matrix logits, embeddings;
};

outputs read_outputs(const fs::path &labels, const fs::path &logits, const fs::path &embeddings) {
    outputs read{.labels = read_labels(labels)};
    read.logits = read_matrix(logits, read.labels.size());
    read.embeddings = read_matrix(embeddings, read.labels.size());
    for (std::size_t i = 0; i < read.labels.size(); ++i) {
        require(static_cast<std::size_t>(read.labels[i]) < read.logits.shape(1), "C30",
                "select: label of sample ", i, " is ", read.labels[i], ", the logits have ",
                read.logits.shape(1), " columns: one a class is expected");
    }
    return read;
}

} // namespace

void select_arrays_command(const array_selection &asked) {
    const auto &method = find_method(asked.method);
    require(asked.scores_out.empty() || method.gradients || method.validation, "U24",
            "select: ", asked.method, " gives no scores: leave out --scores-out");
    require(asked.weights_out.empty() || method.weights, "U24", "select: ", asked.method,
            " gives no weights: leave out --weights-out");
    require(std::isfinite(asked.options.gradmatch.ridge) &&
                std::isfinite(asked.options.glister.learning_rate),
            "U24", "select: a setting of the method is not a finite number");
    const std::size_t threads =
        asked.threads > 0 ? asked.threads : std::max(1u, std::thread::hardware_concurrency());
    const auto tensor = chosen::make_tensor(threads);
    using tensor_type = std::remove_const_t<decltype(tensor)>;
    const auto read = read_outputs(asked.labels, asked.logits, asked.embeddings);
    const auto gradients =
        make_gradients(tensor, tensor.from_host(read.logits), tensor.from_host(read.embeddings), read.labels);
    selection_problem<tensor_type> problem{.labels = read.labels,
                                           .classes = read.logits.shape(1),
                                           .fraction = asked.fraction,
                                           .balanced = !asked.unbalanced,
                                           .gradients = from_memory(tensor, gradients)};
    validation_set<tensor_type> validation;
    if (method.validation) {
        require(!asked.validation_labels.empty() && !asked.validation_logits.empty() &&
                    !asked.validation_embeddings.empty(),
                "U23", "select: ", asked.method,
                " needs --validation-embeddings, --validation-logits and --validation-labels");
        const auto held =
            read_outputs(asked.validation_labels, asked.validation_logits, asked.validation_embeddings);
        validation = {tensor.from_host(held.logits), tensor.from_host(held.embeddings), held.labels};
        problem.validation = &validation;
    }
    select_options options = asked.options;
    options.seed = asked.seed;
    const auto chosen = select(tensor, asked.method, problem, options);
    if (!asked.scores_out.empty()) {
        write_npy<float>(asked.scores_out, chosen.scores);
    }
    if (!asked.weights_out.empty()) {
        write_npy<float>(asked.weights_out, chosen.weights);
    }
    write_npy<std::int64_t>(asked.out, chosen.indices);
    fmt::print("{}: {} of {} samples ({}) -> {}\n", asked.method, chosen.indices.size(), read.labels.size(),
               method.exact ? "exactly the budget" : "at most the budget", asked.out.string());
}

void list_methods() {
    for (const auto &info : all_methods::infos) {
        fmt::print("{:<20} {}{}\n", info.name, info.summary, info.weights ? "; gives weights" : "");
    }
}

} // namespace lipt::adapters
