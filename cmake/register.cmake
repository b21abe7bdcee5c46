# SPDX-License-Identifier: MIT
#
# cmake/register.cmake - one file and one line to add anything.
#
# register(<target> <kind> <name>) compiles <name>.c (or <kind>_<name>.c) from the
# caller's folder into <target> and adds <name> to that target's table of <kind>s.
function(register target kind name)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.c)
  if(NOT EXISTS ${source})
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${kind}_${name}.c)
  endif()
  target_sources(${target} PRIVATE ${source})
  set_property(TARGET ${target} APPEND PROPERTY REGISTERED_${kind} ${name})
endfunction()

# write_registry(<target> <kind> <MACRO>) writes registered_<kind>s.inc, a line
# MACRO(<name>) for each: once a kind, after the last register() line of that kind.
# The C file that includes it defines MACRO, so that there is no #ifdef ladder and
# no constructor that could fail without a word.
function(write_registry target kind macro)
  get_property(names TARGET ${target} PROPERTY REGISTERED_${kind})
  list(TRANSFORM names REPLACE "(.+)" "${macro}(\\1)")
  list(JOIN names "\n" rows)
  file(CONFIGURE OUTPUT registered_${kind}s.inc CONTENT "${rows}\n" @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
