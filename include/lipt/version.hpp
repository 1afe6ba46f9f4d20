// The version of LiPT, as one number for comparisons and one string for files and --version.
#pragma once

/// Changes with every incompatible version, from 1 on.
#define LIPT_VERSION_MAJOR 0
/// Changes with everything that is new.
#define LIPT_VERSION_MINOR 1
/// Changes with everything that is mended.
#define LIPT_VERSION_PATCH 0
/// All three, with points between.
#define LIPT_VERSION "0.1.0"
