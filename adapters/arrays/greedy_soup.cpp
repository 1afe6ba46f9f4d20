#include <lipt/adapters/arrays/elements.hpp>
#include <lipt/adapters/arrays/soup_parts.hpp>
#include <lipt/pretrain/soup.hpp>

#include <algorithm>
#include <numeric>

namespace lipt::arrays {
namespace {

constexpr std::size_t block = block_reader::block;

/// The type in which mixtures of a tensor are kept, so that joining again and again does not round halves.
scalar wide_type(scalar type) noexcept { return type == scalar::f64 ? scalar::f64 : scalar::f32; }

/// A mixture in the making: the elements of floating-point tensors, and whose counters count.
struct mixture {
    std::vector<std::vector<std::byte>> tensors{}; ///< of wide_type; empty for whole numbers and tied tensors
    std::vector<std::size_t> members{};
};

/// The ingredients as lipt::soup_source, which the core's recipe merges.
class named_ingredients {
  public:
    using weights = mixture;

    named_ingredients(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                      const soup_score &score)
        : inputs_(inputs), tensors_(tensors), score_(score) {}

    std::size_t size() const { return inputs_.ingredients(); }

    mixture taken(std::size_t ingredient) const {
        mixture made{.tensors = std::vector<std::vector<std::byte>>(tensors_.size()),
                     .members = {ingredient}};
        for_tensors([&](std::size_t t, const matched_tensor &tensor) {
            const auto type = wide_type(tensor.type);
            made.tensors[t].resize(tensor.count() * size_of(type));
            for_elements(t, ingredient, [&](std::size_t begin, std::span<const double> own) {
                narrow_elements(type, own.data(), own.size(), made.tensors[t].data() + begin * size_of(type));
            });
        });
        return made;
    }

    /// Equal elements stay what they are, bit for bit.
    mixture mixed(const mixture &soup, std::size_t ingredient, double alpha) {
        tried_ = {ingredient, alpha, 0};
        mixture made = soup;
        made.members.push_back(ingredient);
        std::vector<double> mean(block);
        for_tensors([&](std::size_t t, const matched_tensor &tensor) {
            const auto type = wide_type(tensor.type);
            for_elements(t, ingredient, [&](std::size_t begin, std::span<const double> own) {
                auto *at = made.tensors[t].data() + begin * size_of(type);
                widen_elements(type, at, own.size(), mean.data());
                for (std::size_t i = 0; i < own.size(); ++i)
                    mean[i] = own[i] == mean[i] ? mean[i] : mean[i] + alpha * (own[i] - mean[i]);
                narrow_elements(type, mean.data(), own.size(), at);
            });
        });
        return made;
    }

    double score_alone(std::size_t ingredient) {
        tried_ = {ingredient, 1, 0};
        const auto made = make_tensors(tensors_, [&](std::size_t t, std::span<std::byte> out) {
            std::vector<std::byte> room;
            const auto own = in_rows(*tensors_[t].values[ingredient], room);
            std::copy(own.begin(), own.end(), out.begin());
        });
        return scored(made);
    }

    double score(const mixture &soup) { return scored(rounded(soup)); }

    /// The mixture in the ingredients' own types.
    std::vector<kept_tensor> rounded(const mixture &soup) const {
        std::vector<double> room(block);
        return make_tensors(tensors_, [&](std::size_t t, std::span<std::byte> out) {
            const auto &tensor = tensors_[t];
            if (!is_real(tensor.type)) return merge_whole(inputs_, tensor, soup.members, out);
            const auto type = wide_type(tensor.type);
            for (std::size_t begin = 0; begin < tensor.count(); begin += block) {
                const std::size_t count = std::min(block, tensor.count() - begin);
                widen_elements(type, soup.tensors[t].data() + begin * size_of(type), count, room.data());
                narrow_elements(tensor.type, room.data(), count, out.data() + begin * size_of(tensor.type));
            }
        });
    }

    std::vector<soup_trial> trials{};

  private:
    double scored(const std::vector<kept_tensor> &model) {
        tried_.score = score_(model);
        trials.push_back(tried_);
        return tried_.score;
    }

    template <class Work>
    void for_tensors(Work &&work) const {
        for (std::size_t t = 0; t < tensors_.size(); ++t)
            if (is_real(tensors_[t].type) && tensors_[t].tied_to == t) work(t, tensors_[t]);
    }

    /// An ingredient's elements of one tensor, a block at a time; what they are is the score's business.
    template <class Work>
    void for_elements(std::size_t t, std::size_t ingredient, Work &&work) const {
        std::vector<std::byte> room;
        std::vector<double> wide(block);
        const auto &tensor = tensors_[t];
        const auto elements = in_rows(*tensor.values[ingredient], room);
        for (std::size_t begin = 0; begin < tensor.count(); begin += block) {
            const std::size_t count = std::min(block, tensor.count() - begin);
            inputs_.expect(count);
            widen_elements(tensor.type, elements.data() + begin * size_of(tensor.type), count, wide.data());
            work(begin, std::span<const double>(wide.data(), count));
        }
    }

    const merge_inputs &inputs_;
    std::span<const matched_tensor> tensors_;
    const soup_score &score_;
    soup_trial tried_{};
};

/// Fails before anything is scored where ingredients cannot be mixed. errors: S13
void require_mixable(const merge_inputs &inputs, std::span<const matched_tensor> tensors) {
    std::vector<std::size_t> all(inputs.ingredients());
    std::iota(all.begin(), all.end(), std::size_t{0});
    for (const auto &tensor : tensors) {
        if (is_real(tensor.type)) continue;
        std::vector<std::byte> unused(tensor.count() * size_of(tensor.type));
        merge_whole(inputs, tensor, all, unused);
    }
}

} // namespace

soup_result greedy_soup_of(const merge_inputs &inputs, std::span<const matched_tensor> tensors,
                           const soup_options &options, const soup_score &score) {
    require_mixable(inputs, tensors);
    named_ingredients source(inputs, tensors, score);
    const lipt::soup_options core{.search = static_cast<lipt::alpha_search>(options.search),
                                  .points = options.points};
    const auto merged = make_greedy_soup(source, core);
    soup_result result{.weights = source.rounded(merged.weights),
                       .score = merged.score,
                       .evaluations = merged.evaluations,
                       .trials = std::move(source.trials)};
    for (const auto &one : merged.ingredients)
        result.ingredients.push_back(
            {one.worker, one.score_alone, one.alpha, one.before, one.after, one.kept, one.reason});
    return result;
}

} // namespace lipt::arrays
