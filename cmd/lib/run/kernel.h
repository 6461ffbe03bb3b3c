// SPDX-License-Identifier: MIT
// Kernels of Jupyter: the file by which clients reach one.
//
// https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files
#ifndef PISDK_RUN_KERNEL_H
#define PISDK_RUN_KERNEL_H

#include "base/err.h"
#include "base/str.h"

enum { KERNEL_PORTS = 5 };

struct kernel {
    char *text; // of the connection file
    long ports[KERNEL_PORTS];
    char *file; // that an emulated board's kernel reads; NULL: it is on another one
};

// Makes one with ports that are free on this desktop.
int kernel_make(struct kernel *out, struct err *err) ERR_MUST_CHECK;

// Reads the file that a client has made. ERR_USAGE when it is not one of TCP.
int kernel_read(const char *file, struct kernel *out, struct err *err) ERR_MUST_CHECK;

void kernel_release(struct kernel *k);

// Where Jupyter keeps its things: JUPYTER_DATA_DIR, else below XDG_DATA_HOME or HOME. The caller
// frees it; NULL when there is no HOME.
char *kernel_data_folder(void);

// The options of ssh that have its ports here.
void kernel_forward(const struct kernel *k, struct strv *argv);

// The text of kernel.json, by which clients start `argv` (with "{connection_file}") as a kernel.
// The caller frees it.
char *kernel_spec(const char *title, const struct strv *argv);

#endif
