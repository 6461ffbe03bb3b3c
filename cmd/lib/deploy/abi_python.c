// SPDX-License-Identifier: MIT
#include "deploy/abi_python.h"

#include <string.h>

#include "base/fs.h"

enum { MODULE_MAX = 256 << 20 };

// "kernel.cpython-311-arm-linux-gnueabihf.so" -> "3.11"; NULL where it is not such a name.
static char *version_of(const char *path)
{
    static const char mark[] = ".cpython-3";
    const char *tag = strstr(fs_base(path), mark);
    size_t digits = tag ? strspn(tag + strlen(mark), "0123456789") : 0;
    return digits > 0 && str_ends(path, ".so")
               ? xasprintf("3.%.*s", (int)digits, tag + strlen(mark))
               : NULL;
}

// It imports numpy's table of functions by name.
static bool uses_numpy(const char *path)
{
    static const char name[] = "_multiarray_umath";
    _cleanup_strbuf_ struct strbuf bytes = {0};
    struct err ignored = ERR_INIT;
    return fs_read_file(path, MODULE_MAX, &bytes, &ignored) == 0 && bytes.data &&
           memmem(bytes.data, bytes.len, name, strlen(name));
}

void abi_python_read(const struct payload_file *file, struct abi_python *out)
{
    _cleanup_free_ char *version = version_of(file->path);
    if (!version || (out->version && strcmp(version, out->version) != 0)) {
        return; // those for others are there for other boards
    }
    if (!out->version) {
        out->version = TAKE_PTR(version);
    }
    strv_add(&out->files, file->path);
    if (uses_numpy(file->source)) {
        strv_add(&out->numpy, file->path);
    }
}

void abi_python_release(struct abi_python *p)
{
    free(p->version);
    strv_release(&p->files);
    strv_release(&p->numpy);
}
