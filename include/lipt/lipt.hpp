// Everything of the core: include this, or any single header.
#pragma once

#include <lipt/run/pipeline.hpp>
#include <lipt/run/traffic.hpp>
#include <lipt/select/info_batch.hpp>
#include <lipt/select/training_scores.hpp>
#include <lipt/version.hpp>
