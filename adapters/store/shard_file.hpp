// A worker's shard as it travels: pixels and labels in one file, so that a worker needs no data set.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/run/store.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lipt::adapters {

/// What a file that travels says it belongs to.
struct shard_identity {
    std::size_t worker = 0;
    std::string config; ///< fingerprint of the run's settings and data
};

/// A shard as a sealed safetensors file in memory: "labels" I32 (B) and the pixels (B,ch,h,w), as U8 "pixels"
/// or, where zlib makes them smaller by a tenth at least, as its stream "pixels_zlib". Metadata: config,
/// worker. cost: some 20 ms a megabyte for zlib
std::string pack_shard(const image_batch &images, const image_shape &shape, const shard_identity &identity);

/// A shard out of its file, checked against the network that it is for; every size is checked before memory
/// is taken for it. `name` is what errors call it. errors: F20 to F23, F27 as sealed_view; R05 of another
/// config, R08 of another worker, R10 pixels that do not unpack to those of the labels, or a label out of
/// range
worker_shard parse_shard(std::span<const std::byte> file, std::string_view name, const network_spec &spec,
                         const shard_identity &identity);

} // namespace lipt::adapters
