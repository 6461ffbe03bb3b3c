// SPDX-License-Identifier: MIT
// What a board says that it has.

#include "base/str.h"
#include "deploy/abi.h"
#include "fuzz.h"

static void add_want(struct abi_needs *n, const char *library, const char *version)
{
    VEC_GROW(n->wants, n->n_wants);
    struct abi_want *w = &n->wants[n->n_wants++];
    *w = (struct abi_want){.library = xstrdup(library),
                           .version = version ? xstrdup(version) : NULL};
    strv_add_list(&w->files, "bin/heat", "lib/libown.so", NULL);
}

static void add_file(struct abi_needs *n, const char *path, const char *interpreter, unsigned arch)
{
    VEC_GROW(n->files, n->n_files);
    n->files[n->n_files++] = (struct abi_file){
        .path = xstrdup(path),
        .interpreter = interpreter ? xstrdup(interpreter) : NULL,
        .needs = {.arch = arch, .fp = arch / 2, .simd = arch / 4},
        .time64 = arch > 0,
        .time32 = arch == 0,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct abi_advice advice = {.boards = "/nowhere", .recipes = "/nowhere"};
    _cleanup_(abi_needs_release) struct abi_needs needs = {0};
    _cleanup_(abi_report_release) struct abi_report report = {0};
    struct err err = ERR_INIT;
    _cleanup_free_ char *text = xstrndup((const char *)data, size);

    add_want(&needs, "libc.so.6", NULL);
    add_want(&needs, "libc.so.6", "GLIBC_2.4");
    add_want(&needs, "libc.so.6", "GLIBC_2.34");
    add_want(&needs, "libmpi.so.40", NULL);
    add_want(&needs, "libz.so.1", NULL);
    add_file(&needs, "bin/heat", "/lib/ld-linux-armhf.so.3", 14);
    add_file(&needs, "lib/libown.so", NULL, 0);
    (void)!abi_compare(&needs, &advice, text, "pi1", "pi@pi1", &report, &err);
    return 0;
}
