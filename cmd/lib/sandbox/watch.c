// SPDX-License-Identifier: MIT
#include "sandbox/watch.h"

#include <inttypes.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "sandbox/ranks.h"

enum {
    LOOK_MS = 100,
    GRACE_SECONDS = 2,
    PATIENCE_SECONDS = 5,
    STACKS_SECONDS = 15,
    PROC_FILE_MAX = 1 << 22,
    KB = 1024
};

// The number that follows `name` in a file of NAME=VALUE strings, each ended by a NUL; -1: none.
static int read_number(const struct strbuf *strings, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < strings->len; i += strlen(strings->data + i) + 1) {
        if (strncmp(strings->data + i, name, n) == 0) {
            return (int)strtol(strings->data + i + n, NULL, 10);
        }
    }
    return -1;
}

static bool read_proc(pid_t pid, const char *name, struct strbuf *out)
{
    _cleanup_free_ char *path = xasprintf("/proc/%d/%s", (int)pid, name);
    struct err ignored = ERR_INIT;
    return fs_read_file(path, PROC_FILE_MAX, out, &ignored) == 0 && out->data;
}

// Processes below the supervisor.
struct processes {
    pid_t *pids;
    size_t n;
};

static void add_children(struct processes *p, pid_t parent)
{
    _cleanup_free_ char *folder = xasprintf("/proc/%d/task", (int)parent);
    _cleanup_strv_ struct strv threads = {0};
    struct err ignored = ERR_INIT;

    if (fs_list_dir(folder, &threads, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < threads.n; i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s/children", folder, threads.items[i]);
        _cleanup_strbuf_ struct strbuf text = {0};
        if (fs_read_file(path, PROC_FILE_MAX, &text, &ignored) != 0 || !text.data) {
            continue;
        }
        for (char *at = text.data; *at;) {
            char *end;
            long pid = strtol(at, &end, 10);
            if (end == at) {
                break;
            }
            VEC_GROW(p->pids, p->n);
            p->pids[p->n++] = (pid_t)pid;
            at = end;
        }
    }
}

static void list_processes(struct processes *p)
{
    add_children(p, getpid());
    for (size_t i = 0; i < p->n; i++) {
        add_children(p, p->pids[i]);
    }
}

// Mappings that follow each other without a gap.
struct span {
    uint64_t start, end;
    uint64_t kb; // anonymous memory in it
    uint64_t pss;
};

// QEMU reserves all 4 GB of the program's address space in one piece (linux-user/main.c: for a
// 32-bit program reserved_va is all that it can address), and has its own things elsewhere: 5 MB
// for a static program, 18 MB for a rank of Open MPI, of which the translated code is most.
static bool is_of_the_program(const struct span *s)
{
    const uint64_t least = UINT64_C(0xf0000000);
    return s->end - s->start >= least;
}

// The anonymous memory of the program itself. Pages that a fork shares count in parts.
static uint64_t memory_of_program(pid_t pid)
{
    _cleanup_free_ char *path = xasprintf("/proc/%d/smaps", (int)pid);
    _cleanup_fclose_ FILE *f = fopen(path, "re");
    _cleanup_free_ char *line = NULL;
    struct span span = {0};
    size_t size = 0;

    while (f && getline(&line, &size, f) > 0) {
        uint64_t start;
        uint64_t end;
        uint64_t kb;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
            if (start != span.end && is_of_the_program(&span)) {
                break;
            }
            if (start != span.end) {
                span = (struct span){.start = start};
            }
            span.end = end;
        } else if (sscanf(line, "Pss: %" SCNu64, &span.pss) == 1) {
            continue;
        } else if (sscanf(line, "Anonymous: %" SCNu64, &kb) == 1) {
            span.kb += kb < span.pss ? kb : span.pss;
        }
    }
    return is_of_the_program(&span) ? span.kb * KB : proc_own_memory(pid);
}

// What is on the board's own tmpfs is memory, too.
static uint64_t memory_of_files(const struct sandbox *s)
{
    static const char *const places[] = {"/dev/shm", "/tmp"};
    uint64_t sum = 0;
    for (size_t i = 0; s->mode == SANDBOX_NAMESPACE && i < ARRAY_SIZE(places); i++) {
        struct statfs st;
        if (!strv_has(s->o->visible, places[i]) && statfs(places[i], &st) == 0) {
            sum += (uint64_t)(st.f_blocks - st.f_bfree) * (uint64_t)st.f_bsize;
        }
    }
    return sum;
}

// The name of the program that QEMU runs: QEMU [-0 NAME] PROGRAM …
static void name_of(pid_t pid, char *out, size_t size)
{
    _cleanup_strbuf_ struct strbuf words = {0};
    if (!read_proc(pid, "cmdline", &words)) {
        snprintf(out, size, "?");
        return;
    }
    const char *word = words.data;
    const char *end = words.data + words.len;
    const char *next = word + strlen(word) + 1;
    for (int skip = next < end && strcmp(next, "-0") == 0 ? 3 : 1; skip > 0 && next < end; skip--) {
        word = next;
        next = word + strlen(word) + 1;
    }
    snprintf(out, size, "%s", fs_base(word));
}

