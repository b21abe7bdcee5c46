# SPDX-License-Identifier: MIT
#
# cmake/revision.cmake - writes revision_info.h: the commit that the program is built from, at each build. Run by
# cmake -P with SOURCE and OUT. Without git, or outside a clone, the commit is empty.
cmake_minimum_required(VERSION 3.25)
find_program(git git)
set(BUILD_GIT_SHA "")
set(BUILD_GIT_DIRTY 0)
if(git)
  # A clone may belong to another user than the one who builds.
  set(ask ${git} -c safe.directory=${SOURCE} -C ${SOURCE})
  execute_process(COMMAND ${ask} rev-parse --show-toplevel
    OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  file(REAL_PATH ${SOURCE} source)
  # A tarball may lie inside somebody else's repository.
  if(top STREQUAL source)
    execute_process(COMMAND ${ask} rev-parse HEAD
      OUTPUT_VARIABLE BUILD_GIT_SHA OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${ask} status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(BUILD_GIT_DIRTY 1)
    endif()
  endif()
endif()
# The file is written only if it changes.
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT
"/* Written by CMake: the commit this program was built from, and whether files differed. */
#define BUILD_GIT_SHA \"@BUILD_GIT_SHA@\"
#define BUILD_GIT_DIRTY @BUILD_GIT_DIRTY@
")
