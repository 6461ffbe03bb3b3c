// SPDX-License-Identifier: MIT
// What `--with-runtime` adds to a release: the C library, the MPI and the other libraries of the
// sysroot that its programs need, for boards that have others or none.
//
// In the release, with the sysroot's own layout:
//
//     runtime/usr/lib/…       the libraries, the loader and MPI's plug-ins
//     runtime/usr/bin/        MPI's own programs, as sysroot-scripts/runtime/FLAVOUR.ini names them
//     runtime/bin/mpirun, …   small scripts that start those
//     runtime/programs/PATH   the program that was PATH, "bin/heat"; PATH is such a script now
//     runtime/start           what all the scripts have in common
//     runtime/start.d/…       what of that is this release's own, under the name of its content
//
// A script calls the loader by its path, so nothing of the board's C library is used, and finds the
// release by its own place, so it may be anywhere; mpirun finds its parts on the other boards by
// their way from the home folder there. Nothing is set that the board's own programs would take.
//
// FLAVOUR.ini is read with ini_read; {runtime} is the folder runtime/, {from_home} the way to it
// from the home folder:
//
//     [when]         libraries: the MPI is added when a program needs one of these
//                    files: patterns of files of the release, "*.py", whose interpreter it is
//     [programs]     NAME = path in the sysroot
//     [called]       NAME = path in the sysroot that it is called by, so that it finds its parts
//     from
//                    there; this is a script, too
//     [links]        PATH = what the link there leads to, both in the runtime
//     [arguments]    NAME = what the program gets before its other arguments
//     [scripts]      NAME = file beside this one, becomes runtime/bin/NAME
//     [texts]        PATH = file beside this one, becomes that file in the runtime; the folder is a
//                    pattern of glob(7) in the sysroot
//     [files]        add (patterns of glob(7) in the sysroot, folders with all that is in them),
//                    libraries (added with what they need, where the sysroot has them), plugins
//                    (patterns; one whose libraries the sysroot has not is left out; so are those
//                    libraries in `add` that are no links), leave_out (patterns of fnmatch(3) for
//                    both)
//     [bundle]       leave_out: further patterns, when the release is to be small
//     [environment]  NAME = VALUE for all programs
//     [without_ssh]  the same, on boards that have no ssh
//
// libc.ini is read always, and so are those of interpreters: python.ini, r.ini. What goes along of
// packages that are wanted by name is all but leave_out of package.ini; their programs get scripts.
#ifndef PISDK_DEPLOY_RUNTIME_H
#define PISDK_DEPLOY_RUNTIME_H

#include "base/err.h"
#include "deploy/payload.h"
#include "deploy/runtime_scripts.h"

#define RUNTIME_PROGRAMS RUNTIME_FOLDER "/programs" // of the project
#define RUNTIME_PYTHON   RUNTIME_FOLDER "/bin/python3"

struct runtime_source {
    const char *root;         // of the sysroot
    const char *triple;       // "arm-linux-gnueabihf"
    const char *flavour;      // of its MPI; NULL: it has none
    const char *data;         // the folder sysroot-scripts/runtime
    const struct strv *with;  // interpreters that are wanted anyway: "python", "r"; or NULL
    const struct strv *files; // of packages that are wanted as well, paths in root; or NULL
    bool small;               // leave out also what is for speed
    const char *work;         // a folder for the scripts, which must stay as long as the release
};

// For a release with all its programs, not finished yet. ERR_NOT_FOUND, naming the program, when a
// library is neither in the release nor in the sysroot.
int runtime_add(struct payload *r, const struct runtime_source *from,
                struct err *err) ERR_MUST_CHECK;

#endif
