// A program that runs on a board, from its start to its end (toolchain/remote/run.sh).
#ifndef PISDK_REMOTE_RUN_H
#define PISDK_REMOTE_RUN_H

#include "app.h"
#include "remote/remotes.h"

struct remote_run {
    struct app *app;
    const struct remotes *nodes; // it is started on the first of them
    const char *project;         // its name
    const struct strv *words;    // the program
    size_t own_words;            // in the first so many, {dir} is the run's folder, {run} its name
    const char *hosts;           // text of the file "hosts" in that folder
    double timeout;              // seconds, or 0
    bool *timed_out;
};

// The caller holds signals back (base/proc.h).
int remote_run(const struct remote_run *r, int *status, struct err *err) ERR_MUST_CHECK;

#endif
