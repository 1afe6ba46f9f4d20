// The version of LiPT, as one number for comparisons and one string for files and --version.
#pragma once

#define LIPT_VERSION_MAJOR 0
#define LIPT_VERSION_MINOR 1
#define LIPT_VERSION_PATCH 0
#define LIPT_VERSION "0.1.0"
