// The whole pipeline on toy images, with the backend that <backend.hpp> names.
#pragma once

#include <lipt/run/pipeline.hpp>

#include <backend.hpp>
#include <support/toy_images.hpp>
#include <support/toy_run.hpp>

namespace lipt_test {

/// Its data and settings; a case changes the latter before it runs.
struct toy_pipeline {
    using training = backend::training;

    toy_images train{240, 1}, test{60, 2};
    lipt::pipeline_settings settings = toy_settings();
    backend::tensor tensor = tensor_on_device<backend::tensor>();

    lipt::pipeline_context context() const { return toy_context(train.view(), test.view(), settings); }
    lipt::pipeline_result run(lipt::memory_store &store) const {
        return lipt::run_pipeline<training>(context(), tensor, store);
    }
};

} // namespace lipt_test
