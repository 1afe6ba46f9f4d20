// Training with LibTorch, on a processor or a GPU: ATen's operators under a program of LiPT's own, no
// autograd. Models lipt::training_backend; compiled into lipt::torch, so that this header needs no header of
// LibTorch's.
#pragma once

#include <lipt/backends/torch/compiled_with.hpp>
#include <lipt/training.hpp>

#include <memory>

namespace lipt::torch {

/// A loss that may still be on its way: reading it waits for the device. To be read by the thread that
/// trains.
class pending_loss {
  public:
    class implementation;
    explicit pending_loss(std::shared_ptr<implementation> made) : self_(std::move(made)) {}
    /// cost: waits until the device has done the steps so far, once for up to 256 losses of them
    operator float() const;

  private:
    std::shared_ptr<implementation> self_;
};

/// A network that trains where LibTorch can; see the contract in <lipt/training.hpp>.
/// Movable. One thread at a time may call it; several may run side by side, each with its own threads.
class training {
  public:
    /// errors: L01, L02 no such device, L04 no thread, L06 a precision that the device does not have
    static training make(const network_spec &spec, const backend_options &options = {});

    training(training &&) noexcept;
    training &operator=(training &&) noexcept;
    ~training();

    const network_spec &spec() const noexcept;
    /// Whether crops and flips are better left to this backend: on a GPU. It makes a batch's moves anywhere.
    bool moves_images() const noexcept;
    /// errors: T01, T02, T03
    void load(std::span<const float> weights, std::span<const float> momentum = {});
    training_state read() const;
    /// errors: T04 to T07, T09. cost: one forward and one backward pass; nothing waits for a device
    pending_loss train_step(const batch_view &batch, const sgd_step &step = {});
    /// errors: T04. cost: memory of one piece of the images at a time
    network_output forward(std::span<const std::uint8_t> pixels, std::size_t count);
    /// errors: T04. cost: one forward pass; memory for all `count` images at once
    void observe(std::span<const std::uint8_t> pixels, std::size_t count, float share);
    /// errors: T04 to T06, T09
    std::vector<float> gradient(const batch_view &batch);

  private:
    class implementation;
    explicit training(std::unique_ptr<implementation> made);
    std::unique_ptr<implementation> self_;
};

} // namespace lipt::torch
