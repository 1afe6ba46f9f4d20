// Soups, masks and shard plans for Python: tensors in as addresses, out as bytes that Python owns.
#include "results.hpp"
#include "views.hpp"

#include <lipt/adapters/arrays/masks.hpp>
#include <lipt/adapters/arrays/shards.hpp>
#include <lipt/adapters/arrays/soup.hpp>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lipt::python {
namespace {

namespace nb = nanobind;

/// A path, or a list of (name, array as input_of reads it, whether it is boolean).
arrays::named_tensors tensors_of(nb::handle given) {
    if (nb::isinstance<nb::str>(given)) return std::filesystem::path(nb::cast<std::string>(given));
    std::vector<arrays::named_tensor> tensors;
    for (const nb::handle item : nb::cast<nb::list>(given)) {
        const auto parts = nb::cast<nb::tuple>(item);
        tensors.push_back({.name = nb::cast<std::string>(parts[0]),
                           .values = *input_of(parts[1]).view(),
                           .boolean = nb::cast<bool>(parts[2])});
    }
    return tensors;
}

/// The bytes as an array of uint8, not copied.
nb::object bytes_of(const std::shared_ptr<std::vector<std::byte>> &bytes) {
    auto *kept = new std::shared_ptr<std::vector<std::byte>>(bytes);
    const nb::capsule owner(kept, [](void *held) noexcept {
        delete static_cast<std::shared_ptr<std::vector<std::byte>> *>(held);
    });
    auto *data = reinterpret_cast<std::uint8_t *>(bytes->data());
    return nb::cast(nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>>(data, {bytes->size()}, owner));
}

/// (name, type, shape, bytes) each; tied tensors have one and the same object of bytes.
nb::list listed(std::span<const arrays::kept_tensor> tensors) {
    std::map<const void *, nb::object> made;
    nb::list list;
    for (const auto &tensor : tensors) {
        auto &bytes = made[tensor.bytes.get()];
        if (!bytes.is_valid()) bytes = bytes_of(tensor.bytes);
        const auto type = tensor.boolean ? std::string_view("bool") : arrays::name_of(tensor.type);
        nb::list shape;
        for (const auto extent : tensor.shape) shape.append(extent);
        list.append(nb::make_tuple(tensor.name, std::string(type), nb::tuple(shape), bytes));
    }
    return list;
}

/// Hears Ctrl-C; called without the interpreter's lock.
void hear_signals() {
    const nb::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

nb::dict described(const arrays::soup_ingredient &ingredient) {
    nb::dict made;
    made["ingredient"] = ingredient.number;
    made["score_alone"] = ingredient.score_alone;
    made["alpha"] = ingredient.alpha;
    made["before"] = ingredient.before;
    made["after"] = ingredient.after;
    made["kept"] = ingredient.kept;
    made["reason"] = ingredient.reason;
    return made;
}

nb::dict soup_of(const nb::list &models, const nb::object &score, const nb::object &base,
                 const std::string &method, const std::string &search, std::size_t points, double density,
                 double scale, const std::string &out) {
    std::vector<arrays::named_tensors> ingredients;
    for (const nb::handle model : models) ingredients.push_back(tensors_of(model));
    arrays::soup_options options{.method = arrays::merging_of(method),
                                 .search = arrays::share_search_of(search),
                                 .points = points,
                                 .density = density,
                                 .scale = scale,
                                 .out = out,
                                 .watch = hear_signals};
    if (!base.is_none()) options.base = tensors_of(base);
    arrays::soup_score scored;
    if (!score.is_none()) {
        scored = [&](std::span<const arrays::kept_tensor> model) {
            const nb::gil_scoped_acquire lock;
            return nb::cast<double>(score(listed(model)));
        };
    }
    arrays::soup_result result;
    {
        const nb::gil_scoped_release unlocked;
        result = arrays::soup(ingredients, options, scored);
    }
    nb::list tried, trials;
    for (const auto &ingredient : result.ingredients) tried.append(described(ingredient));
    for (const auto &trial : result.trials)
        trials.append(nb::make_tuple(trial.ingredient, trial.alpha, trial.score));
    nb::dict made;
    made["weights"] = listed(result.weights);
    made["score"] = result.score;
    made["evaluations"] = result.evaluations;
    made["ingredients"] = tried;
    made["trials"] = trials;
    return made;
}

nb::tuple mask_of(const nb::object &model, double density_min, double density_max, const std::string &scope,
                  std::uint64_t seed, std::uint32_t worker,
                  std::optional<std::vector<std::string>> prunable) {
    const auto tensors = tensors_of(model);
    const arrays::mask_options options{.density_min = density_min,
                                       .density_max = density_max,
                                       .scope = arrays::mask_scope_of(scope),
                                       .seed = seed,
                                       .worker = worker,
                                       .prunable = std::move(prunable)};
    arrays::mask_result result;
    {
        const nb::gil_scoped_release unlocked;
        result = arrays::magnitude_mask(tensors, options);
    }
    return nb::make_tuple(listed(result.keep), result.density, result.emptied);
}

/// labels: as input_of reads them, int64 without gaps, or a number of samples.
nb::list shards_of(const nb::object &labels, std::size_t workers, std::size_t minibatches,
                   std::size_t batch_size, bool stratified, std::uint64_t seed) {
    const arrays::shard_options options{.workers = workers,
                                        .minibatches = minibatches,
                                        .batch_size = batch_size,
                                        .stratified = stratified,
                                        .seed = seed};
    std::vector<std::vector<std::int64_t>> shards;
    if (nb::isinstance<nb::int_>(labels)) {
        shards = arrays::plan_shards(nb::cast<std::size_t>(labels), options);
    } else {
        const auto input = input_of(labels);
        const std::span values(reinterpret_cast<const std::int64_t *>(input.view()->data),
                               input.view()->shape.at(0));
        const nb::gil_scoped_release unlocked;
        shards = arrays::plan_shards(values, options);
    }
    nb::list list;
    for (auto &shard : shards) list.append(array_of(std::move(shard)));
    return list;
}

} // namespace

void bind_merging(nb::module_ &module) {
    module.def("soup", soup_of, nb::arg("models"), nb::arg("score").none(), nb::arg("base").none(),
               nb::arg("method"), nb::arg("search"), nb::arg("points"), nb::arg("density"), nb::arg("scale"),
               nb::arg("out"));
    module.def("magnitude_mask", mask_of, nb::arg("model"), nb::arg("density_min"), nb::arg("density_max"),
               nb::arg("scope"), nb::arg("seed"), nb::arg("worker"), nb::arg("prunable").none());
    module.def("plan_shards", shards_of, nb::arg("labels"), nb::arg("workers"), nb::arg("minibatches"),
               nb::arg("batch_size"), nb::arg("stratified"), nb::arg("seed"));
}

} // namespace lipt::python
