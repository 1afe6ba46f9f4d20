// A network of nine weights, and what a worker of it is sent and sends back: small enough to damage every
// byte.
#pragma once

#include <lipt/network/network.hpp>
#include <lipt/run/store.hpp>

namespace lipt_test {

/// A linear layer from two inputs to three classes, for images of 1 x 2 x 2.
inline lipt::network_spec tiny_network() {
    lipt::network_spec spec{.name = "tiny", .image = {1, 2, 2}, .classes = 3};
    spec.weights = {{"fc.weight", {3, 2}, lipt::weight_kind::linear, 0, 6},
                    {"fc.bias", {3}, lipt::weight_kind::bias, 6, 3}};
    return spec;
}

/// Weight 1 and 4 are masked.
inline lipt::worker_upload tiny_upload() {
    lipt::worker_upload upload;
    upload.result = {.weights = {0.5f, 0, -1, 2, 0, 3, 0.25f, 0, -4},
                     .keep_mask = {1, 0, 1, 1, 0, 1, 1, 1, 1},
                     .density = 4.0 / 6,
                     .loss = 0.75,
                     .samples = 10};
    upload.cost = {.name = "local", .wall_s = 1.5, .cpu_s = 1.25, .peak_mib = 7};
    upload.cost.add_training(10);
    return upload;
}

/// Five images of four pixels; the pixels repeat where they are to be compressible.
inline lipt::image_batch tiny_shard() {
    return {.pixels = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 255},
            .labels = {0, 1, 2, 2, 1}};
}

} // namespace lipt_test
