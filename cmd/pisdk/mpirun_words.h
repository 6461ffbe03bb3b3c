// Options of mpirun that pisdk passes on.
#ifndef PISDK_MPIRUN_WORDS_H
#define PISDK_MPIRUN_WORDS_H

#include "base/str.h"
#include "options.h"

// Adds those that were given, as mpirun has them: --map-by, --bind-to, --rank-by, --mca, -x,
// --mpirun.
void mpirun_words(const struct input *in, struct strv *argv);

#endif
