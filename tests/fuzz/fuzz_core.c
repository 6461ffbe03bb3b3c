// SPDX-License-Identifier: MIT
// A core file that QEMU wrote, whole or not.

#include <unistd.h>

#include "base/fs.h"
#include "fuzz.h"
#include "target/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { CALLS = 16 };
    uint32_t calls[CALLS];
    struct core core;
    // Not /proc/self/fd, whose names are links, which core_read does not follow.
    char path[] = "/tmp/pisdk-fuzz-XXXXXX";
    struct err err = ERR_INIT;
    _cleanup_close_ int fd = mkstemp(path);

    if (fd < 0) {
        abort();
    }
    if (fs_write_all(fd, data, size, &err) == 0 && core_read(path, &core, &err) == 0) {
        (void)core_find_calls(path, path, calls, CALLS);
        core_release(&core);
    }
    unlink(path);
    return 0;
}
