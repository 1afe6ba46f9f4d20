#include <lipt/backends/reference/training.hpp>
#include <lipt/train/loop.hpp>

#include <boost/test/unit_test.hpp>

#include <utility>
#include <vector>

namespace {

/// A backend that makes the moves of a batch itself.
class mover {
  public:
    mover(lipt::reference::training inner) : inner_(std::move(inner)) {}

    static mover make(const lipt::network_spec &spec, const lipt::backend_options &options) {
        return {lipt::reference::training::make(spec, options)};
    }
    const lipt::network_spec &spec() const noexcept { return inner_.spec(); }
    bool moves_images() const noexcept { return true; }
    void load(std::span<const float> weights, std::span<const float> momentum = {}) {
        inner_.load(weights, momentum);
    }
    lipt::training_state read() const { return inner_.read(); }
    float train_step(const lipt::batch_view &batch, const lipt::sgd_step &step = {}) {
        seen += batch.moves.size();
        std::vector<std::uint8_t> moved(batch.pixels.size());
        const auto &image = spec().image;
        for (std::size_t b = 0; b < batch.moves.size(); ++b) {
            lipt::move_image(batch.pixels.subspan(b * image.size(), image.size()),
                             std::span(moved).subspan(b * image.size(), image.size()), image, batch.moves[b]);
        }
        return inner_.train_step({.pixels = moved, .labels = batch.labels, .weights = batch.weights}, step);
    }
    lipt::network_output forward(std::span<const std::uint8_t> pixels, std::size_t count) {
        return inner_.forward(pixels, count);
    }
    void observe(std::span<const std::uint8_t> pixels, std::size_t count, float share) {
        inner_.observe(pixels, count, share);
    }
    std::vector<float> gradient(const lipt::batch_view &batch) { return inner_.gradient(batch); }

    std::size_t seen = 0; ///< moves

  private:
    lipt::reference::training inner_;
};

struct images {
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
    lipt::image_set set;

    images() : pixels(20 * 64), labels(20) {
        lipt::rng draw({.seed = 8});
        for (auto &pixel : pixels) pixel = static_cast<std::uint8_t>(draw.below(256));
        for (std::size_t i = 0; i < 20; ++i) labels[i] = static_cast<std::int32_t>(i % 3);
        set = {.pixels = pixels, .labels = labels, .shape = {1, 8, 8}, .classes = 3};
    }
};

template <class Backend>
std::vector<float> trained(Backend &backend) {
    const images data;
    std::vector<std::int64_t> all;
    for (std::int64_t i = 0; i < 20; ++i) all.push_back(i);
    backend.load(lipt::initial_weights(backend.spec(), 1));
    lipt::train(
        backend, data.set, {.epochs = 2, .batch_size = 8, .learning_rate = 0.05f}, {.seed = 6},
        [&](std::size_t) { return lipt::epoch_samples{.indices = all, .weights = {}}; },
        [](const lipt::epoch_report &) {});
    return backend.read().weights;
}

} // namespace

BOOST_AUTO_TEST_SUITE(training_loop)

BOOST_AUTO_TEST_CASE(crop_and_flip_are_left_to_a_backend_that_makes_them) {
    const auto spec = lipt::make_network("resnet8", {.image = {1, 8, 8}, .classes = 3});
    auto moving = mover::make(spec, {});
    auto plain = lipt::reference::training::make(spec, {});
    BOOST_TEST((trained(moving) == trained(plain)));
    BOOST_TEST(moving.seen == 40u);
}

BOOST_AUTO_TEST_SUITE_END()
