// SPDX-License-Identifier: MIT
// How a release on a board differs from what was deployed, in words.
//
// A board says it in lines (`differences` in toolchain/remote/deploy.sh): "c NAME", other content;
// "- KIND MODE NAME TARGET", what should be there; "+ KIND MODE NAME TARGET", what is. The text is
// foreign.
#ifndef PISDK_DEPLOY_DIFFERENCES_H
#define PISDK_DEPLOY_DIFFERENCES_H

#include "base/str.h"

struct difference {
    char *file; // as sha256sum(1) writes names
    char *what; // "has other content", "has mode 644 instead of 755", "is missing"
};

struct differences {
    struct difference *items;
    size_t n;
};

// One for each thing that differs, in the order of the lines; a line that cannot be is passed over.
void differences_read(const struct strv *lines, struct differences *out);
void differences_release(struct differences *d);

#endif
