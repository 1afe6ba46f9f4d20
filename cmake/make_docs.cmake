cmake_minimum_required(VERSION 3.22)
# Runs Doxygen; what it complains of is an error.
#   cmake -DDOXYGEN=... -DDOXYFILE=... -DINPUT=<headers> -DOUTPUT=<folder> -P make_docs.cmake
# -DPLANTED=ON reads the folder of INPUT and nothing else, for the test that plants a fault.
file(MAKE_DIRECTORY "${OUTPUT}")
file(READ "${DOXYFILE}" settings)
string(APPEND settings "OUTPUT_DIRECTORY = \"${OUTPUT}\"\nWARN_LOGFILE = \"${OUTPUT}/warnings.txt\"\n")
if(PLANTED)
  string(APPEND settings "INPUT = \"${INPUT}\"\n")
endif()
file(WRITE "${OUTPUT}/Doxyfile" "${settings}")
execute_process(COMMAND "${DOXYGEN}" "${OUTPUT}/Doxyfile" RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_VARIABLE said)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "doxygen failed: ${said}")
endif()

# Fields, constants and enumerations may let their names speak, and members do what the class or the concept
# says that they model; everything else that a user can name has a comment.
file(READ "${OUTPUT}/warnings.txt" warnings)
string(REGEX REPLACE "[^\n]*warning: Member [^\n]*\\((variable|enumeration|enumvalue)\\)[^\n]* is not documented\\.\n" "" warnings "${warnings}")
string(REGEX REPLACE "[^\n]*warning: Member [^\n]* of (class|struct) [^\n]* is not documented\\.\n" "" warnings "${warnings}")
string(STRIP "${warnings}${said}" warnings)
if(NOT warnings STREQUAL "")
  message(FATAL_ERROR "doxygen complains:\n${warnings}")
endif()
file(GLOB pages "${OUTPUT}/html/*.html")
list(LENGTH pages count)
# One a header at least: settings that leave headers out would have nothing to complain of.
file(GLOB_RECURSE headers "${INPUT}/*.hpp")
list(LENGTH headers least)
if(count LESS least)
  message(FATAL_ERROR "${count} pages of ${least} headers")
endif()
message(STATUS "${count} pages in ${OUTPUT}/html")
