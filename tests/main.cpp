// The entry point of every Boost.Test program of the project.
#define BOOST_TEST_MODULE lipt
#include <boost/test/unit_test.hpp>
