// All of the core: compiles, but not with every flag.
#include <lipt/lipt.hpp>
