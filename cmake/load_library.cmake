# SPDX-License-Identifier: MIT
#
# cmake/load_library.cmake - lets a target load a library when it first needs it.
#
# Its headers are found, and the macro NAME_SONAME holds the file that the linker
# would have noted. See results/library.h.
function(load_library target package name)
  pkg_check_modules(${name} REQUIRED ${package})
  list(GET ${name}_LINK_LIBRARIES 0 library)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${library}
    OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  if(NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${library} has no soname")
  endif()
  target_include_directories(${target} PRIVATE ${${name}_INCLUDE_DIRS})
  target_compile_definitions(${target} PRIVATE ${name}_SONAME="${CMAKE_MATCH_1}")
endfunction()
