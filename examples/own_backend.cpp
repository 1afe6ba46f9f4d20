// A backend of one's own through every stage: common start, workers, soup, selection, main training on the
// subset.
#include "own_backend.hpp"

#include <lipt/lipt.hpp>

#include <cstdint>
#include <cstdio>
#include <vector>

static_assert(lipt::training_backend<own::training>);

namespace {

/// One's own images as LiPT sees them: bytes, labels and a shape. A class is the place of a bright bar.
class bars {
  public:
    bars(std::size_t count, std::uint64_t seed) {
        lipt::rng draw({.seed = seed});
        for (std::size_t i = 0; i < count; ++i) {
            labels_.push_back(static_cast<std::int32_t>(i % 3));
            for (std::size_t p = 0; p < shape.size(); ++p) {
                const bool bright = p % shape.width / 2 == i % 3;
                pixels_.push_back(static_cast<std::uint8_t>(draw.below(120) + (bright ? 80 : 0)));
            }
        }
    }
    lipt::image_set view() const {
        return {.pixels = pixels_, .labels = labels_, .shape = shape, .classes = 3};
    }

    static constexpr lipt::image_shape shape{1, 8, 8};

  private:
    std::vector<std::uint8_t> pixels_;
    std::vector<std::int32_t> labels_;
};

lipt::pipeline_settings small_settings() {
    lipt::pipeline_settings settings;
    settings.hold_out = 0.1;
    settings.initialize.batch_size = settings.main.batch_size = settings.local.training.batch_size = 16;
    settings.shards = {.workers = 4, .minibatches = 2, .batch_size = 16};
    settings.selector = "facility-location";
    settings.fraction = 0.1;
    settings.start = lipt::start_kind::pretrained;
    settings.main.epochs = 20;
    // The place of the bar is the class: nothing may move it.
    settings.initialize.augment.crop_flip = settings.main.augment.crop_flip = false;
    settings.local.training.augment.rand_augment = false;
    return settings;
}

} // namespace

int main() {
    const bars train(300, 1), test(90, 2);
    const auto network =
        own::linear_network({.image = bars::shape, .classes = 3, .mean = {0.25f}, .deviation = {0.2f}});
    const auto context = lipt::make_context(network, train.view(), test.view(), small_settings());
    lipt::memory_store store;
    const auto result = lipt::run_pipeline<own::training>(context, lipt::reference::tensor(), store);

    std::printf("%zu workers trained alone on %zu samples each\n", store.workers.size(),
                store.plan->shards[0].size());
    std::printf("%zu of %zu samples kept\n", result.subset.indices.size(), train.view().size());
    std::printf("%zu epochs on them; above 95 %% of the test set right: %s\n", result.trained.history.size(),
                *result.trained.history.back().accuracy > 0.95 ? "yes" : "no");
}
