// Where the torch backend computes, by the name that a user gives.
#pragma once

#include <lipt/error.hpp>

#include <ATen/ATen.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <string>
#include <string_view>

namespace lipt::torch {

/// The device of that name: cpu, cuda, cuda:1, or whatever else this LibTorch was built with.
/// errors: L01 no such kind of device, L02 this LibTorch or this machine has none of it
inline at::Device device_of(std::string_view name) {
    const auto refuse = [&] {
        fail("L01", "torch: the device is '", name, "', expected cpu, cuda or cuda:<number> (--device)");
    };
    const auto parsed = [&] {
        try {
            return at::Device(std::string(name));
        } catch (const c10::Error &) {
            refuse();
        }
        return at::Device(at::kCPU);
    }();
    if (parsed.is_meta() || (parsed.is_cpu() && parsed.has_index())) refuse(); // shapes without values; cpu:7
    if (parsed.is_cpu()) return parsed;
    const auto *known = c10::impl::device_guard_impl_registry[static_cast<std::size_t>(parsed.type())].load();
    const int count = known == nullptr ? 0 : static_cast<int>(known->deviceCount());
    require(
        count > 0, "L02", "torch: the device is '", name,
        "', but this LibTorch has no such device here: use --device cpu, or a LibTorch built for it and a "
        "machine that has one");
    require(parsed.index() < count, "L02", "torch: the device is '", name, "', but there are only ", count,
            " here, numbered from 0: give one of these with --device");
    // Without a number it is the first, whatever the process was set to.
    return {parsed.type(), parsed.has_index() ? parsed.index() : c10::DeviceIndex{0}};
}

} // namespace lipt::torch
