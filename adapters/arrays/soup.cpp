#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/soup_parts.hpp>
#include <lipt/adapters/store/safetensors.hpp>
#include <lipt/error.hpp>

#include <cmath>
#include <numeric>

namespace lipt::arrays {
namespace {

/// The ingredients, and the base behind them.
std::vector<opened_model> open_models(std::span<const named_tensors> models, const soup_options &options) {
    std::vector<opened_model> opened;
    for (std::size_t i = 0; i < models.size(); ++i)
        opened.emplace_back(models[i], "ingredient " + std::to_string(i));
    if (options.method == merging::stock || options.method == merging::ties)
        opened.emplace_back(*options.base, "the base");
    return opened;
}

/// errors: S01, S03, S17, S18, S20
void require_options(std::size_t ingredients, const soup_options &options, bool scored) {
    require(ingredients > 0, "S01", "soup: no ingredient: at least one model is needed");
    const bool has_base = options.method == merging::stock || options.method == merging::ties;
    require(
        !has_base || options.base.has_value(), "S18",
        "soup: the methods stock and ties need the base, the model that all ingredients were trained from: "
        "give it, or choose uniform");
    require(has_base || !options.base.has_value(), "S20",
            "soup: the base is for the methods stock and ties, not for ", name_of(options.method),
            ": leave it out");
    require(
        options.method != merging::greedy || scored, "S18",
        "soup: the method greedy needs a score of a model, higher is better: give one, or choose uniform");
    require(options.method != merging::greedy || options.search == share_search::equal || options.points > 0,
            "S03", "soup: a search of 0 points: give at least 1");
    require(
        options.method != merging::stock || ingredients > 1, "S17",
        "soup: the method stock measures the angle between ingredients, and there is one: give two or more");
    if (options.method != merging::ties) return;
    require(options.density > 0 && options.density <= 1, "S17", "soup: the density is ", options.density,
            ", expected more than 0 and at most 1: the share of the changes that counts");
    require(std::isfinite(options.scale) && options.scale >= 0, "S17", "soup: the scale is ", options.scale,
            ", expected a number of 0 or more");
}

/// How uniform, stock and ties make one tensor.
class tensor_merger {
  public:
    tensor_merger(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                  const soup_options &options)
        : inputs_(inputs), method_(options.method), scale_(options.scale), all_(inputs.ingredients()) {
        std::iota(all_.begin(), all_.end(), std::size_t{0});
        if (method_ == merging::ties) magnitudes_ = trim_magnitudes(inputs, tensors, options.density);
    }

    void merge(const matched_tensor &tensor, std::span<std::byte> out) const {
        if (!is_real(tensor.type)) return merge_whole(inputs_, tensor, all_, out);
        if (method_ == merging::stock) return merge_stock(inputs_, tensor, out);
        if (method_ == merging::ties) return merge_ties(inputs_, tensor, magnitudes_, scale_, out);
        merge_uniform(inputs_, tensor, out);
    }

  private:
    const merge_inputs &inputs_;
    merging method_;
    double scale_;
    std::vector<std::size_t> all_;
    std::vector<float> magnitudes_{};
};

/// Merges one tensor after the other into the file.
void merge_to_file(const tensor_merger &merger, std::span<const matched_tensor> tensors,
                   const std::filesystem::path &out) {
    std::vector<adapters::tensor_plan> plan;
    for (const auto &tensor : tensors)
        plan.push_back({tensor.name, stored_type_of(tensor.type, tensor.boolean), tensor.shape});
    adapters::safetensors_writer writer(out, plan);
    std::vector<std::byte> merged;
    for (const auto t : writer.order()) {
        merged.resize(tensors[t].count() * size_of(tensors[t].type));
        merger.merge(tensors[t], merged);
        writer.write(merged);
    }
    writer.commit();
}

/// What there is to say of ingredients that all were merged.
std::vector<soup_ingredient> all_kept(std::size_t ingredients, merging method, double score) {
    std::vector<soup_ingredient> list;
    for (std::size_t i = 0; i < ingredients; ++i) {
        list.push_back({.number = i, .after = score, .reason = std::string(name_of(method))});
        if (method == merging::uniform) list.back().alpha = 1.0 / static_cast<double>(ingredients);
    }
    return list;
}

soup_result merge_all(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                      const soup_options &options, const soup_score &score) {
    const tensor_merger merger(inputs, tensors, options);
    soup_result result;
    if (options.out.empty() || score) {
        result.weights = make_tensors(
            tensors, [&](std::size_t t, std::span<std::byte> out) { merger.merge(tensors[t], out); });
    } else {
        merge_to_file(merger, tensors, options.out);
    }
    if (score) {
        result.score = score(result.weights);
        result.evaluations = 1;
        require(!std::isnan(result.score), "S09",
                "soup: the score is not a number: the models diverged, or the score is wrong");
    }
    result.ingredients = all_kept(inputs.ingredients(), options.method, result.score);
    return result;
}

} // namespace

std::string_view name_of(merging method) noexcept {
    constexpr std::string_view names[] = {"greedy", "uniform", "stock", "ties"};
    return names[static_cast<std::size_t>(method)];
}

merging merging_of(std::string_view name) {
    for (const auto method : {merging::greedy, merging::uniform, merging::stock, merging::ties})
        if (name_of(method) == name) return method;
    fail("S16", "soup: there is no method '", name, "', expected greedy, uniform, stock or ties");
}

share_search share_search_of(std::string_view name) {
    if (name == "equal") return share_search::equal;
    if (name == "grid") return share_search::grid;
    if (name == "golden") return share_search::golden;
    fail("S16", "soup: there is no search '", name, "', expected equal, grid or golden");
}

soup_result soup(std::span<const named_tensors> models, const soup_options &options,
                 const soup_score &score) {
    require_options(models.size(), options, static_cast<bool>(score));
    const auto opened = open_models(models, options);
    const auto tensors = match_tensors(opened);
    const merge_inputs inputs(opened, models.size(), options.watch);
    auto result = options.method == merging::greedy ? greedy_soup_of(inputs, tensors, options, score)
                                                    : merge_all(inputs, tensors, options, score);
    if (!options.out.empty() && !result.weights.empty()) {
        write_tensors(options.out, result.weights);
        result.weights.clear();
    }
    return result;
}

} // namespace lipt::arrays
