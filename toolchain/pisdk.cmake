# SPDX-License-Identifier: MIT
# CMake toolchain file: armv7l Linux boards, with Clang, against a pisdk sysroot.
#
# `pisdk build` uses it; it works by itself too, wherever it is copied together with boards/:
#
#     cmake -B build -DCMAKE_TOOLCHAIN_FILE=$(pisdk sysroot path --toolchain)
#
#   PISDK_SYSROOT     name of a sysroot, or the path of one    (default: ../root, else bookworm)
#   PISDK_BOARD       name of a file in boards/                (default: armv7)
#   PISDK_EXECUTABLE  the pisdk that runs programs and tests   (default: looked for)
#   PISDK_LINKER      the linker                               (default: lld)
#   PISDK_COMPILE_FLAGS, PISDK_LINK_FLAGS   lists of further flags
#   PISDK_CCACHE      a compiler cache
#   PISDK_PYTHON      python3 that answers as the board's
#
# `pisdk build`, `pisdk env` and `pisdk exec` give all of them. The first three may be given with -D
# or as environment variables. find_package(MPI) works for C and C++ without running anything of the
# target; without pisdk everything but running works.

cmake_minimum_required(VERSION 3.20)

foreach(variable IN ITEMS PISDK_SYSROOT PISDK_BOARD PISDK_EXECUTABLE)
  if(NOT ${variable} AND DEFINED ENV{${variable}})
    set(${variable} "$ENV{${variable}}")
  endif()
endforeach()

# What CMake's own test projects need to know as well.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PISDK_SYSROOT PISDK_BOARD PISDK_EXECUTABLE
     PISDK_LINKER)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(CMAKE_LIBRARY_ARCHITECTURE arm-linux-gnueabihf)

# --- The sysroot ---------------------------------------------------------------------------------

if(NOT PISDK_SYSROOT)
  # In what `pisdk sysroot export` writes, the sysroot is beside this folder.
  get_filename_component(_pisdk_beside "${CMAKE_CURRENT_LIST_DIR}/../root" ABSOLUTE)
  if(IS_DIRECTORY "${_pisdk_beside}/usr/include")
    set(PISDK_SYSROOT "${_pisdk_beside}")
  else()
    set(PISDK_SYSROOT bookworm)
  endif()
endif()
if(IS_ABSOLUTE "${PISDK_SYSROOT}")
  set(CMAKE_SYSROOT "${PISDK_SYSROOT}")
else()
  if(DEFINED ENV{PISDK_DATA_DIR})
    set(CMAKE_SYSROOT "$ENV{PISDK_DATA_DIR}/sysroots/${PISDK_SYSROOT}/root")
  elseif(DEFINED ENV{XDG_DATA_HOME})
    set(CMAKE_SYSROOT "$ENV{XDG_DATA_HOME}/pisdk/sysroots/${PISDK_SYSROOT}/root")
  else()
    set(CMAKE_SYSROOT "$ENV{HOME}/.local/share/pisdk/sysroots/${PISDK_SYSROOT}/root")
  endif()
endif()
if(NOT IS_DIRECTORY "${CMAKE_SYSROOT}/usr/include")
  message(FATAL_ERROR "There is no sysroot in ${CMAKE_SYSROOT}\n"
                      "hint: pisdk sysroot build ${PISDK_SYSROOT}")
endif()

# --- The board -----------------------------------------------------------------------------------

if(NOT PISDK_BOARD)
  set(PISDK_BOARD armv7)
endif()
set(_pisdk_board_file "${CMAKE_CURRENT_LIST_DIR}/boards/${PISDK_BOARD}.ini")
if(NOT EXISTS "${_pisdk_board_file}")
  message(FATAL_ERROR "There is no board `${PISDK_BOARD}`\nhint: `pisdk boards` lists them")
endif()
file(STRINGS "${_pisdk_board_file}" _pisdk_flags REGEX "^flags *=")
file(STRINGS "${_pisdk_board_file}" _pisdk_refused REGEX "^refused *=|^ +[^ ]")
if(NOT _pisdk_flags)
  string(REGEX REPLACE "^refused *= *" "" _pisdk_refused "${_pisdk_refused}")
  string(REGEX REPLACE "; +" " " _pisdk_refused "${_pisdk_refused}")
  message(FATAL_ERROR "Cannot build for board `${PISDK_BOARD}`: ${_pisdk_refused}")
