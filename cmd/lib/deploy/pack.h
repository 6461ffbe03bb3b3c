// SPDX-License-Identifier: MIT
// What travels to the boards: all that makes a release of the one that is there, in pieces.
//
// Packs are kept in the cache, so that a deploy that was interrupted goes on with the same pieces.
#ifndef PISDK_DEPLOY_PACK_H
#define PISDK_DEPLOY_PACK_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

// A batch of rsync(1) is the difference to another release, of files as well; a tar(5) archive, for
// boards without rsync, is the whole release.
enum pack_kind { PACK_RSYNC, PACK_TAR };

enum { PACK_NAME = 16, PACK_PIECE = 1 << 20, PACK_PIECES = 256 };

// Large enough that starting the programs that take it in costs little on a small board, small
// enough that little is lost with one. They grow only when there would be more than PACK_PIECES.
struct pack_piece {
    char sha256[HASH_HEX + 1];
    uint64_t offset, size;
};

struct pack {
    enum pack_kind kind;
    char name[PACK_NAME + 1]; // after its content
    int fd;                   // of the file
    uint64_t size;
    struct pack_piece *pieces;
    size_t n;
};

// Runs rsync, tar or the like; what it says becomes a part of the error. ERR_NOT_FOUND with what to
// install, ERR_INTERRUPTED when it was asked to stop (base/proc.h).
int pack_run_tool(const struct strv *argv, struct err *err) ERR_MUST_CHECK;

// `dir` is where releases are kept (deploy/payload.h); `base` is one of them, or NULL: the boards
// have nothing that can be built upon. ERR_NOT_FOUND when rsync is not there.
int pack_make(const char *dir, const char *id, const char *base, enum pack_kind kind,
              struct pack *out, struct err *err) ERR_MUST_CHECK;
void pack_release(struct pack *p);

// The number of a piece; p->n when it is not in this pack.
size_t pack_find(const struct pack *p, const char *sha256);

#endif
