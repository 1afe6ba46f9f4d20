# No function that is compiled for one width of vectors may be linked in place of the same one compiled for all processors:
# the objects that have flags of their own define no weak symbol, which is what inline functions become. NM is the
# tool, OBJECTS the backend's objects with a bar between them.
string(REPLACE "|" ";" objects "${OBJECTS}")
set(weak " [VWuvw] [^\n]*")
foreach(object IN LISTS objects)
  execute_process(COMMAND "${NM}" "${object}" OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(SEND_ERROR "${NM} failed on ${object}")
  endif()
  string(REGEX MATCHALL "${weak}" found "${symbols}")
  if(object MATCHES "winograd_avx(2|512)")
    math(EXPR looked_at "${looked_at} + 1")
    if(found)
      message(SEND_ERROR "${object} defines what others may be linked with: ${found}")
    endif()
  elseif(found)
    math(EXPR others "${others} + 1") # so that the pattern is known to find them
  endif()
endforeach()
if(NOT looked_at EQUAL 2 OR NOT others GREATER 0)
  message(SEND_ERROR "expected two objects with flags of their own and others with weak symbols, found ${looked_at} and ${others}")
endif()
