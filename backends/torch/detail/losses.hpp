// Losses of steps, left on the device until somebody reads one; then all that came with it are read at once.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace lipt::torch::detail {

/// The losses of some steps in a row. One thread at a time.
class loss_block {
  public:
    static constexpr std::int64_t most = 256;

    explicit loss_block(const at::Device &device)
        : there_(at::zeros({most}, at::TensorOptions().dtype(at::kFloat).device(device))) {}

    std::int64_t size() const noexcept { return size_; }
    /// shapes: loss (), on the device; nothing waits
    void add(const at::Tensor &loss) { there_[size_++].copy_(loss); }
    /// cost: waits for the device, once for all that have been added by then
    float read(std::int64_t index) {
        if (index >= known_) {
            here_ = there_.cpu();
            known_ = size_;
        }
        return here_.data_ptr<float>()[index];
    }

  private:
    at::Tensor there_, here_;
    std::int64_t size_ = 0, known_ = 0; ///< losses, and how many of them are here
};

/// Gives out the blocks: a new one where the last is full. A block lives as long as somebody may read it.
class loss_blocks {
  public:
    explicit loss_blocks(const at::Device &device) : device_(device) {}

    /// The block that the loss went into, at its end.
    const std::shared_ptr<loss_block> &add(const at::Tensor &loss) {
        if (!last_ || last_->size() == loss_block::most) last_ = std::make_shared<loss_block>(device_);
        last_->add(loss);
        return last_;
    }

  private:
    at::Device device_;
    std::shared_ptr<loss_block> last_;
};

} // namespace lipt::torch::detail
