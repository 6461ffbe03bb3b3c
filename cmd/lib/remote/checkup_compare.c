// SPDX-License-Identifier: MIT
// Boards that are not alike.

#include <stdlib.h>
#include <string.h>

#include "remote/checkup_internal.h"

// A text of each board; those that did not answer, or do not know, have NULL.
static char **collect(const struct examination *e, char *(*get)(const struct facts *f))
{
    char **values = xcalloc(e->probe->n + 1, sizeof(*values));
    for (size_t i = 0; i < e->probe->n; i++) {
        values[i] = e->probe->boards[i].answered ? get(&e->probe->boards[i].facts) : NULL;
    }
    return values;
}

static void release(const struct examination *e, char **values)
{
    for (size_t i = 0; i < e->probe->n; i++) {
        free(values[i]);
    }
    free(values);
}

// The board whose value most have; of several such the first. n: no board has one.
static size_t most_common(char *const *values, size_t n)
{
    size_t best = n;
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        for (size_t k = 0; values[i] && k < n; k++) {
            count += str_eq(values[i], values[k]);
        }
        if (count > most) {
            most = count;
            best = i;
        }
    }
    return best;
}

// --- What should be the same ---------------------------------------------------------------------

static char *get_system(const struct facts *f)
{
    if (!f->release && !f->version) {
        return NULL;
    }
    const char *name = f->release ? f->release : f->version;
    return f->time_bits ? xasprintf("%s with %d-bit time_t", name, f->time_bits) : xstrdup(name);
}

static char *get_mpi(const struct facts *f)
{
    return f->mpi ? xasprintf("%s %s", f->mpi, f->mpi_version ? f->mpi_version : "") : NULL;
}

static char *get_user(const struct facts *f)
{
    return f->user && f->home ? xasprintf("%s in %s", f->user, f->home) : NULL;
}

static void mend_system(struct examination *e, struct problem *p, size_t like)
{
    p->mend = xasprintf("write the image of %s to its card", e->nodes->items[like].name);
}

static void mend_user(struct examination *e, struct problem *p, size_t like)
{
    p->mend =
        xasprintf("log in as on %s: host = USER@HOST in pisdk.ini", e->nodes->items[like].name);
}

static void mend_mpi(struct examination *e, struct problem *p, size_t like)
{
    const struct facts *ours = &e->probe->boards[p->node].facts;
    const struct facts *theirs = &e->probe->boards[like].facts;
    if (!str_eq(ours->release, theirs->release)) {
        p->mend = xasprintf("the same system as %s has", e->nodes->items[like].name);
    } else if (str_eq(theirs->mpi, "mpich") || str_eq(theirs->mpi, "openmpi")) {
        bool mpich = str_eq(theirs->mpi, "mpich");
        if (str_eq(ours->mpi, theirs->mpi)) {
            problem_mend(e, p, "'sudo apt update && sudo apt install %s'",
                         mpich ? "mpich" : "openmpi-bin");
        } else {
            problem_mend(e, p,
                         "'sudo apt install %s && sudo update-alternatives --set mpirun "
                         "/usr/bin/mpirun.%s'",
                         mpich ? "mpich" : "openmpi-bin", theirs->mpi);
        }
    }
}

static void compare(struct examination *e, const char *kind, const char *what,
                    char *(*get)(const struct facts *f),
                    void (*mend)(struct examination *e, struct problem *p, size_t like))
{
    size_t n = e->probe->n;
    char **values = collect(e, get);
    size_t like = most_common(values, n);
    for (size_t i = 0; i < n; i++) {
        if (values[i] && !str_eq(values[i], values[like])) {
            struct problem *p = problem_add(e, i, kind, "%s %s; %s has %s", what, values[i],
                                            e->nodes->items[like].name, values[like]);
            mend(e, p, like);
        }
    }
    release(e, values);
}

// --- What should not -----------------------------------------------------------------------------

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

// A name that a board may get: a node's, when it is one.
static const char *new_name(const char *name)
{
    bool plain = name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
    return plain ? name : "NEW-NAME";
}

static void check_twin(struct examination *e, size_t i, size_t other)
{
    const struct facts *ours = &e->probe->boards[i].facts;
    const struct facts *theirs = &e->probe->boards[other].facts;
    const char *name = e->nodes->items[i].name;
    const char *other_name = e->nodes->items[other].name;
    bool same_key = same(ours->host_key, theirs->host_key);

    if (same_key && same(ours->boot, theirs->boot)) {
        struct problem *p =
            problem_add(e, i, "same-board", "it is %s, by another name", other_name);
        p->mend = xasprintf("pisdk nodes remove %s", name);
        return;
    }
    struct problem *p =
        problem_add(e, i, "same-name", "it has the same host name as %s (%s)%s", other_name,
                    ours->hostname, same_key ? ": their cards are copies of the same one" : "");
    if (same_key) {
        problem_mend(e, p,
                     "'sudo hostnamectl set-hostname %s && sudo rm /etc/ssh/ssh_host_* && "
                     "sudo dpkg-reconfigure openssh-server && sudo reboot'",
                     new_name(name));
    } else {
        problem_mend(e, p, "sudo hostnamectl set-hostname %s", new_name(name));
    }
}

static void check_twins(struct examination *e)
{
    const struct probed *b = e->probe->boards;
    for (size_t i = 0; i < e->probe->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (same(b[i].facts.hostname, b[k].facts.hostname)) {
                check_twin(e, i, k);
                break;
            }
        }
    }
}

void checkup_compare(struct examination *e)
{
    compare(e, "system", "it has", get_system, mend_system);
    compare(e, "mpi", "it has", get_mpi, mend_mpi);
    compare(e, "user", "ssh logs in as", get_user, mend_user);
    check_twins(e);
}
