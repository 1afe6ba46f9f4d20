// All that LiPT takes from xtensor, wherever its headers lie: up to 0.25 they are in one folder, from 0.26 on
// in several.
#pragma once

#include <lipt/configuration.hpp>

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xtensor.hpp>
#endif
