// Everything of the core: include this, or any single header.
#pragma once

#include <lipt/pipeline.hpp>
#include <lipt/version.hpp>
