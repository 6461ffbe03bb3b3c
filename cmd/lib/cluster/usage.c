// SPDX-License-Identifier: MIT
#include "cluster/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

// The PID namespace of a process: "pid:[4026531836]".
static bool read_namespace(pid_t pid, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
    ssize_t n = readlink(path, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

enum { NAMESPACE_MAX = 32 };
typedef char namespace_name[NAMESPACE_MAX];

static void count(const struct supervisor *s, pid_t pid, const namespace_name *boards,
                  struct usage *usage)
{
    namespace_name name;
    if (!read_namespace(pid, name, sizeof(name))) {
        return;
    }
    for (size_t i = 0; i < s->o->boards; i++) {
        const struct node *node = &s->nodes[i];
        if (node->pid && strcmp(name, boards[i]) == 0) {
            if (pid != node->pid) {
                usage[i].processes++;
                usage[i].memory += proc_own_memory(pid);
            }
            return;
        }
    }
}

struct usage *usage_read(const struct supervisor *s, struct err *err)
{
    DIR *dir = opendir("/proc");
    if (!dir) {
        err_sys(err, "cannot list the cluster's processes");
        return NULL;
    }
    _cleanup_free_ namespace_name *boards = xcalloc(s->o->boards, sizeof(*boards));
    struct usage *usage = xcalloc(s->o->boards, sizeof(*usage));
    for (size_t i = 0; i < s->o->boards; i++) {
        (void)read_namespace(s->nodes[i].pid, boards[i], sizeof(boards[i]));
    }
    for (const struct dirent *e; (e = readdir(dir));) {
        if (isdigit((unsigned char)e->d_name[0])) {
            count(s, (pid_t)strtol(e->d_name, NULL, 10), boards, usage);
        }
    }
    closedir(dir);
    return usage;
}
