// SPDX-License-Identifier: MIT
// Libraries that compilers bring along at home and that are packages of a sysroot.
#ifndef PISDK_CC_LIBRARIES_H
#define PISDK_CC_LIBRARIES_H

#include "command.h"

// False when the words need one that the sysroot has not; the error and its hint are printed then:
// OpenMP's with -fopenmp, Fortran's when a program is linked. Else adds where OpenMP's is.
bool libraries_are_there(const struct toolset *t, enum language language, struct strv *words);

#endif
