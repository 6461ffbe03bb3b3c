#include "sysroot/source_build.h"
#include "sysroot/source_script.h"
int source_script_hash(const char *path, char out[HASH_HEX + 1], struct err *err)
{
    (void)path;
    (void)err;
    hash_bytes("", 0, out);
    return 0;
}
int source_build_all(const struct source_build_options *o, struct lock *lock, struct tree *tree,
                     bool *other_compiler, struct err *err)
{
    (void)o;
    (void)lock;
    (void)tree;
    (void)other_compiler;
    (void)err;
    return 0;
}
void source_build_key(const struct lock *lock, const struct package *p, char key[HASH_HEX + 1])
{
    (void)lock;
    (void)p;
    hash_bytes("", 0, key);
}
