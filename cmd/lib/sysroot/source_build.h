#ifndef PISDK_SYSROOT_SOURCE_BUILD_H
#define PISDK_SYSROOT_SOURCE_BUILD_H
#include "base/err.h"
#include "base/log.h"
#include "deb/lock.h"
#include "sysroot/tree.h"
struct source_build_options {
    const char *data, *cache, *scripts, *sysroot_dir;
    int root;
    struct log *log;
};
int source_build_all(const struct source_build_options *o, struct lock *lock, struct tree *tree,
                     bool *other_compiler, struct err *err) ERR_MUST_CHECK;
void source_build_key(const struct lock *lock, const struct package *p, char key[HASH_HEX + 1]);
#endif
