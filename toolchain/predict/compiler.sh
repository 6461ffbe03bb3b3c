#!/bin/sh
# SPDX-License-Identifier: MIT
# What compiles for SimGrid, under the names that builds use: @SMPI@, and where it links, what pisdk
# puts between the program and the simulator.
#
# Test programs of CMake, Autoconf and Meson are made by @NATIVE@: what SimGrid's compilers make
# runs only in the simulator.
folder=@FOLDER@
links=yes
for word; do
    case $word in
    -c | -S | -E | -M | -MM | -r | -shared | -v | -V | -version | --version | --help | -dump* | -print* | \
        -show* | --show* | -fsyntax-only)
        links=
        ;;
    esac
    shift
    case $word in
    -lmpi | -lmpi_* | -lmpicxx | -lmpifort | -lmpich | -lmpichcxx | -lmpichfort | -pthread) ;;
    *) set -- "$@" "$word" ;;
    esac
done
if [ "@FORTRAN@" ]; then # the module mpi_f08 is ours
    set -- "-I$folder/lib" "$@"
    [ -z "$links" ] || set -- "$@" "$folder/lib/mpi_f08.o" "$folder/lib/smpi_f08.o" "$folder/lib/f08.o"
fi
case "$PWD/ $* " in
*/CMakeFiles/CMakeScratch/* | */CMakeFiles/CMakeTmp/* | *CompilerId* | *conftest* | \
    *meson-private* | *" -v "* | *" --version "* | *" -dump"* | *" -print"*)
    exec @NATIVE@ -I/usr/include/smpi "$@" ${links:+-lsimgrid}
    ;;
esac
if [ "$links" ]; then
    exec @SMPI@ -g "$@" "$folder/lib/files.o" "$folder/lib/limits.o" "$folder/lib/trace.o" \
        -Wl,-Bsymbolic-functions
fi
exec @SMPI@ -g "$@"
