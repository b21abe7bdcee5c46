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

# add_plugin(<name> [<pkg-config module>]) builds <name>.c of the caller's folder
# into the plug-in <name>.so, and hands it to the conformance suite as the transport
# <name>. Where the module is absent it is skipped with a message.
function(add_plugin name)
  set(module ${ARGN})
  if(module)
    pkg_check_modules(PLUGIN_${name} IMPORTED_TARGET ${module})
    if(NOT PLUGIN_${name}_FOUND)
      message(STATUS "plug-in ${name}: ${module} is absent, it is not built")
      return()
    endif()
  endif()
  add_library(plugin_${name} MODULE ${name}.c)
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name})
  target_include_directories(plugin_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(plugin_${name} PRIVATE project_options)
  if(module)
    target_link_libraries(plugin_${name} PRIVATE PkgConfig::PLUGIN_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY IPC_PLUGINS ${name})
  install(TARGETS plugin_${name} DESTINATION ${CMAKE_INSTALL_LIBDIR}/ipcbench)
endfunction()