endif()
string(REGEX REPLACE "^flags *= *" "" _pisdk_flags "${_pisdk_flags}")

# What all libraries of this release are built with: on Debian 13, a 64-bit time_t.
if(EXISTS "${CMAKE_SYSROOT}/../pisdk.lock")
  file(STRINGS "${CMAKE_SYSROOT}/../pisdk.lock" _pisdk_release_flags REGEX "^Flags: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^Flags: *" " " _pisdk_release_flags "${_pisdk_release_flags}")
endif()

# --- The compilers: the newest Clang that has its lld beside it -------------------------------------

foreach(_pisdk_version RANGE 40 14 -1)
  find_program(PISDK_CLANG clang-${_pisdk_version})
  find_program(PISDK_LLD ld.lld-${_pisdk_version})
  if(PISDK_CLANG AND PISDK_LLD)
    set(_pisdk_suffix -${_pisdk_version})
    break()
  endif()
  unset(PISDK_CLANG CACHE)
  unset(PISDK_LLD CACHE)
endforeach()
if(NOT PISDK_CLANG)
  set(_pisdk_suffix "")
  find_program(PISDK_CLANG clang)
  find_program(PISDK_LLD ld.lld)
  if(NOT PISDK_CLANG OR NOT PISDK_LLD)
    message(FATAL_ERROR "Clang 14 or newer with its linker lld is not installed\n"
                        "hint: sudo apt install clang lld llvm")
  endif()
endif()
mark_as_advanced(PISDK_CLANG PISDK_LLD)

if(NOT PISDK_LINKER)
  set(PISDK_LINKER "${PISDK_LLD}")
endif()
# Flags are a part of the command, so that a project, or -D on the command line, which sets
# CMAKE_C_FLAGS does not lose them; but for those with a space in them (a folder's name), which CMake
# cannot have there.
separate_arguments(_pisdk_words UNIX_COMMAND "${_pisdk_flags}${_pisdk_release_flags}")
set(_pisdk_compile_flags "")
set(_pisdk_link_flags "")
foreach(_pisdk_flag IN LISTS PISDK_COMPILE_FLAGS)
  # CMake looks into an object to know the compiler, and cannot read one for -flto.
  if(_pisdk_flag MATCHES "^[^ '\"$\\]+$" AND NOT _pisdk_flag MATCHES "^-flto")
    list(APPEND _pisdk_words "${_pisdk_flag}")
  else()
    string(APPEND _pisdk_compile_flags " \"${_pisdk_flag}\"")
  endif()
endforeach()
foreach(_pisdk_flag IN LISTS PISDK_LINK_FLAGS)
  string(APPEND _pisdk_link_flags " \"${_pisdk_flag}\"")
endforeach()
if(PISDK_LINKER MATCHES "^[^ '\"$\\]+$")
  list(APPEND _pisdk_words --start-no-unused-arguments "--ld-path=${PISDK_LINKER}"
       --end-no-unused-arguments)
else()
  string(PREPEND _pisdk_link_flags "\"--ld-path=${PISDK_LINKER}\"")
endif()
string(REGEX REPLACE "clang(-[0-9]+)?$" "clang++\\1" _pisdk_clangxx "${PISDK_CLANG}")
set(CMAKE_C_COMPILER "${PISDK_CLANG}" ${_pisdk_words})
set(CMAKE_CXX_COMPILER "${_pisdk_clangxx}" ${_pisdk_words})
set(CMAKE_ASM_COMPILER "${PISDK_CLANG}" ${_pisdk_words})
foreach(_pisdk_language IN ITEMS C CXX ASM)
  set(CMAKE_${_pisdk_language}_COMPILER_TARGET arm-linux-gnueabihf)
  set(CMAKE_${_pisdk_language}_FLAGS_INIT "${_pisdk_compile_flags}")
endforeach()
foreach(_pisdk_kind IN ITEMS EXE SHARED MODULE)
  set(CMAKE_${_pisdk_kind}_LINKER_FLAGS_INIT "${_pisdk_link_flags}")
endforeach()
if(PISDK_CCACHE)
  foreach(_pisdk_language IN ITEMS C CXX)
    set(CMAKE_${_pisdk_language}_COMPILER_LAUNCHER "${PISDK_CCACHE}" CACHE STRING "")
  endforeach()
