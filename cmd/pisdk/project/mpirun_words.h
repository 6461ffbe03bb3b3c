// Variables that a program gets, and options of mpirun that pisdk passes on.
#ifndef PISDK_MPIRUN_WORDS_H
#define PISDK_MPIRUN_WORDS_H

#include "pisdk/app.h"
#include "pisdk/requests.h"

// By `asked` (-x) and by `environment` of [run] in pisdk.ini, as NAME=VALUE, each once: the first
// counts. A NAME that is not in our own environment is left out.
void run_variables(const struct app *app, const struct strv *asked, struct strv *out);

// Adds the options that are asked for, and those variables, in the words of this MPI, for ranks on
// other boards.
void mpirun_words(const struct mpirun_request *request, const struct strv *variables, bool mpich,
                  struct strv *argv);

#endif
