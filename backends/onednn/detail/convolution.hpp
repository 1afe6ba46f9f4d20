// One convolution layer as oneDNN primitives for pieces of several sizes; single-threaded, callable from many
// threads.
#pragma once

#include <lipt/network/network.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace lipt::onednn::detail {

/// Channels in a block of the activations' layout [image][channel/block][pixel][block]: 16 with AVX-512,
/// else 8.
std::size_t channel_block();
/// Whether there is AVX2 at least.
bool has_vectors();

/// Training needs all passes, statistics the forward pass with training's weights, evaluation the fastest
/// forward pass.
enum class purpose { training, statistics, evaluation };

/// What is done to the sums before they are stored.
struct convolution_options {
    bool bias = false;
    bool accumulate = false; ///< adds to what is in the target
    bool relu = false;
    purpose use = purpose::training;
};

/// What runs each pass of a layer: oneDNN's own name of its implementation, or one of ours, which begins with
/// "lipt:"; empty where there is no such pass.
struct implementation_names {
    std::string forward, data, weights;
};

/// The forward and backward passes of one layer on activations in blocks; a plain (ch,h,w) image where the
/// layer is the first. Weights and their gradient have oneDNN's preferred layout, the same number of floats
/// as (out,in,kh,kw).
class convolution {
  public:
    convolution(const layer &described, const convolution_options &options, std::size_t threads);
    convolution(convolution &&) noexcept;
    ~convolution();

    /// Takes the weights in the layout of another of the same shape; comes before the first `prepare`.
    void share_layout(const convolution &other);
    /// Makes the primitives for pieces of `images`; must come before any run on such a piece.
    void prepare(std::size_t images);
    /// As the last `prepare` chose.
    const implementation_names &names() const;
    /// Floats of the weights in their layout; more than (out,in,kh,kw) only for evaluation.
    std::size_t weight_floats() const;
    /// Floats of the copy of the weights that the forward pass takes; 0 where it takes them as they are.
    std::size_t forward_floats() const;
    /// Floats of the copy of the weights that the data gradient takes; 0 where there is none.
    std::size_t backward_floats() const;
    /// Floats of working memory that a run needs.
    std::size_t scratch_floats() const;

    /// weights: as `to_forward` made them where `forward_floats` is not 0, else in their layout
    void forward(std::size_t images, std::size_t thread, const float *source, const float *weights,
                 const float *bias, float *target, float *scratch);
    /// weights: as `to_backward` made them
    void backward_data(std::size_t images, std::size_t thread, const float *gradient, const float *weights,
                       float *target, float *scratch);
    void backward_weights(std::size_t images, std::size_t thread, const float *source, const float *gradient,
                          float *weights, float *scratch);

    /// Between (out,in,kh,kw) and the layout of the forward pass.
    void to_blocked(const float *plain, float *blocked) const;
    void to_plain(const float *blocked, float *plain) const;
    /// From the layout of the weights to the copies for the forward pass and for the data gradient.
    void to_forward(const float *weights, float *target) const;
    void to_backward(const float *weights, float *target) const;

  private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

/// For its lifetime oneDNN, an OpenMP build, uses one thread where this thread calls it.
class single_threaded {
  public:
    single_threaded();
    ~single_threaded();
    single_threaded(const single_threaded &) = delete;
    single_threaded &operator=(const single_threaded &) = delete;

  private:
    int threads_;
};

} // namespace lipt::onednn::detail
