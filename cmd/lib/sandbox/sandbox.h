// SPDX-License-Identifier: MIT
// Runs an armv7l program on this desktop, as it would run on the board, with no privilege.
//
// Three ways in, the best one that this machine allows:
//   namespace  user, mount, PID, UTS and IPC namespaces; the sysroot as root file system, with a
//              writable layer that is gone afterwards; QEMU registered in a private binfmt_misc
//              (Linux 6.7), or by the host
//   binfmt     no namespaces, but the host has QEMU registered: programs can start each other
//   prefix     qemu-arm -L SYSROOT; programs cannot start each other, mpirun is told how
// In each, the program sees the given folders of the host at their own paths, gets our standard
// streams and signals, and nothing of it is left when it ends or when pisdk is killed.
#ifndef PISDK_SANDBOX_SANDBOX_H
#define PISDK_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "target/board.h"

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_NAMESPACE, SANDBOX_BINFMT, SANDBOX_PREFIX };

enum { SANDBOX_LOST_TOLD = 3, SANDBOX_LOST_NAME = 256 };

// What happened to a run besides its status.
struct sandbox_outcome {
    enum sandbox_mode mode; // how it was run
    bool timed_out;
    bool interrupted;      // by Ctrl-C, when its ranks said where they are
    int signal;            // the last that asked it to stop, or 0
    bool output_closed;    // mpirun wrote to a pipe that nobody reads any more, and was ended
    bool out_of_memory;    // then, the first process that was killed for it:
    char victim[64];       // its program
    int victim_rank;       // -1: no rank of an MPI job
    uint64_t victim_bytes; // its memory
    uint64_t used_bytes;   // that of all
    unsigned lost;         // files that it wrote on the board, which are gone; the first of them:
    char lost_names[SANDBOX_LOST_TOLD][SANDBOX_LOST_NAME];
};

struct sandbox_options {
    enum sandbox_mode mode;
    const char *sysroot_dir;        // the folder with root/, folders/ and mnt/ in it
    const char *triple;             // names the library folders
    const struct strv *environment; // NAME=VALUE for every mode, unless the user has set NAME
    const struct strv *exported;    // see sandbox_user_environment
    const struct strv *rootless;    // NAME=VALUE for binfmt and prefix; see environment.h
    bool pure;                      // emulates all programs, also those that sandbox/native.h has
    bool needs_exec; // it starts programs of the target by itself: not in prefix mode
    const struct board *board;
    const struct strv *visible; // folders of the host, absolute
    // Further ones, at other paths of the board, in pairs: the host's, the board's; or NULL. Only
    // in namespace mode.
    const struct strv *mounts;
    const char *cwd;     // absolute; / when the program cannot see it
    const char *runtime; // folder for short-lived files, see base/paths.h
    double timeout;      // seconds until the program is told SIGTERM, two more to SIGKILL; 0: none
    uint64_t memory;     // of all its processes together, bytes; 0: no limit
    bool stacks;         // when the time is up, ranks end with a core file (sandbox/ranks.h)
    uint64_t core_max;   // how large a core file of a crash may get, bytes; 0: none is written
    bool mpirun;         // the program is mpirun, or mpiexec
    const char *run;     // a word that marks the run: PISDK_RUN in the environment; or NULL
    struct sandbox_outcome *outcome; // or NULL
    struct log *log;
};

// `program` is absolute: a path below a visible folder, or, with `in_sysroot`, one in the sysroot.
// `argv` has its arguments, argv[0] included. Writes the exit status, or 128 + signal.
// ERR_UNSUPPORTED when no mode (or not the one asked for) works here; ERR_NOT_FOUND without QEMU.
int sandbox_run(const struct sandbox_options *o, const char *program, bool in_sysroot,
                char *const argv[], int *status, struct err *err) ERR_MUST_CHECK;

// From here on, programs for ARM that this process and its children start are run by `interpreter`
// (absolute; it gets the program's path, its argv[0] and its arguments), as by binfmt_misc(5) with
// flag P. Nothing of the host is changed: the process moves to user and mount namespaces of its
// own, where it is the same user. Needs Linux 6.7; ERR_UNSUPPORTED.
int sandbox_make_transparent(const char *interpreter, struct err *err) ERR_MUST_CHECK;

// Would that work here? Tries it in a process of its own.
int sandbox_try_transparent(const char *interpreter, struct err *err) ERR_MUST_CHECK;

// What `doctor` asks: does this mode work here? Runs the smallest ARM program, without a sysroot.
int sandbox_probe(enum sandbox_mode mode, const char *runtime, struct err *err) ERR_MUST_CHECK;

// The variables of our environment, NAME=VALUE, that an emulated program gets: those on a list,
// those that are `exported` (NAME=VALUE, each once; NULL: none), and what was set since
// sandbox_mark_environment, or by ctest for its test.
void sandbox_user_environment(const struct strv *exported, struct strv *out);
// Marks what our environment has as the desktop's. What a build or a test sets from here on is for
// its programs.
void sandbox_mark_environment(void);
// LD_LIBRARY_PATH as a build or a test has set it since then, as libtool does; NULL: it has not.
const char *sandbox_build_libraries(void);

// What programs on an emulated board with a root of its own find as after a login, but for what the
// board itself is: sandbox_add_board, which all emulated programs need. `of_user`: with the user's
// own options for sanitizers.
void sandbox_add_login(const char *shell, struct strv *env);
void sandbox_add_board(const struct board *board, bool of_user, struct strv *env);

// PISDK_EMULATION: "namespace", "binfmt", "prefix"; unset or empty is SANDBOX_AUTO.
int sandbox_mode_from_environment(enum sandbox_mode *mode, struct err *err) ERR_MUST_CHECK;
const char *sandbox_mode_name(enum sandbox_mode mode);

// The path of the first qemu-arm-static or qemu-arm in PATH that is statically linked, or else of
// the first; NULL with ERR_NOT_FOUND and how to install it.
char *sandbox_find_qemu(struct err *err) ERR_MUST_CHECK;

#endif
