// SPDX-License-Identifier: MIT
// The scripts of a release with its runtime (deploy/runtime.h): the text that all of them read, and
// what starts one program.
#ifndef PISDK_DEPLOY_RUNTIME_SCRIPTS_H
#define PISDK_DEPLOY_RUNTIME_SCRIPTS_H

#include "base/err.h"
#include "base/str.h"
#include "deploy/runtime_parts.h"

#define RUNTIME_FOLDER "runtime"

// What is of one release in it: two that are put into one folder have the same runtime/start, and a
// file each in runtime/start.d, which it reads.
struct runtime_start {
    const char *library_path; // with $pisdk_release and $pisdk_runtime, as the shell expands them
    const struct runtime_pairs *environment;
    const struct runtime_pairs *without_ssh; // further variables, on boards that have none
};

// The text of runtime/start. `loader` is the file on the desktop, `path` that in the runtime:
// "usr/lib/ld-linux-armhf.so.3".
int runtime_start(const char *loader, const char *path, struct strbuf *out,
                  struct err *err) ERR_MUST_CHECK;
// That of the file in runtime/start.d.
void runtime_start_part(const struct runtime_start *s, struct strbuf *out);

// The text of the script `path`, which starts the program `program`, both in the release. `called`
// is a path there as well, or NULL: as the script is called. The caller frees it.
char *runtime_script(const char *path, const char *program, const char *called,
                     const char *arguments);

#endif
