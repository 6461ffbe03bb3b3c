// Variables that a program gets, and options of mpirun that pisdk passes on.
#ifndef PISDK_MPIRUN_WORDS_H
#define PISDK_MPIRUN_WORDS_H

#include "pisdk/app.h"

// By -x and by `environment` of [run] in pisdk.ini, as NAME=VALUE, each once: what -x says counts.
// A NAME that is not in our own environment is left out.
void run_variables(const struct app *app, struct strv *out);

// Adds the options that were given, as mpirun has them: --map-by, --bind-to, --rank-by, --mca,
// --mpirun; and those variables, in the words of this MPI, for ranks on other boards.
void mpirun_words(const struct input *in, const struct strv *variables, bool mpich,
                  struct strv *argv);

#endif
