// What a step reads from the host, on its way to the device.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Stream.h>

#include <optional>
#include <span>
#include <vector>

namespace lipt::torch::detail {

/// Brings host memory to a device. On a processor it is used where it lies. Elsewhere it goes through pinned
/// memory on a stream of its own, so that a batch crosses the bus while the one before is still computed;
/// nothing waits.
class uploader {
  public:
    explicit uploader(const at::Device &device);

    /// shapes: any, as given. The values must stay until the work that reads them is enqueued.
    template <class Value>
    at::Tensor operator()(std::span<const Value> values, const std::vector<std::int64_t> &shape) const {
        return bring(
            at::from_blob(const_cast<Value *>(values.data()), shape, c10::CppTypeToScalarType<Value>::value));
    }

  private:
    at::Tensor bring(const at::Tensor &host) const;

    at::Device device_;
    std::optional<c10::Stream> stream_; ///< for copies; none on a processor
};

} // namespace lipt::torch::detail
