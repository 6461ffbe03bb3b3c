// SPDX-License-Identifier: MIT
// Extension modules of Python in a release. They are for one minor version of it.
#ifndef PISDK_DEPLOY_ABI_PYTHON_H
#define PISDK_DEPLOY_ABI_PYTHON_H

#include "base/str.h"
#include "deploy/payload.h"

// Extension modules for one Python, which its version is in the name of.
struct abi_python {
    char *version;     // "3.11"; NULL: there are none
    struct strv files; // of the release
    struct strv numpy; // those of them that use numpy's C interface
};

// Notes what `file` needs, if it is one.
void abi_python_read(const struct payload_file *file, struct abi_python *out);
void abi_python_release(struct abi_python *p);

#endif
