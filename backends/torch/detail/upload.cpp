#include "upload.hpp"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace lipt::torch::detail {

uploader::uploader(const at::Device &device) : device_(device) {
    if (device.is_cpu()) return;
    stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
}

at::Tensor uploader::bring(const at::Tensor &host) const {
    if (!stream_) return host;
    // Pinned memory comes from ATen's cache, which gives it out again only once the copy is done.
    const auto pinned = at::empty(host.sizes(), host.options().pinned_memory(true)).copy_(host);
    const auto computing = c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
    c10::Event arrived(device_.type());
    at::Tensor there;
    {
        const c10::StreamGuard guard(*stream_);
        there = pinned.to(device_, /*non_blocking=*/true);
        arrived.record(*stream_);
    }
    arrived.block(computing);
    there.record_stream(computing);
    return there;
}

} // namespace lipt::torch::detail
