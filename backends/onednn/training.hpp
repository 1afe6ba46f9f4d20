// Training on the processor: oneDNN convolutions in their blocked layouts, own fused batch-norm, TBB threads.
// Models lipt::training_backend; compiled into lipt::onednn, so that this header needs no third-party header.
#pragma once

#include <lipt/backends/onednn/compiled_with.hpp>
#include <lipt/training.hpp>

#include <memory>

namespace lipt::onednn {

/// A network that trains on the processor; see the contract in <lipt/training.hpp>.
/// Movable. One thread at a time may call it; many backends may run side by side, each with its own threads.
class training {
  public:
    /// errors: T08 another device, N04 a module, O01 no thread, O02 a network whose layers or channels this
    /// backend cannot run, O03 oneDNN refuses
    static training make(const network_spec &spec, const backend_options &options = {});

    training(training &&) noexcept;
    training &operator=(training &&) noexcept;
    ~training();

    const network_spec &spec() const noexcept;
    /// errors: T01, T02, T03
    void load(std::span<const float> weights, std::span<const float> momentum = {});
    training_state read() const;
    /// errors: T04 to T07. cost: one forward and one backward pass
    float train_step(const batch_view &batch, const sgd_step &step = {});
    /// errors: T04
    network_output forward(std::span<const std::uint8_t> pixels, std::size_t count);
    /// errors: T04. cost: one forward pass; memory for all `count` images at once
    void observe(std::span<const std::uint8_t> pixels, std::size_t count, float share);
    /// errors: T04 to T06
    std::vector<float> gradient(const batch_view &batch);

  private:
    class implementation;
    explicit training(std::unique_ptr<implementation> made);
    std::unique_ptr<implementation> self_;
};

} // namespace lipt::onednn
