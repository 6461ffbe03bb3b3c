// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "sandbox/internal.h"

#define BINFMT_MISC "/proc/sys/fs/binfmt_misc"

enum { ENTRY_MAX = 1 << 12 };

// The first 20 bytes of a 32-bit little-endian ARM executable (ET_EXEC, or ET_DYN through the
// mask), whatever its OS ABI and padding: System V ABI, ELF header; EM_ARM is 40.
#define MAGIC                                                                                      \
    "\\x7f\\x45\\x4c\\x46\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00"   \
    "\\x28\\x00"
#define MASK                                                                                       \
    "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xfe\\xff"   \
    "\\xff\\xff"

int binfmt_register(const char *place, const char *qemu, struct err *err)
{
    // P: the program keeps its argv[0]; F: the interpreter is opened now, so it works in any root.
    _cleanup_free_ char *line = xasprintf(":pisdk-arm:M::" MAGIC ":" MASK ":%s:PF", qemu);
    _cleanup_free_ char *file = fs_join(place, "register");
    _cleanup_close_ int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line)) {
        return err_sys(err, "cannot register %s in binfmt_misc", qemu);
    }
    return 0;
}

// An entry's file says: enabled, interpreter, flags, offset, magic, mask.
static bool is_arm_entry(const char *path, bool *fixed)
{
    static const char magic[] = "magic 7f454c460101010000000000000000000200"
                                "2800";
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    if (fs_read_file(path, ENTRY_MAX, &text, &ignored) != 0 || !text.data ||
        !str_starts(text.data, "enabled") || !strstr(text.data, magic)) {
        return false;
    }
    const char *flags = strstr(text.data, "flags: ");
    size_t n = flags ? strcspn(flags, "\n") : 0;
    *fixed = flags && memchr(flags + strlen("flags: "), 'F', n - strlen("flags: ")) != NULL;
    return true;
}

bool binfmt_host_has_arm(bool *fixed)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    *fixed = false;
    if (fs_list_dir(BINFMT_MISC, &names, &ignored) != 0) {
        return false;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(BINFMT_MISC, names.items[i]);
        if (strcmp(names.items[i], "register") != 0 && is_arm_entry(path, fixed)) {
            return true;
        }
    }
    return false;
}
