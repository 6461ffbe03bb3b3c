// SPDX-License-Identifier: MIT
// What the files of this folder share. Not for others.
#ifndef PISDK_SANDBOX_INTERNAL_H
#define PISDK_SANDBOX_INTERNAL_H

#include <sys/types.h>

#include "sandbox/lost.h"
#include "sandbox/namespace.h"
#include "sandbox/sandbox.h"

// One run, as it goes from one step to the next.
struct sandbox {
    const struct sandbox_options *o;
    enum sandbox_mode mode;
    const char *program; // as the mode needs it
    char *const *argv;
    bool in_sysroot;
    char *qemu;
    char *root;         // SYSROOT_DIR/root
    char *scratch;      // binfmt and prefix: a folder on a tmpfs, removed at the end
    int scratch_lock;   // held while the scratch folder is in use
    struct strv env;    // for the program
    struct strv native; // architectures of programs that need no emulation: namespace mode only
    uid_t uid;          // outside
    gid_t gid;
    struct sandbox_outcome *outcome; // shared with init
    bool on_terminal;                // which sends its signals to our process group
    bool fewer_cores;                // than the board
    bool loses_timeouts;             // see timeouts.h
    struct lost lost;
};

// binfmt.c
// Registers QEMU in the binfmt_misc that is mounted at `place`.
int binfmt_register(const char *place, const char *qemu, struct err *err) ERR_MUST_CHECK;
// Has the host QEMU for ARM registered and enabled? `fixed`: with flag F, so that it works whatever
// the root is.
bool binfmt_host_has_arm(bool *fixed);

// namespace.c
// In the new namespaces: builds the root file system and enters it.
int namespace_enter(struct sandbox *s, struct err *err) ERR_MUST_CHECK;
// The flags of clone(2) for it.
int namespace_flags(void);

// cores.c
// How many processors this process may use.
long cores_usable(void);
// From now on this process and its children use at most `cores` of them.
void cores_restrict(long cores);

// scratch.c
// Makes the scratch folder and the folders of links that `environment` names; see environment.h.
int scratch_make(struct sandbox *s, struct err *err) ERR_MUST_CHECK;
void scratch_remove(struct sandbox *s);

// init.c
// The supervising child: enters the mode's surroundings, starts the program, passes signals on to
// it, and ends with its status after every process of it is gone. Does not return. Errors before
// the program runs are written to `report` as a struct err. `life` ends when pisdk does.
_Noreturn void init_main(struct sandbox *s, const sigset_t *program_mask, int report, int life);

#endif
