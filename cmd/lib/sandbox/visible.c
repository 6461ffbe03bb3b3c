// SPDX-License-Identifier: MIT
#include "sandbox/visible.h"

#include <string.h>

#include "base/fs.h"

static bool is_below_any(const char *path, const char *const *folders, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fs_is_below(path, folders[i])) {
            return true;
        }
    }
    return false;
}

bool visible_is_boards_own(const char *path)
{
    static const char *const own[] = {"/bin",   "/boot", "/dev", "/etc",  "/lib", "/lib32",
                                      "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"};
    // Which it has not though they are in those: USB disks, and where people keep sources in
    // containers.
    static const char *const free_inside[] = {"/run/media", "/usr/src", "/usr/local/src"};
    return strcmp(path, "/") == 0 || strcmp(path, "/home") == 0 ||
           (is_below_any(path, own, ARRAY_SIZE(own)) &&
            !is_below_any(path, free_inside, ARRAY_SIZE(free_inside)));
}

bool visible_has(const struct strv *shown, const char *path)
{
    return is_below_any(path, (const char *const *)shown->items, shown->n);
}
