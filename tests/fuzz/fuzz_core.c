// A core file that QEMU wrote, whole or not.

#include <sys/mman.h>

#include "base/fs.h"
#include "fuzz.h"
#include "target/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { CALLS = 16 };
    uint32_t calls[CALLS];
    struct core core;
    char path[64];
    struct err err = ERR_INIT;
    _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || fs_write_all(fd, data, size, &err) != 0) {
        return 0;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (core_read(path, &core, &err) == 0) {
        (void)core_find_calls(path, path, calls, CALLS);
        core_release(&core);
    }
    return 0;
}
