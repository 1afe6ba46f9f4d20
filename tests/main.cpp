// The entry point of every Boost.Test program of the project, and where Boost.Test is headers alone, all of
// it.
#define BOOST_TEST_MODULE lipt
#if defined(BOOST_TEST_DYN_LINK)
#include <boost/test/unit_test.hpp>
#else
#include <boost/test/included/unit_test.hpp>
#endif
