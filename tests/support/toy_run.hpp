// A pipeline on toy images that goes through every stage in about a second.
#pragma once

#include <lipt/pretrain/pretraining.hpp>

#include <support/test_device.hpp>

namespace lipt_test {

inline lipt::pipeline_settings toy_settings() {
    lipt::pipeline_settings settings;
    settings.seed = 5;
    settings.device = test_device();
    settings.hold_out = 0.1;
    settings.initialize.epochs = 0.5;
    settings.initialize.batch_size = 16;
    settings.shards = {.workers = 3, .minibatches = 2, .batch_size = 16};
    settings.local.training.epochs = 2;
    settings.local.training.batch_size = 16;
    settings.observe_images = 32;
    settings.soup.points = 2;
    settings.selector = "grand";
    settings.fraction = 0.2;
    settings.main.epochs = 3;
    settings.main.batch_size = 16;
    settings.start = lipt::start_kind::pretrained;
    // A toy image's class is where its bar stands: to crop or flip it would change the class.
    settings.initialize.augment.crop_flip = settings.main.augment.crop_flip = false;
    settings.local.training.augment.rand_augment = false;
    return settings;
}

/// A ResNet-8 on toy images of eight by eight pixels and three classes.
inline lipt::pipeline_context toy_context(const lipt::image_set &train, const lipt::image_set &test,
                                          const lipt::pipeline_settings &settings) {
    const auto spec = lipt::make_network("resnet8", {.image = {1, 8, 8}, .classes = 3});
    return lipt::make_context(spec, train, test, settings);
}

} // namespace lipt_test
