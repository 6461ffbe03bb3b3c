// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "remote/checkup_internal.h"

enum { SPACE_NEEDED = 100 * 1000 * 1000 };
static const double clock_tolerance = 2; // seconds

// --- A board by itself ---------------------------------------------------------------------------

static void check_answer(struct examination *e, size_t i)
{
    const struct err *why = &e->probe->boards[i].why;
    struct problem *p =
        problem_add(e, i, why->code == ERR_VERIFY ? "host-key" : "no-answer", "%s", why->msg);
    _cleanup_free_ char *ssh = problem_ssh(e, i);
    p->mend =
        why->hint[0] ? xstrdup(why->hint) : xasprintf("check that it is on, then try: %strue", ssh);
}

static void check_arch(struct examination *e, size_t i, const struct facts *f)
{
    if (f->arch && strcmp(f->arch, "armhf") != 0) {
        struct problem *p = problem_add(
            e, i, "arch", "its system is %s; pisdk's programs are armhf, 32-bit", f->arch);
        p->mend = xstrdup("write a 32-bit Raspberry Pi OS to its card");
    }
}

// A foreign path as a part of a command that somebody may copy.
static bool is_plain_path(const char *path)
{
    return path[strspn(path,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-")] ==
           '\0';
}

// The user's shell reads a file also when ssh starts it; in ~/.bashrc what is not in front may not
// be read, as Debian's returns early when nobody types.
static void mend_path(struct examination *e, struct problem *p, const struct facts *f)
{
    const char *slash = f->elsewhere ? strrchr(f->elsewhere, '/') : NULL;
    int n = slash ? (int)(slash - f->elsewhere) : 0;

    if (!slash) {
        problem_mend(e, p, "sudo apt install %s",
                     str_eq(f->mpi, "mpich") ? "mpich" : "openmpi-bin");
    } else if (!is_plain_path(f->elsewhere)) {
        p->mend = xstrdup("set PATH in the first line of its ~/.bashrc");
    } else if (f->shell && str_ends(f->shell, "/zsh")) {
        problem_mend(e, p, "\"echo 'export PATH=%.*s:\\$PATH' >> ~/.zshenv\"", n, f->elsewhere);
    } else {
        problem_mend(e, p, "\"sed -i '1i export PATH=%.*s:\\$PATH' ~/.bashrc\"", n, f->elsewhere);
    }
}

static void check_mpi(struct examination *e, size_t i, const struct facts *f)
{
    if (!f->mpi && !f->elsewhere) {
        struct problem *p = problem_add(e, i, "no-mpi", "it has no MPI: mpirun not found");
        problem_mend(e, p, "sudo apt install openmpi-bin");
    } else if (!f->mpi) {
        mend_path(e,
                  problem_add(e, i, "path",
                              "%s is installed, but not in the PATH of ssh commands: ~/.bashrc "
                              "returns early when not interactive",
                              f->elsewhere),
                  f);
    } else if (!f->daemon && strcmp(f->mpi, "other") != 0) {
        const char *name = strcmp(f->mpi, "mpich") == 0 ? "hydra_pmi_proxy" : "orted";
        struct problem *p =
            f->elsewhere
                ? problem_add(e, i, "path",
                              "%s, which mpirun starts by ssh, is not in the PATH of ssh "
                              "commands, but is %s: ~/.bashrc returns early when not interactive",
                              name, f->elsewhere)
                : problem_add(e, i, "path", "%s, which mpirun starts by ssh, is not in PATH", name);
        mend_path(e, p, f);
    }
}

static void check_clock(struct examination *e, size_t i, const struct facts *f)
{
    double off = f->clock_offset < 0 ? -f->clock_offset : f->clock_offset;
    char text[32];
    if (f->has_clock && off - f->clock_error > clock_tolerance) {
        struct problem *p =
            problem_add(e, i, "clock", "its clock is %s %s this machine's", str_seconds(text, off),
                        f->clock_offset > 0 ? "ahead of" : "behind");
        problem_mend(e, p, "sudo timedatectl set-ntp true");
    }
}

static void check_home(struct examination *e, size_t i, const struct facts *f)
{
    char size[32];
    if (f->has_space && f->free_space < SPACE_NEEDED) {
        struct problem *p =
            problem_add(e, i, "space", "its home has %s left", str_size(size, f->free_space));
        problem_mend(e, p, "'du -xh ~ | sort -h | tail'");
        if (f->free_space == 0) {
            return; // so nothing can be written
        }
    }
    if (!f->write_error) {
        return;
    }
    struct problem *p = problem_add(e, i, "home", "its home is not writable: %s", f->write_error);
    if (strstr(f->write_error, "Read-only")) {
        problem_mend(e, p, "sudo mount -o remount,rw /");
    } else if (strstr(f->write_error, "denied")) {
        problem_mend(e, p, "'sudo chown $USER ~'");
    }
}

static void check_rsync(struct examination *e, size_t i, const struct facts *f)
{
    if (!f->rsync) {
        struct problem *p =
            problem_add(e, i, "rsync", "it has no rsync: `pisdk deploy` sends whole files");
        p->note = true;
        problem_mend(e, p, "sudo apt install rsync");
    }
}

// --- All of it -----------------------------------------------------------------------------------

// Boards in their order, notes last.
static int by_node(const void *a, const void *b)
{
    const struct problem *x = a;
    const struct problem *y = b;
    if (x->node != y->node) {
        return x->node < y->node ? -1 : 1;
    }
    int order = x->note != y->note ? x->note - y->note : strcmp(x->kind, y->kind);
    return order ? order : strcmp(x->what, y->what);
}

void checkup_run(const struct remotes *nodes, const struct probe *probe, struct checkup *out)
{
    struct examination e = {nodes, probe, out};
    *out = (struct checkup){0};
    for (size_t i = 0; i < probe->n; i++) {
        const struct facts *f = &probe->boards[i].facts;
        if (!probe->boards[i].answered) {
            check_answer(&e, i);
            continue;
        }
        check_arch(&e, i, f);
        check_mpi(&e, i, f);
        check_clock(&e, i, f);
        check_home(&e, i, f);
        check_rsync(&e, i, f);
    }
    checkup_compare(&e);
    checkup_network(&e);
    if (out->n > 0) {
        qsort(out->items, out->n, sizeof(*out->items), by_node);
    }
}

size_t checkup_count(const struct checkup *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += !c->items[i].note;
    }
    return n;
}

void checkup_release(struct checkup *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->items[i].what);
        free(c->items[i].mend);
    }
    free(c->items);
    *c = (struct checkup){0};
}