static void kill_largest(struct watch *w, const struct processes *p, const uint64_t *sizes,
                         uint64_t used)
{
    struct sandbox_outcome *outcome = w->s->outcome;
    _cleanup_strbuf_ struct strbuf env = {0};
    size_t largest = 0;

    for (size_t i = 1; i < p->n; i++) {
        largest = sizes[i] > sizes[largest] ? i : largest;
    }
    w->victim = p->pids[largest];
    if (!outcome->out_of_memory) {
        name_of(w->victim, outcome->victim, sizeof(outcome->victim));
        outcome->victim_bytes = sizes[largest];
        outcome->used_bytes = used;
        outcome->victim_rank = -1;
        if (read_proc(w->victim, "environ", &env)) {
            int open_mpi = read_number(&env, "OMPI_COMM_WORLD_RANK=");
            outcome->victim_rank = open_mpi >= 0 ? open_mpi : read_number(&env, "PMI_RANK=");
        }
        outcome->out_of_memory = true;
    }
    kill(w->victim, SIGKILL);
}

// Like the kernel when memory is full: the process that has most is killed.
static void check_memory(struct watch *w)
{
    struct processes p = {0};
    uint64_t used = memory_of_files(w->s);
    uint64_t limit = w->s->o->memory;

    list_processes(&p);
    // Never less than what counts, and quick to get: QEMU's own memory and pages that are shared
    // with a parent are in it.
    uint64_t at_most = used;
    for (size_t i = 0; i < p.n; i++) {
        uint64_t own = proc_own_memory(p.pids[i]);
        if (p.pids[i] == w->victim && own > 0) {
            at_most = 0; // one at a time: its memory is given back soon
            break;
        }
        at_most += own;
    }
    if (p.n > 0 && at_most > limit) {
        _cleanup_free_ uint64_t *sizes = xcalloc(p.n, sizeof(*sizes));
        for (size_t i = 0; i < p.n; i++) {
            sizes[i] = memory_of_program(p.pids[i]);
            used += sizes[i];
        }
        if (used > limit) {
            kill_largest(w, &p, sizes, used);
        }
    }
    free(p.pids);
}

// mpirun would end its ranks before they could write down where they are, so it is stopped first.
static void end_program(struct watch *w, int grace)
{
    const struct sandbox_options *o = w->s->o;
    if (o->stacks && o->run) {
        kill(w->program, SIGSTOP);
        w->stacks = ranks_abort(o->run, o->core_max) > 0;
    }
    w->kill_at = clock_seconds() + (w->stacks ? STACKS_SECONDS : grace);
    if (!w->stacks) {
        kill(w->program, SIGTERM);
        kill(w->program, SIGCONT);
    }
}

// False when everything has to end now.
static bool check_clock(struct watch *w)
{
    double now = clock_seconds();
    if (w->kill_at > 0) {
        return now < w->kill_at && !(w->stacks && ranks_count(w->s->o->run) == 0);
    }
    if (w->deadline > 0 && now >= w->deadline) {
        w->s->outcome->timed_out = true;
        end_program(w, GRACE_SECONDS);
    }
    return true;
}

// Ctrl-C: once, and ranks say where they are; twice, and everything ends at once. A signal to the
// process group comes here twice as well, by pisdk the second time.
static bool interrupt(void *user)
{
    static const double same = 0.3; // seconds
    struct watch *w = user;
    double now = clock_seconds();
    if (w->s->outcome->interrupted) {
        w->kill_at = now > w->asked + same ? now : w->kill_at;
    } else {
        w->s->outcome->interrupted = true;
        end_program(w, PATIENCE_SECONDS);
        w->asked = clock_seconds();
    }
    return true;
}

static bool check_limits(void *user)
{
    struct watch *w = user;
    if (w->s->o->mpirun && ranks_output_is_closed(w->s->o->run)) {
        w->s->outcome->output_closed = true;
        return false;
    }
    if (w->s->o->memory > 0) {
        check_memory(w);
    }
    return check_clock(w);
}

bool watch_interrupts(const struct sandbox *s)
{
    return s->o->stacks && s->o->run && s->mode == SANDBOX_NAMESPACE;
}

void watch_begin(struct watch *w, const struct sandbox *s, pid_t program)
{
    const struct sandbox_options *o = s->o;
    *w = (struct watch){.s = s, .program = program};
    w->deadline = o->timeout > 0 ? clock_seconds() + o->timeout : 0;
    bool interrupts = watch_interrupts(s);
    if (o->timeout > 0 || o->memory > 0 || o->mpirun || interrupts) {
        w->looks = (struct supervise_watch){.every_ms = LOOK_MS,
                                            .check = check_limits,
                                            .interrupt = interrupts ? interrupt : NULL,
                                            .user = w};
    }
}
