#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/cli/progress.hpp>
#include <lipt/adapters/cli/run_data.hpp>
#include <lipt/adapters/cli/run_network.hpp>
#include <lipt/adapters/cli/soup_scoring.hpp>
#include <lipt/chosen.hpp>
#include <lipt/lipt.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace lipt::adapters {

struct soup_scorer::parts {
    run_settings settings;
    progress_display display;
    run_data data;
    pipeline_context context;
    chosen::training backend;
    std::pair<image_part, image_part> images;
    merge_data views;
    merge_options options;
    lipt::detail::held_out_score<chosen::training> score;

    explicit parts(const run_settings &asked)
        : settings(asked), data(settings, [this](const std::string &line) { display.line(line); }),
          context(
              make_context(describe(settings, data.input()), data.train(), data.test(), settings.pipeline)),
          backend(
              chosen::training::make(context.spec, backend_of(settings.pipeline, settings.pipeline.threads))),
          images(lipt::detail::merge_images(context)), views{images.first.view(), images.second.view()},
          options{.batch_size = settings.pipeline.shards.batch_size}, score(backend, views, options) {}
};

namespace {

/// Called with each tensor of the network, and that of the model. errors: U52
template <class Work>
void for_network(const network_spec &spec, std::span<const arrays::kept_tensor> model, Work &&work) {
    std::size_t floating = 0;
    for (const auto &tensor : model) floating += arrays::is_real(tensor.type);
    for (const auto &entry : spec.weights) {
        const auto found =
            std::find_if(model.begin(), model.end(), [&](const auto &one) { return one.name == entry.name; });
        require(found != model.end() && arrays::is_real(found->type) && found->shape == entry.shape, "U52",
                "soup: the network ", spec.name, " has '", entry.name, "' of ", entry.size,
                " weights, the models have no such tensor of that shape: name the network that they are of "
                "(--network), for data of their classes (--data)");
        work(entry, *found);
    }
    require(floating == spec.weights.size(), "U52", "soup: the models have ", floating,
            " floating-point tensors, the network ", spec.name, " ", spec.weights.size(),
            ": name the network that they are of (--network)");
}

/// shapes: result (S)
std::vector<float> flat_weights(const network_spec &spec, std::span<const arrays::kept_tensor> model) {
    std::vector<float> flat(spec.state_size());
    std::vector<double> wide;
    for_network(spec, model, [&](const weight_entry &entry, const arrays::kept_tensor &tensor) {
        wide.resize(entry.size);
        arrays::widen_elements(tensor.type, tensor.bytes->data(), wide.size(), wide.data());
        std::transform(wide.begin(), wide.end(), flat.begin() + static_cast<std::ptrdiff_t>(entry.offset),
                       [](double value) { return static_cast<float>(value); });
    });
    return flat;
}

} // namespace

soup_scorer::soup_scorer(const run_settings &settings) {
    if (!is_module(settings)) make_network(settings.network, {}); // an unknown one does not wait for the data
    check_data(settings);
    parts_ = std::make_unique<parts>(settings);
}

soup_scorer::~soup_scorer() = default;

std::size_t soup_scorer::held_out() const { return parts_->views.held_out.size(); }

double soup_scorer::score(std::span<const arrays::kept_tensor> model) {
    return parts_->score(flat_weights(parts_->context.spec, model));
}

void soup_scorer::renew_statistics(std::vector<arrays::kept_tensor> &model) {
    const auto &spec = parts_->context.spec;
    parts_->score.prepare(flat_weights(spec, model));
    const auto state = parts_->backend.read();
    for_network(spec, model, [&](const weight_entry &entry, const arrays::kept_tensor &tensor) {
        if (is_trained(entry.kind)) return;
        const auto own = std::span(state.weights).subspan(entry.offset, entry.size);
        const std::vector<double> wide(own.begin(), own.end());
        arrays::narrow_elements(tensor.type, wide.data(), wide.size(), tensor.bytes->data());
    });
}

} // namespace lipt::adapters
