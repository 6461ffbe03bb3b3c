// SPDX-License-Identifier: MIT
// Programs that an emulated board runs without emulation: layers over its root file system, see
// sysroot/native.h.
#ifndef PISDK_SANDBOX_NATIVE_H
#define PISDK_SANDBOX_NATIVE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

// Does this desktop run programs of that architecture (Debian's name) by itself? "i386" is tried.
bool native_can_run(const char *arch);

// The layers that a sysroot's folder has and this desktop can run: names of architectures.
void native_find(const char *sysroot_dir, struct strv *archs);

// The layers as overlayfs takes them in front of others: "FOLDER/native/amd64:…:". Never NULL.
char *native_layers(const char *folder, const struct strv *archs);

// With layers, tells a bash of theirs what machine it is on.
void native_add_variables(const struct strv *archs, struct strv *env);

// From now on, this process and its children may set limits of memory and stack without effect, as
// under QEMU, which starts no program within them: it takes 4 GB of addresses for each.
int native_ignore_limits(struct err *err) ERR_MUST_CHECK;

#endif
