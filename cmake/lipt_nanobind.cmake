# lipt_find_nanobind(): Python and nanobind for the package; in an environment of the build's own where the interpreter has
# no nanobind. Sets lipt_python_interpreter, that which runs the tests.
macro(lipt_find_nanobind)
  if(CMAKE_VERSION VERSION_LESS 3.26)
    set(lipt_python_module Development)
  else()
    set(lipt_python_module Development.Module)
  endif()
  # Debian's own, for which its NumPy and PyTorch are, before others of the path.
  if(NOT DEFINED Python_EXECUTABLE AND NOT DEFINED SKBUILD AND EXISTS /usr/bin/python3)
    set(Python_EXECUTABLE /usr/bin/python3)
  endif()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter ${lipt_python_module} OPTIONAL_COMPONENTS Development.SABIModule)
  set(lipt_python_interpreter "${Python_EXECUTABLE}")
  set(lipt_nanobind_finder -m nanobind --cmake_dir)
  execute_process(COMMAND "${Python_EXECUTABLE}" ${lipt_nanobind_finder} OUTPUT_VARIABLE nanobind_ROOT ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE lipt_nanobind_status)
  if(NOT lipt_nanobind_status EQUAL 0)
    set(lipt_python_environment "${PROJECT_BINARY_DIR}/python-environment")
    set(lipt_python_interpreter "${lipt_python_environment}/bin/python3")
    if(NOT EXISTS "${lipt_python_environment}/.made")
      message(STATUS "lipt: no nanobind on this machine, so PyPI's goes into ${lipt_python_environment}")
      execute_process(COMMAND "${Python_EXECUTABLE}" -m venv --system-site-packages "${lipt_python_environment}"
        ERROR_VARIABLE lipt_nanobind_why OUTPUT_VARIABLE lipt_nanobind_why RESULT_VARIABLE lipt_nanobind_status)
      if(lipt_nanobind_status EQUAL 0)
        execute_process(COMMAND "${lipt_python_interpreter}" -m pip install --quiet --disable-pip-version-check nanobind==3.1.0
          pytest==9.2.0 safetensors==0.8.0 ERROR_VARIABLE lipt_nanobind_why RESULT_VARIABLE lipt_nanobind_status)
      endif()
      if(NOT lipt_nanobind_status EQUAL 0)
        message(FATAL_ERROR "nanobind is neither on this machine nor to be had from PyPI (${lipt_nanobind_why}): install it, "
          "or leave the Python package out with -DLIPT_BUILD_PYTHON=OFF")
      endif()
      file(TOUCH "${lipt_python_environment}/.made")
    endif()
    execute_process(COMMAND "${lipt_python_interpreter}" ${lipt_nanobind_finder} OUTPUT_VARIABLE nanobind_ROOT
      OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  find_package(nanobind CONFIG REQUIRED PATHS "${nanobind_ROOT}" NO_DEFAULT_PATH)
endmacro()
