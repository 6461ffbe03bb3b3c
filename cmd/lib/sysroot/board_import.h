// SPDX-License-Identifier: MIT
// A sysroot from a live board: the same versions as are installed there.
//
// The user's own ssh and rsync do the talking, so keys, agents and ProxyJump work as usual.
// Packages come from the mirror where it has the board's version; of the others, and of what was
// put into /usr/local and /opt/vc, libraries and headers are copied. Nothing is changed on the
// board.
#ifndef PISDK_SYSROOT_BOARD_IMPORT_H
#define PISDK_SYSROOT_BOARD_IMPORT_H

#include "base/err.h"
#include "deb/lock.h"
#include "sysroot/build.h"

// What a board says about itself.
struct board_facts {
    char *host;
    char *release;         // VERSION_CODENAME
    struct strbuf status;  // dpkg's, of all packages
    struct strv installed; // names of its installed packages
    struct strv local;     // libraries and headers that no package has, absolute
};

// Asks the board. `host` is what ssh understands: USER@HOST, or a name in the user's ssh_config;
// `scripts` is the folder toolchain/remote.
// ERR_VERIFY when it is not an armhf Debian; ERR_NETWORK, with ssh's own words, when it cannot be
// reached or hangs up.
int board_ask(const char *host, const char *scripts, struct board_facts *out,
              struct err *err) ERR_MUST_CHECK;
void board_facts_release(struct board_facts *f);

// Chooses packages for `lock`, whose head is filled in: those of the recipe and every -dev package
// of the board, in the board's versions, and copies from the board what no mirror has. Copied
// packages are among the unpacked ones afterwards (sysroot/packages.h).
int board_import(const struct board_facts *f, const struct recipe *recipe,
                 const struct sysroot_build_options *o, struct lock *lock,
                 struct err *err) ERR_MUST_CHECK;

#endif
