// SPDX-License-Identifier: MIT
// An ELF file.

#include <sys/mman.h>

#include "base/fs.h"
#include "fuzz.h"
#include "target/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_info info;
    struct err err = ERR_INIT;
    _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd >= 0 && fs_write_all(fd, data, size, &err) == 0 && elf_read_fd(fd, &info, &err) == 0) {
        elf_info_release(&info);
    }
    return 0;
}
