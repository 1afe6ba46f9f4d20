// What the compiler was told, as far as it matters here: what LiPT cannot be compiled with is refused, and a
// library that was compiled otherwise than its user is found by the linker.
#pragma once

// After the one sentence the compiler stops, at a header that is not there: a thousand errors more would hide
// it.
#if defined(__cplusplus) && __cplusplus < 202002L
#error "LiPT needs C++20: compile with -std=c++20 or -std=c++23"
#include <lipt_needs_cxx_20>
#endif
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "LiPT looks for NaN and infinity, which -ffast-math removes: compile with -fno-finite-math-only"
#include <lipt_needs_nan>
#endif

#include <version>

/// \cond   the settings that change types or functions of the core's headers, a piece of a name each
#if defined(__cpp_exceptions)
#define LIPT_CONFIGURATION_EXCEPTIONS exceptions
#else
#define LIPT_CONFIGURATION_EXCEPTIONS no_exceptions
#endif
#if defined(XTENSOR_USE_XSIMD)
#define LIPT_CONFIGURATION_XSIMD _xsimd
#else
#define LIPT_CONFIGURATION_XSIMD
#endif
#if defined(_GLIBCXX_DEBUG)
#define LIPT_CONFIGURATION_DEBUG _glibcxx_debug
#else
#define LIPT_CONFIGURATION_DEBUG
#endif
#define LIPT_CONFIGURATION_JOIN(a, b, c) a##b##c
#define LIPT_CONFIGURATION_JOINED(a, b, c) LIPT_CONFIGURATION_JOIN(a, b, c)
/// \endcond
/// The name of a namespace: `exceptions` or `no_exceptions`, then `_xsimd`, `_glibcxx_debug` where on.
#define LIPT_CONFIGURATION                                                                                   \
    LIPT_CONFIGURATION_JOINED(LIPT_CONFIGURATION_EXCEPTIONS, LIPT_CONFIGURATION_XSIMD,                       \
                              LIPT_CONFIGURATION_DEBUG)
