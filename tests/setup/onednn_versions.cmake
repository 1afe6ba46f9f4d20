# Which oneDNN and which processor the backend onednn is configured for: planted headers of old, known and unknown
# versions, and the sentence that is said of each. WHAT is the file that finds the library, SCRATCH a folder to plant in.
function(says version processor sentence)
  string(REPLACE "." ";" parts "${version}")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  set(root "${SCRATCH}/${version}")
  file(WRITE "${root}/dnnl.hpp" "")
  file(WRITE "${root}/dnnl_version.h" "#include \"oneapi/dnnl/dnnl_version.h\"\n")
  file(WRITE "${root}/oneapi/dnnl/dnnl_version.h" "#define DNNL_VERSION_MAJOR ${major}\n#define DNNL_VERSION_MINOR ${minor}\n"
    "#define DNNL_VERSION_PATCH 1\n#define DNNL_VERSION_HASH \"none\"\n")
  file(WRITE "${root}/libdnnl.so" "")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DDNNL_INCLUDE_DIR=${root}" "-DDNNL_LIBRARY=${root}/libdnnl.so"
      "-DCMAKE_SYSTEM_PROCESSOR=${processor}" -Dlipt_need=REQUIRED -P "${WHAT}"
    OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}") # CMake breaks lines
  string(FIND "${said}" "${sentence}" at)
  if(at EQUAL -1)
    message(SEND_ERROR "oneDNN ${version} on ${processor}: expected \"${sentence}\", said was: ${said}")
  endif()
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
set(wanted "needs oneDNN from 2.6 on and below 4 (found:")
says(2.5 x86_64 "${wanted} 2.5.1,")
says(2.6 x86_64 "oneDNN 2.6.1 found")
says(3.7 AMD64 "oneDNN 3.7.1 found")
says(3.12 x86_64 "oneDNN 3.12.1 found")
says(4.0 x86_64 "${wanted} 4.0.1,")
says(3.7 aarch64 "needs an x86-64 processor (this one is 'aarch64')")