endif()
# Programs find libraries of the same build wherever it is.
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
foreach(_pisdk_tool IN ITEMS AR RANLIB NM OBJCOPY OBJDUMP READELF STRIP)
  string(TOLOWER "llvm-${_pisdk_tool}" _pisdk_name)
  find_program(CMAKE_${_pisdk_tool} NAMES ${_pisdk_name}${_pisdk_suffix} ${_pisdk_name})
endforeach()
set(CMAKE_C_COMPILER_AR "${CMAKE_AR}")
set(CMAKE_C_COMPILER_RANLIB "${CMAKE_RANLIB}")
set(CMAKE_CXX_COMPILER_AR "${CMAKE_AR}")
set(CMAKE_CXX_COMPILER_RANLIB "${CMAKE_RANLIB}")

# Fortran: Debian's cross compiler compiles, and Clang links, since the cross compiler would take the
# desktop's own C library for armhf before the sysroot's.
find_program(PISDK_GFORTRAN NAMES arm-linux-gnueabihf-gfortran arm-linux-gnueabihf-gfortran-15
             arm-linux-gnueabihf-gfortran-14 arm-linux-gnueabihf-gfortran-13
             arm-linux-gnueabihf-gfortran-12)
mark_as_advanced(PISDK_GFORTRAN)
if(PISDK_GFORTRAN)
  set(CMAKE_Fortran_COMPILER "${PISDK_GFORTRAN}")
else()
  set(CMAKE_Fortran_COMPILER arm-linux-gnueabihf-gfortran) # not the desktop's own: CMake says so
endif()
string(REPLACE "+nocrypto" "" CMAKE_Fortran_FLAGS_INIT "${_pisdk_flags}")
string(CONCAT _pisdk_link "\"${PISDK_CLANG}\" --target=arm-linux-gnueabihf "
       "--sysroot=\"${CMAKE_SYSROOT}\" \"--ld-path=${PISDK_LINKER}\"")
set(_pisdk_fortran_libraries "<LINK_LIBRARIES> -l:libgfortran.so.5 -lm")
if(EXISTS "${CMAKE_SYSROOT}/usr/lib/arm-linux-gnueabihf/libgomp.so.1") # for -fopenmp
  string(APPEND _pisdk_fortran_libraries " -Wl,--as-needed -lgomp -Wl,--no-as-needed")
endif()
string(CONCAT CMAKE_Fortran_LINK_EXECUTABLE "${_pisdk_link} <CMAKE_Fortran_LINK_FLAGS> "
       "<LINK_FLAGS> <OBJECTS> -o <TARGET> ${_pisdk_fortran_libraries}")
string(CONCAT CMAKE_Fortran_CREATE_SHARED_LIBRARY "${_pisdk_link} "
       "<CMAKE_SHARED_LIBRARY_CREATE_Fortran_FLAGS> <LINK_FLAGS> <SONAME_FLAG><TARGET_SONAME> "
       "<OBJECTS> -o <TARGET> ${_pisdk_fortran_libraries}")

# --- Libraries and headers of the sysroot, programs of the desktop -----------------------------------

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CMAKE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
    "${CMAKE_SYSROOT}/usr/lib/arm-linux-gnueabihf/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig")

# Libraries that were built for the board before, in folders of their own: `prefixes` of pisdk.ini,
# CMAKE_PREFIX_PATH, NAME_ROOT (as a variable of CMake or of the environment), and PKG_CONFIG_PATH. What is
# below /usr is the desktop's.
function(_pisdk_add_roots)
  set(prefixes ${PISDK_PREFIXES} ${CMAKE_PREFIX_PATH})
  string(REPLACE ":" ";" from_environment "$ENV{CMAKE_PREFIX_PATH}")
  list(APPEND prefixes ${from_environment})
  get_cmake_property(names VARIABLES)
  list(FILTER names INCLUDE REGEX "^[A-Za-z0-9_]+_ROOT$")
  list(FILTER names EXCLUDE REGEX "^(CMAKE|_)")
  foreach(name IN LISTS names)
    list(APPEND prefixes ${${name}})
  endforeach()
  execute_process(COMMAND env OUTPUT_VARIABLE environment ERROR_QUIET)
  string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_]+_ROOT=[^\n;]+" variables "${environment}")
  foreach(variable IN LISTS variables)
    string(REGEX REPLACE "^\n?[^=]*=" "" value "${variable}")
    list(APPEND prefixes "${value}")
  endforeach()
  set(roots "")
  foreach(prefix IN LISTS prefixes)
    if(IS_ABSOLUTE "${prefix}" AND IS_DIRECTORY "${prefix}" AND NOT "${prefix}/" MATCHES "^/(usr/|bin/|lib/|$)")
      list(APPEND roots "${prefix}")
    endif()
  endforeach()
  set(_pisdk_roots "${roots}" PARENT_SCOPE)
