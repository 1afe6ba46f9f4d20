// Runs a program on batches: phase after phase, the pieces of a phase on all threads.
#pragma once

#include "buffer.hpp"
#include "convolution.hpp"
#include "head.hpp"
#include "norms.hpp"
#include "plan.hpp"
#include "pooling.hpp"
#include "program.hpp"
#include "team.hpp"

#include <lipt/training.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lipt::onednn::detail {

/// What a run reads. shapes: pixels (count,ch,h,w), labels and sample_weights (count) or null
struct run_input {
    const std::uint8_t *pixels = nullptr;
    std::size_t count = 0;
    const std::int32_t *labels = nullptr;
    const float *sample_weights = nullptr;
    float *state = nullptr; ///< weights, convolutions in blocks; running statistics are moved here
    const float *forward_weights = nullptr;  ///< placed as `forward_copies`
    const float *backward_weights = nullptr; ///< placed as `backward_copies`
    float *gradient = nullptr;               ///< laid out as the state
    float share = 0;                         ///< of this batch in the running statistics
    float *logits = nullptr;                 ///< (count,C); in training turned into the gradient there
    float *embeddings = nullptr;             ///< (count,E)
    double *losses = nullptr;                ///< (count)
};

/// Where the convolutions find copies of their weights in a layout of their own.
struct weight_copies {
    std::vector<std::size_t> layers; ///< those that have one
    std::vector<std::size_t> offset; ///< of each layer's, or none
    std::size_t floats = 0;
};

/// One program of a network with its primitives, its memory and its batch-norm coefficients.
class runner {
  public:
    /// `alike`: another runner of the network whose layout of weights is to be used, or null.
    runner(const network_spec &spec, program made, team &threads, purpose use, const runner *alike = nullptr);

    /// Plans for batches of `count` images; cheap where the last batch had the same size.
    void prepare(std::size_t count);
    /// Plans for one piece of `count` images at a time.
    void prepare_piece(std::size_t count);
    /// All phases on a batch as prepared.
    void run(const run_input &input);
    /// A program of one phase on any number of images, the last piece filled up; as prepared by
    /// `prepare_piece`.
    void run_pieces(const run_input &input);

    norms &batch_norms() noexcept { return norms_; }
    convolution &convolution_at(std::size_t layer) { return *convolutions_[layer]; }
    /// Where a convolution's weights begin in the state: after the flat vector where this runner only
    /// evaluates.
    std::size_t weights_at(std::size_t layer) const { return weights_at_[layer]; }
    const weight_copies &forward_copies() const noexcept { return forward_copies_; }
    const weight_copies &backward_copies() const noexcept { return backward_copies_; }
    /// Floats of the state.
    std::size_t state_floats() const noexcept { return state_floats_; }
    const program &made() const noexcept { return program_; }

  private:
    /// A piece on its way through a phase.
    struct piece {
        const run_input &input;
        std::size_t phase = 0, begin = 0, images = 0;
        std::size_t index = 0; ///< among the pieces of the batch
        std::size_t thread = 0;
        float *lane_gradient = nullptr; ///< weight gradients of this lane
        bool first_of_lane = false;
    };

    void allocate();
    void place_weights();
    weight_copies place_copies(std::size_t (convolution::*floats)() const) const;
    void run_piece(const piece &at);
    void run_operation(const piece &at, const operation &next);
    void load_images(const piece &at, float *target) const;
    void convolve(const piece &at, const operation &next);
    void backward_weights(const piece &at, const operation &next);
    void normalise_piece(const piece &at, const operation &next);
    void statistics_piece(const piece &at, const operation &next);
    void reduce_piece(const piece &at, const operation &next);
    void max_pool_piece(const piece &at, const operation &next);
    void head_piece(const piece &at, const operation &next);
    void join(const run_input &input, std::size_t phase);
    void join_weights(const run_input &input, std::size_t phase);

    float *address(const piece &at, std::size_t tensor) const;
    piece_shape shape(const piece &at, const image_shape &of) const;
    /// Where the two sums of a batch-norm begin, `second` those of the other kind.
    double *sums_of(std::size_t phase, std::size_t layer, bool second);
    float *scratch(std::size_t thread) const { return scratch_.data() + thread * scratch_stride_; }
    float *thread_memory(std::size_t thread) const { return thread_memory_.data() + thread * thread_stride_; }

    const network_spec &spec_;
    program program_;
    team &team_;
    norms norms_;
    std::vector<std::optional<convolution>> convolutions_;
    std::vector<std::size_t> weights_at_;
    weight_copies forward_copies_, backward_copies_;
    std::size_t state_floats_ = 0;
    std::vector<float> pixel_table_; ///< (ch,256) normalised values
    plan plan_;
    buffer batch_memory_, thread_memory_, scratch_, lane_gradients_;
    std::size_t thread_stride_ = 0, scratch_stride_ = 0, weights_offset_ = 0;
    std::vector<double> sums_;
};

} // namespace lipt::onednn::detail
