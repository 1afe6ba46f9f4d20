// What a training loop in Python calls between its steps: info_batch, and the accumulators of scores.
#include "views.hpp"

#include <lipt/error.hpp>
#include <lipt/select/info_batch.hpp>
#include <lipt/select/training_scores.hpp>

#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace lipt::python {
namespace {

/// Whether elements lie one after the other, row after row.
bool is_contiguous(const arrays::array_view &view) {
    if (view.strides.empty()) return true;
    auto expected = static_cast<std::ptrdiff_t>(arrays::size_of(view.type));
    for (std::size_t d = view.shape.size(); d-- > 0;) {
        if (view.shape[d] > 1 && view.strides[d] != expected) return false;
        expected *= static_cast<std::ptrdiff_t>(view.shape[d]);
    }
    return true;
}

/// Copies the numbers of an array in memory that has just this type and number of dimensions.
/// errors: C21 another
template <class Value>
std::vector<Value> numbers_of(const arrays::array_input &input, std::size_t dimensions,
                              std::string_view name) {
    const auto *view = input.view();
    require(view != nullptr && view->type == arrays::detail::scalar_of<Value>() &&
                view->shape.size() == dimensions && is_contiguous(*view),
            "C21", "training scores: ", name, ": expected an array in memory of ", dimensions,
            " dimensions and type ", arrays::name_of(arrays::detail::scalar_of<Value>()), ", row after row");
    std::size_t count = 1;
    for (const auto extent : view->shape) count *= extent;
    std::vector<Value> out(count);
    if (count > 0) std::memcpy(out.data(), view->data, count * sizeof(Value)); // which need not be aligned
    return out;
}

host_matrix rows_of(const arrays::array_input &input, std::string_view name) {
    const auto values = numbers_of<float>(input, 2, name);
    host_matrix rows = host_matrix::from_shape({input.view()->shape[0], input.view()->shape[1]});
    std::copy(values.begin(), values.end(), rows.begin());
    return rows;
}

/// A NumPy array that owns the values.
template <class Value>
nb::ndarray<nb::numpy, Value, nb::ndim<1>> to_numpy(std::vector<Value> values) {
    auto owned = std::make_unique<std::vector<Value>>(std::move(values));
    Value *data = owned->data();
    const std::size_t size = owned->size();
    const nb::capsule owner(owned.get(),
                            [](void *kept) noexcept { delete static_cast<std::vector<Value> *>(kept); });
    owned.release();
    return nb::ndarray<nb::numpy, Value, nb::ndim<1>>(data, {size}, owner);
}

nb::tuple info_batch_of(nb::handle losses, std::uint32_t epoch, std::uint32_t epochs, std::uint64_t seed,
                        double ratio, double annealing) {
    const auto values = numbers_of<float>(input_of(losses), 1, "losses");
    epoch_samples made;
    {
        const nb::gil_scoped_release others_run;
        made = info_batch(values, epoch, epochs, seed, {.ratio = ratio, .annealing = annealing});
    }
    return nb::make_tuple(to_numpy(std::move(made.indices)), to_numpy(std::move(made.weights)));
}

template <class Scores>
void bind_scores(nb::module_ &module, const char *name, const char *says) {
    nb::class_<Scores>(module, name, says)
        .def(nb::init<std::size_t>(), nb::arg("samples"))
        .def(
            "add",
            [](Scores &scores, nb::handle samples, nb::handle labels, nb::handle logits) {
                const auto wide = numbers_of<std::int64_t>(input_of(labels), 1, "labels");
                // A label that 32 bits cannot hold is refused by its value as any other that is too large.
                std::vector<std::int32_t> classes(wide.size());
                for (std::size_t i = 0; i < wide.size(); ++i)
                    classes[i] =
                        std::in_range<std::int32_t>(wide[i]) ? static_cast<std::int32_t>(wide[i]) : -1;
                scores.add(numbers_of<std::int64_t>(input_of(samples), 1, "samples"), classes,
                           rows_of(input_of(logits), "logits"));
            },
            nb::arg("samples"), nb::arg("labels"), nb::arg("logits"),
            "A batch: samples (B) and labels (B) of int64, logits (B,C) of float32, in memory.")
        .def(
            "scores", [](const Scores &scores) { return to_numpy(scores.scores()); },
            "(N) float32; higher is harder.");
}

} // namespace

void bind_loop(nb::module_ &module) {
    module.def("info_batch", &info_batch_of, nb::arg("losses"), nb::kw_only(), nb::arg("epoch"),
               nb::arg("epochs"), nb::arg("seed"), nb::arg("ratio") = info_batch_options{}.ratio,
               nb::arg("annealing") = info_batch_options{}.annealing,
               "The samples of an epoch, int64 in ascending order, and their weights, float32.");
    bind_scores<forgetting_events>(module, "ForgettingEvents",
                                   "How often a sample was right at one presentation and wrong at the next.");
    bind_scores<area_under_margin>(module, "AreaUnderMargin",
                                   "The label's logit less the largest of the others, averaged and negated.");
    bind_scores<error_norms>(module, "ErrorNorms",
                             "The norm of softmax - onehot, averaged: EL2N over epochs.");
}

} // namespace lipt::python
