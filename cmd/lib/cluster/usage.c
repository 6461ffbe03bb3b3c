#include "cluster/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

// The PID namespace of a process: "pid:[4026531836]".
static bool read_namespace(const struct supervisor *s, const char *pid, char *out, size_t size)
{
    char path[NAME_MAX + sizeof("/ns/pid")];
    snprintf(path, sizeof(path), "%s/ns/pid", pid);
    ssize_t n = readlinkat(s->proc, path, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

// Pages that no file is behind.
static unsigned long long read_memory(const struct supervisor *s, const char *pid)
{
    char path[NAME_MAX + sizeof("/statm")];
    char text[128] = "";
    char *at = text;

    snprintf(path, sizeof(path), "%s/statm", pid);
    _cleanup_close_ int fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        return 0;
    }
    strtoull(at, &at, 10); // all of its address space
    unsigned long long resident = strtoull(at, &at, 10);
    unsigned long long shared = strtoull(at, &at, 10);
    return resident > shared ? (resident - shared) * (unsigned long long)sysconf(_SC_PAGESIZE) : 0;
}

enum { NAMESPACE_MAX = 32 };
typedef char namespace_name[NAMESPACE_MAX];

static void count(const struct supervisor *s, const char *pid, const namespace_name *boards,
                  struct usage *usage)
{
    namespace_name name;
    if (!read_namespace(s, pid, name, sizeof(name))) {
        return;
    }
    for (size_t i = 0; i < s->o->boards; i++) {
        const struct node *node = &s->nodes[i];
        if (node->pid && strcmp(name, boards[i]) == 0) {
            if (strtol(pid, NULL, 10) != node->pid) {
                usage[i].processes++;
                usage[i].memory += read_memory(s, pid);
            }
            return;
        }
    }
}

struct usage *usage_read(const struct supervisor *s, struct err *err)
{
    int fd = openat(s->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        err_sys(err, "cannot list the cluster's processes");
        return NULL;
    }
    _cleanup_free_ namespace_name *boards = xcalloc(s->o->boards, sizeof(*boards));
    struct usage *usage = xcalloc(s->o->boards, sizeof(*usage));
    for (size_t i = 0; i < s->o->boards; i++) {
        char pid[16];
        snprintf(pid, sizeof(pid), "%d", (int)s->nodes[i].pid);
        (void)read_namespace(s, pid, boards[i], sizeof(boards[i]));
    }
    for (const struct dirent *e; (e = readdir(dir));) {
        if (isdigit((unsigned char)e->d_name[0])) {
            count(s, e->d_name, boards, usage);
        }
    }
    closedir(dir);
    return usage;
}
