// The scripts of a release with its runtime (deploy/runtime.h): the text that all of them read, and
// what starts one program.
#ifndef PISDK_DEPLOY_RUNTIME_SCRIPTS_H
#define PISDK_DEPLOY_RUNTIME_SCRIPTS_H

#include "base/err.h"
#include "base/str.h"
#include "deploy/runtime_parts.h"

#define RUNTIME_FOLDER "runtime"

struct runtime_start {
    const char *loader;       // the file, on the desktop
    const char *loader_path;  // in the runtime: "usr/lib/ld-linux-armhf.so.3"
    const char *library_path; // with $pisdk_release and $pisdk_runtime, as the shell expands them
    const struct runtime_pairs *environment;
    const struct runtime_pairs *without_ssh; // further variables, on boards that have none
};

// The text of runtime/start.
int runtime_start(const struct runtime_start *s, struct strbuf *out,
                  struct err *err) ERR_MUST_CHECK;

// The text of the script `path`, which starts the program `program`, both in the release. `called`
// is a path there as well, or NULL: as the script is called. The caller frees it.
char *runtime_script(const char *path, const char *program, const char *called,
                     const char *arguments);

#endif
