// SPDX-License-Identifier: MIT
// Running a program of the project, or of the sysroot, somewhere: on one emulated board, on an
// emulated cluster, on boards that ssh reaches, as a job of Slurm.
//
// A place is a file of this folder and a line of the table in run.c (see place.h).
#ifndef PISDK_RUN_RUN_H
#define PISDK_RUN_RUN_H

#include "run/request.h"

// The environment variable that gives --on to every `pisdk run` that a test starts.
#define RUN_ON "PISDK_ON"
// What `pisdk test` also sets for them: the time of a test in seconds.
#define RUN_TIMEOUT "PISDK_TEST_TIMEOUT"

// Which place `asked` means, else RUN_ON, else the emulator: "emulator", "cluster",
// "cluster:NAME", "nodes", "slurm". `which` is that name, or NULL; it points into the text.
int run_place_find(const char *asked, const struct run_place **place, const char **which,
                   struct err *err) ERR_MUST_CHECK;

// Has every `pisdk run` that this process starts, in tests, go there as well: sets RUN_ON.
// ERR_USAGE for a place that is not for tests.
int run_place_for_tests(const struct run_place *place, const char *which,
                        struct err *err) ERR_MUST_CHECK;

// Runs it and waits for its end. The standard streams and signals are the program's own, and so is
// `status`; what ended it is said in the log. When this returns, however that came about, nothing
// of it is left on a board that can be reached.
int run_program(const struct workspace *w, const struct run_request *request, int *status,
                struct err *err) ERR_MUST_CHECK;

// Submits it as a job to this Slurm and does not wait. `id` is the job's number.
int run_submit(const struct workspace *w, const struct run_request *request,
               const struct slurm_login *login, long *id, struct err *err) ERR_MUST_CHECK;

#endif
