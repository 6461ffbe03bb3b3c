// SPDX-License-Identifier: MIT
#include "cluster/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "base/proc.h"
#include "cluster/node.h"

// Boards that are on, in two orders: by their PID namespace, and by their process 1.
struct index {
    struct node **by_namespace, **by_pid;
    size_t n;
};

static int compare_namespaces(const void *a, const void *b)
{
    ino_t x = (*(struct node *const *)a)->namespace;
    ino_t y = (*(struct node *const *)b)->namespace;
    return (x > y) - (x < y);
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = (*(struct node *const *)a)->pid;
    pid_t y = (*(struct node *const *)b)->pid;
    return (x > y) - (x < y);
}

static void make_index(const struct supervisor *s, struct index *out)
{
    *out = (struct index){xcalloc(s->o->boards, sizeof(struct node *)),
                          xcalloc(s->o->boards, sizeof(struct node *)), 0};
    for (size_t i = 0; i < s->o->boards; i++) {
        struct node *node = &s->nodes[i];
        if (node->pid) {
            out->by_namespace[out->n] = node;
            out->by_pid[out->n++] = node;
        }
    }
    qsort(out->by_namespace, out->n, sizeof(struct node *), compare_namespaces);
    qsort(out->by_pid, out->n, sizeof(struct node *), compare_pids);
}

// The board that has this process, which is not its process 1; or NULL.
static const struct node *find(const struct index *index, pid_t pid)
{
    struct node key = {.pid = pid};
    struct node *const pointer = &key;
    if (bsearch(&pointer, index->by_pid, index->n, sizeof(struct node *), compare_pids)) {
        return NULL;
    }
    key.namespace = node_namespace(pid);
    struct node *const *found =
        bsearch(&pointer, index->by_namespace, index->n, sizeof(struct node *), compare_namespaces);
    return found ? *found : NULL;
}

struct usage *usage_read(const struct supervisor *s, struct err *err)
{
    DIR *dir = opendir("/proc");
    struct index index;
    if (!dir) {
        err_sys(err, "cannot list the cluster's processes");
        return NULL;
    }
    make_index(s, &index);
    struct usage *usage = xcalloc(s->o->boards, sizeof(*usage));
    for (const struct dirent *e; (e = readdir(dir));) {
        pid_t pid = isdigit((unsigned char)e->d_name[0]) ? (pid_t)strtol(e->d_name, NULL, 10) : 0;
        const struct node *node = pid ? find(&index, pid) : NULL;
        if (node) {
            usage[node - s->nodes].processes++;
            usage[node - s->nodes].memory += proc_own_memory(pid);
        }
    }
    closedir(dir);
    free(index.by_namespace);
    free(index.by_pid);
    return usage;
}
