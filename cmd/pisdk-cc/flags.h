// SPDX-License-Identifier: MIT
// Flags of gcc that Clang does not know.
#ifndef PISDK_CC_FLAGS_H
#define PISDK_CC_FLAGS_H

#include "command.h"

// Takes flags away that this Clang refuses and that only tune gcc (-fipa-pta, -mthumb-interwork),
// and says so once in a build. What Clang makes of a flag is asked once and kept in the toolset.
void flags_drop_unknown(const struct toolset *t, struct strv *words);

// Adds what makes Clang as strict as the gcc of the board: until gcc 13, mistakes of C before C99
// are warnings, and from gcc 14 on errors (https://gcc.gnu.org/gcc-14/porting_to.html). Of C++,
// what every gcc accepts ("%"PRIu64, register) is not an error.
void flags_add_severity(const struct toolset *t, enum language language, struct strv *argv);

#endif
