// SPDX-License-Identifier: MIT
// An object file, an archive of them, or a linked program, as the linker's check reads them; and
// bare build attributes.

#include <sys/mman.h>

#include "base/fs.h"
#include "fuzz.h"
#include "target/arm.h"
#include "target/elf_link.h"

static void on_object(void *user, const char *name, const struct elf_object *object)
{
    size_t *n = user;
    (void)name;
    *n += object->undefined.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_linked linked;
    struct arm_needs needs;
    struct err err = ERR_INIT;
    size_t n = 0;
    _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

    (void)!arm_parse_needs(data, size, &needs, &err);
    if (fd < 0 || fs_write_all(fd, data, size, &err) != 0) {
        return 0;
    }
    _cleanup_free_ char *path = xasprintf("/proc/self/fd/%d", fd);
    _cleanup_free_ char *id = NULL;
    const struct elf_object_reader reader = {.on_object = on_object, .user = &n, .symbols = true};
    (void)!elf_read_objects(path, &reader, &err);
    (void)!elf_build_id(path, &id, &err);
    if (elf_read_linked(path, &linked, &err) == 0) {
        elf_linked_release(&linked);
    }
    return 0;
}
