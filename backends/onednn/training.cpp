#include "training.hpp"

#include "detail/runner.hpp"
#include "detail/weights.hpp"

#include <algorithm>

void lipt::onednn::compiled_with::LIPT_CONFIGURATION::this_library() {}

namespace lipt::onednn {

using namespace detail;

/// Three programs over one set of weights; each keeps its memory for the size of batch it saw last.
class training::implementation {
  public:
    implementation(const network_spec &described, const backend_options &options)
        : spec(described), threads(options.threads),
          train(spec, compile_training(spec), threads, purpose::training),
          evaluate(spec, compile_evaluation(spec), threads, purpose::evaluation), weights(spec, train) {
        // oneDNN chooses the layout of the weights with the first primitives.
        train.prepare(1);
        evaluate.prepare_piece(evaluation_piece);
    }

    /// Loss and gradient at the current weights; `share` of the batch moves the running statistics.
    float differentiate(const batch_view &batch, float share) {
        const std::size_t count = batch.size();
        train.prepare(count);
        logits.resize(count * spec.classes);
        embeddings.resize(count * spec.embedding_size());
        losses.resize(count);
        train.run({.pixels = batch.pixels.data(),
                   .count = count,
                   .labels = batch.labels.data(),
                   .sample_weights = batch.weights.empty() ? nullptr : batch.weights.data(),
                   .state = weights.weights(),
                   .forward_weights = weights.for_forward(threads),
                   .backward_weights = weights.for_backward(threads),
                   .gradient = weights.gradient(),
                   .share = share,
                   .logits = logits.data(),
                   .embeddings = embeddings.data(),
                   .losses = losses.data()});
        const auto last = spec.layers.back().weights;
        head_gradient({spec.embedding_size(), spec.classes}, count, embeddings.data(), logits.data(),
                      weights.gradient() + spec.weights[last].offset,
                      weights.gradient() + spec.weights[last + 1].offset);
        double sum = 0;
        for (const double loss : losses) sum += loss;
        return static_cast<float>(sum / static_cast<double>(count));
    }

    void fold_weights() {
        if (folded_is_current) return;
        folded.reserve(evaluate.state_floats());
        const auto state = weights.read();
        fold(spec, state.weights, evaluate, folded.data());
        folded_is_current = true;
    }

    network_spec spec;
    team threads;
    runner train, evaluate;
    std::unique_ptr<runner> observe; ///< made when first asked for
    weight_store weights;
    buffer folded;
    bool folded_is_current = false;
    std::vector<float> logits, embeddings;
    std::vector<double> losses;
};

training::training(std::unique_ptr<implementation> made) : self_(std::move(made)) {}
training::training(training &&) noexcept = default;
training &training::operator=(training &&) noexcept = default;
training::~training() = default;

training training::make(const network_spec &spec, const backend_options &options) {
    require(options.threads > 0, "O01", "onednn: 0 threads, expected at least 1");
    check_processor(options, "onednn");
    check_layers(spec, "onednn");
    return training(std::make_unique<implementation>(spec, options));
}

const network_spec &training::spec() const noexcept { return self_->spec; }

void training::load(std::span<const float> weights, std::span<const float> momentum) {
    check_state(self_->spec, weights);
    check_momentum(self_->spec, momentum);
    self_->weights.load(weights, momentum);
    self_->folded_is_current = false;
}

training_state training::read() const { return self_->weights.read(); }

float training::train_step(const batch_view &batch, const sgd_step &step) {
    check_batch(self_->spec, batch, step);
    const float loss = self_->differentiate(batch, batch_norm_momentum);
    self_->weights.descend(step, self_->threads);
    self_->folded_is_current = false;
    return loss;
}

network_output training::forward(std::span<const std::uint8_t> pixels, std::size_t count) {
    check_images(self_->spec, pixels, count);
    self_->fold_weights();
    network_output output;
    output.logits.resize({count, self_->spec.classes});
    output.embeddings.resize({count, self_->spec.embedding_size()});
    self_->evaluate.run_pieces({.pixels = pixels.data(),
                                .count = count,
                                .state = self_->folded.data(),
                                .logits = output.logits.data(),
                                .embeddings = output.embeddings.data()});
    return output;
}

void training::observe(std::span<const std::uint8_t> pixels, std::size_t count, float share) {
    check_images(self_->spec, pixels, count);
    auto &self = *self_;
    if (self.observe == nullptr) {
        self.observe = std::make_unique<runner>(self.spec, compile_statistics(self.spec), self.threads,
                                                purpose::statistics, &self.train);
    }
    self.observe->prepare(count);
    self.observe->run({.pixels = pixels.data(),
                       .count = count,
                       .state = self.weights.weights(),
                       .forward_weights = self.weights.for_forward(self.threads),
                       .share = share});
    self.folded_is_current = false;
}

std::vector<float> training::gradient(const batch_view &batch) {
    check_batch(self_->spec, batch);
    self_->differentiate(batch, 0.0f);
    return self_->weights.read_gradient();
}

} // namespace lipt::onednn
