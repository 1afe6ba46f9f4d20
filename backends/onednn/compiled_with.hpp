// Settings of the compiler that change types shared with a compiled library: a library that was compiled with
// others is missed by the linker, under a name that says which ones were wanted.
#pragma once

#include <lipt/configuration.hpp>

namespace lipt::onednn::compiled_with::LIPT_CONFIGURATION {

/// Defined in the library, for the settings that it was compiled with.
void this_library();

/// Makes every program that includes this ask the linker for it.
inline const bool asked = (this_library(), true);

} // namespace lipt::onednn::compiled_with::LIPT_CONFIGURATION