endfunction()
_pisdk_add_roots()
list(APPEND CMAKE_FIND_ROOT_PATH ${_pisdk_roots})
list(REMOVE_DUPLICATES CMAKE_FIND_ROOT_PATH)
string(REPLACE ":" ";" _pisdk_pkg_config "$ENV{PKG_CONFIG_PATH}")
list(FILTER _pisdk_pkg_config EXCLUDE REGEX "^/usr/")
foreach(_pisdk_prefix IN LISTS PISDK_PREFIXES)
  list(APPEND _pisdk_pkg_config "${_pisdk_prefix}/lib/pkgconfig" "${_pisdk_prefix}/share/pkgconfig")
endforeach()
string(REPLACE ";" ":" _pisdk_pkg_config "${_pisdk_pkg_config}")
set(ENV{PKG_CONFIG_PATH} "${_pisdk_pkg_config}")

# --- The emulator --------------------------------------------------------------------------------

if(NOT PISDK_EXECUTABLE)
  find_program(PISDK_EXECUTABLE pisdk HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../bin")
endif()
if(PISDK_EXECUTABLE)
  set(CMAKE_CROSSCOMPILING_EMULATOR
      "${PISDK_EXECUTABLE};run;--sysroot;${PISDK_SYSROOT};--board;${PISDK_BOARD}")
  # FindMPI wants one file to run: mpirun of the sysroot, under the emulator.
  set(_pisdk_mpiexec "${CMAKE_BINARY_DIR}/pisdk-mpiexec")
  get_property(_pisdk_nested GLOBAL PROPERTY IN_TRY_COMPILE)
  if(NOT _pisdk_nested)
    string(CONCAT _pisdk_script
      "#!/bin/sh\n"
      "# mpirun of the sysroot, emulated. Made by the CMake toolchain file of pisdk.\n"
      "exec '${PISDK_EXECUTABLE}' run --sysroot '${PISDK_SYSROOT}' --board '${PISDK_BOARD}' "
      "mpirun \"$@\"\n")
    file(CONFIGURE OUTPUT "${_pisdk_mpiexec}" CONTENT "${_pisdk_script}" @ONLY)
    set(_pisdk_written "")
    if(EXISTS "${_pisdk_mpiexec}") # CMake says nothing when the disk is full
      file(READ "${_pisdk_mpiexec}" _pisdk_written)
    endif()
    if(NOT _pisdk_written STREQUAL _pisdk_script)
      message(FATAL_ERROR "pisdk: cannot write ${_pisdk_mpiexec}: is the disk full?")
    endif()
    file(CHMOD "${_pisdk_mpiexec}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
         GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endif()
endif()

# --- MPI: what FindMPI would otherwise ask the target's compiler wrappers -----------------------------

# The names are those of Debian's alternatives, which sysroots have for every MPI.
set(_pisdk_libraries "${CMAKE_SYSROOT}/usr/lib/arm-linux-gnueabihf")
set(_pisdk_mpi "${CMAKE_SYSROOT}/usr/include/arm-linux-gnueabihf/mpi")
if(EXISTS "${_pisdk_mpi}/mpi.h")
  foreach(_pisdk_language IN ITEMS C CXX)
    set(MPI_${_pisdk_language}_HEADER_DIR "${_pisdk_mpi}" CACHE PATH "")
    set(MPI_${_pisdk_language}_COMPILER_INCLUDE_DIRS "${_pisdk_mpi}" CACHE STRING "")
    set(MPI_${_pisdk_language}_LIB_NAMES "mpi" CACHE STRING "")
  endforeach()
  set(MPI_mpi_LIBRARY "${_pisdk_libraries}/libmpi.so" CACHE FILEPATH "")
  if(EXISTS "${_pisdk_libraries}/libmpi++.so")
    set(MPI_CXX_LIB_NAMES "mpi_cxx;mpi" CACHE STRING "" FORCE)
    set(MPI_mpi_cxx_LIBRARY "${_pisdk_libraries}/libmpi++.so" CACHE FILEPATH "")
  endif()
  # The Fortran modules are in a folder for each format that compilers give them.
  foreach(_pisdk_flavour IN ITEMS openmpi mpich)
    file(GLOB _pisdk_modules "${_pisdk_libraries}/fortran/gfortran-mod-*/${_pisdk_flavour}/mpi.mod")
    list(SORT _pisdk_modules COMPARE NATURAL ORDER DESCENDING)
    if(_pisdk_modules)
      list(GET _pisdk_modules 0 _pisdk_modules)
      get_filename_component(_pisdk_modules "${_pisdk_modules}" DIRECTORY)
      set(_pisdk_names mpi_usempif08 mpi_usempi_ignore_tkr mpi_mpifh)
      if(_pisdk_flavour STREQUAL mpich)
        set(_pisdk_names mpichfort)
      endif()
      foreach(_pisdk_name IN LISTS _pisdk_names)
        set(MPI_${_pisdk_name}_LIBRARY "${_pisdk_libraries}/lib${_pisdk_name}.so"
            CACHE FILEPATH "")
      endforeach()
      set(MPI_Fortran_LIB_NAMES "${_pisdk_names};mpi" CACHE STRING "")
      set(MPI_Fortran_COMPILER_INCLUDE_DIRS "${_pisdk_mpi};${_pisdk_modules}" CACHE STRING "")
      set(MPI_Fortran_F77_HEADER_DIR "${_pisdk_mpi}" CACHE PATH "")
      set(MPI_Fortran_MODULE_DIR "${_pisdk_modules}" CACHE PATH "")
      break()
    endif()
  endforeach()
  if(PISDK_EXECUTABLE)
    set(MPIEXEC_EXECUTABLE "${_pisdk_mpiexec}" CACHE FILEPATH "")
    set(MPIEXEC_NUMPROC_FLAG "-n" CACHE STRING "")
  endif()
endif()

# --- Python: the one of a build, which answers as the board's ------------------------------------------

if(PISDK_PYTHON)
  foreach(_pisdk_name IN ITEMS Python Python3 PYTHON)
    if(NOT ${_pisdk_name}_EXECUTABLE)
      set(${_pisdk_name}_EXECUTABLE "${PISDK_PYTHON}" CACHE FILEPATH "")
    endif()
    # FindPython does not ask an interpreter for the suffix of modules in cross builds, but this.
    if(EXISTS "${PISDK_PYTHON}-config" AND NOT DEFINED CACHE{_${_pisdk_name}_CONFIG})
      set(_${_pisdk_name}_CONFIG "${PISDK_PYTHON}-config" CACHE INTERNAL "")
    endif()
  endforeach()
endif()

# --- OpenMP: what FindOpenMP would look for on the desktop -----------------------------------------

# Debian keeps LLVM's OpenMP in folders of its own, where Clang of another version does not look.
file(GLOB _pisdk_omp "${CMAKE_SYSROOT}/usr/lib/llvm-*/lib/clang/*/include/omp.h")
if(_pisdk_omp)
  list(SORT _pisdk_omp COMPARE NATURAL ORDER DESCENDING)
  list(GET _pisdk_omp 0 _pisdk_omp)
  get_filename_component(_pisdk_omp "${_pisdk_omp}" DIRECTORY)
  get_filename_component(_pisdk_omp_library "${_pisdk_omp}/../../../libomp.so" ABSOLUTE)
  foreach(_pisdk_language IN ITEMS C CXX)
    set(OpenMP_${_pisdk_language}_FLAGS "-fopenmp=libomp" CACHE STRING "")
    set(OpenMP_${_pisdk_language}_INCLUDE_DIR "${_pisdk_omp}" CACHE PATH "")
    set(OpenMP_${_pisdk_language}_LIB_NAMES "omp" CACHE STRING "")
  endforeach()
  set(OpenMP_omp_LIBRARY "${_pisdk_omp_library}" CACHE FILEPATH "")
endif()
