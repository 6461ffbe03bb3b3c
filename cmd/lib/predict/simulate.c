// SPDX-License-Identifier: MIT
#include "predict/simulate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "predict/platform.h"
#include "target/elf.h"
#include "trace/summary.h"

enum { OUTPUT_MAX = 4 << 20, FILE_MAX = 64 << 20, KB = 1024, SHOWN = 200 };

#define SECOND 1e9

// --- What it is run with -------------------------------------------------------------------------

static int write_files(const struct simulation *s, long boards, struct err *err)
{
    _cleanup_free_ char *platform = fs_join(s->folder, "platform.xml");
    _cleanup_free_ char *hosts = fs_join(s->folder, "hosts");
    _cleanup_strbuf_ struct strbuf xml = {0};
    _cleanup_strbuf_ struct strbuf list = {0};
    platform_format(s->figures, s->speed, boards, &xml);
    platform_format_hosts(boards, s->ranks_per_board, &list);
    return fs_write_file(platform, xml.data, xml.len, 0644, err) == 0
               ? fs_write_file(hosts, list.data, list.len, 0644, err)
               : -1;
}

// Libraries with variables that each rank has for itself: those of the project, which are looked
// for by a path, and Fortran's, which has the open files.
static void add_libraries(const struct simulation *s, struct strv *argv)
{
    _cleanup_strbuf_ struct strbuf list = {0};
    struct elf_info info = {0};
    struct err ignored = ERR_INIT;
    if (elf_read(s->program, &info, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < info.needed.n; i++) {
        struct slice rest = {info.runpath, info.runpath ? strlen(info.runpath) : 0};
        struct slice folder;
        bool own = str_starts(info.needed.items[i], "libgfortran.");
        while (!own && slice_cut(&rest, ':', &folder)) {
            _cleanup_free_ char *place = slice_dup(folder);
            _cleanup_free_ char *path = fs_join(place, info.needed.items[i]);
            own = fs_exists(path) && !str_starts(path, "/usr/");
        }
        if (own) {
            strbuf_addf(&list, "%s%s", list.len ? ";" : "", info.needed.items[i]);
        }
    }
    elf_info_release(&info);
    if (list.len) {
        strv_addf(argv, "--cfg=smpi/privatize-libs:%s", list.data);
    }
}

// Those that go as Open MPI's do. All but bcast: SimGrid 3.32's own work for that one (each new
// communicator does one) is counted as the program's, half a second for 64 ranks.
static const char *const collectives[] = {"allgather",      "allgatherv", "allreduce", "alltoall",
                                          "alltoallv",      "barrier",    "gather",    "reduce",
                                          "reduce_scatter", "scatter"};

static void make_argv(const struct simulation *s, long boards, struct strv *argv)
{
    strv_add_list(argv, "smpirun", "-quiet", "-np", NULL);
    strv_addf(argv, "%ld", boards * s->ranks_per_board);
    strv_add(argv, "-platform");
    strv_addf(argv, "%s/platform.xml", s->folder);
    strv_add(argv, "-hostfile");
    strv_addf(argv, "%s/hosts", s->folder);
    strv_addf(argv, "--cfg=smpi/tmpdir:%s", s->folder);
    strv_addf(argv, "--cfg=smpi/host-speed:%.0ff", PLATFORM_DESKTOP_SPEED);
    // Latency and bandwidth are what MPI measures, so nothing is to be taken off; the rest is what
    // Open MPI 4.1 does over TCP: messages up to 64 KB are sent without waiting for the receiver.
    strv_add_list(argv, "--cfg=smpi/lat-factor:0:1", "--cfg=smpi/bw-factor:0:1",
                  "--cfg=network/weight-S:0", "--cfg=smpi/async-small-thresh:65536",
                  "--cfg=smpi/send-is-detached-thresh:65536", "--log=root.thres:critical", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(collectives); i++) {
        strv_addf(argv, "--cfg=smpi/%s:ompi", collectives[i]);
    }
    add_libraries(s, argv);
    strv_add(argv, s->program);
    strv_add_all(argv, s->args->items);
}

static void make_environment(const struct simulation *s, const char *trace, struct strv *env)
{
    for (size_t i = 0; s->environment && i < s->environment->n; i++) {
        if (strchr(s->environment->items[i], '=')) { // all others are our own
            strv_add(env, s->environment->items[i]);
        }
    }
    strv_addf(env, "PISDK_TRACE_DIR=%s", trace);
    if (!s->trace) {
        strv_add(env, "PISDK_TRACE_EVENTS=0");
    }
    if (!strv_assigns(env, "OMP_NUM_THREADS=")) {
        strv_add(env, "OMP_NUM_THREADS=1"); // only ranks are simulated
    }
    for (char **v = environ; *v; v++) {
        if (!strv_assigns(env, *v)) {
            strv_add(env, *v);
        }
    }
}

// All ranks are in one process here: when they want more than there is, the program is to be told,
// and not the desktop to be brought to a halt.
static void limit_memory(void *user)
{
    const struct rlimit limit = {*(const rlim_t *)user, *(const rlim_t *)user};
    (void)!setrlimit(RLIMIT_DATA, &limit);
}

static rlim_t available_memory(void)
{
    _cleanup_free_ char *kilobytes = fs_read_field("/proc/meminfo", "MemAvailable");
    return kilobytes ? strtoull(kilobytes, NULL, 10) * KB : RLIM_INFINITY;
}

// --- What went wrong -----------------------------------------------------------------------------

// The rest of the line behind a mark, NULL: it is not there. The caller frees it.
static char *behind(const char *text, const char *mark)
{
    const char *at = text ? strstr(text, mark) : NULL;
    return at ? xstrndup(at + strlen(mark), strcspn(at + strlen(mark), "\n")) : NULL;
}

// What the program printed last, on its standard error or else elsewhere: what smpirun adds is not
// of interest. The caller frees it.
static char *last_words(const char *errors, const char *output)
{
    const char *end = strstr(errors, "Execution failed with code");
    _cleanup_free_ char *own = end ? xstrndup(errors, (size_t)(end - errors)) : xstrdup(errors);
    char *last = str_last_line(own);
    if (*last) {
        return last;
    }
    free(last);
    end = strstr(output, "Execution failed with code");
    _cleanup_free_ char *printed = end ? xstrndup(output, (size_t)(end - output)) : xstrdup(output);
    return str_last_line(printed);
}

static int explain(const struct strbuf *out, const struct strbuf *errors, long ranks, int status,
                   struct err *err)
{
    const char *said = errors->data ? errors->data : "";
    _cleanup_free_ char *calls = behind(said, "pisdk: ");
    _cleanup_free_ char *missing = behind(said, "Not yet implemented");
    _cleanup_free_ char *last = last_words(said, out->data ? out->data : "");
    char memory[32];
    if (calls && strstr(calls, " calls ")) {
        err_set(err, ERR_UNSUPPORTED, "%s, which a simulation cannot follow", calls);
        return err_hint(err, "pisdk run --on cluster runs it on emulated boards");
    }
    const char *name = missing ? strstr(missing, "MPI_") : NULL;
    if (name) {
        return err_set(err, ERR_UNSUPPORTED, "SimGrid has no %.*s, which the program calls",
                       (int)strcspn(name, ". \n"), name);
    }
    if (strstr(said, "bad_alloc") || strstr(said, "Cannot allocate memory") ||
        strstr(said, "Failed to allocate")) {
        err_set(err, ERR_FAILED, "%ld ranks need more memory than this desktop has free (%s)",
                ranks, str_size(memory, available_memory()));
        return err_hint(err, "fewer boards, or a smaller problem");
    }
    return err_set(err, ERR_FAILED, "with %ld ranks, the program failed (status %d)%s%.*s", ranks,
                   status, *last ? ": " : "", SHOWN, last);
}

// --- What it says --------------------------------------------------------------------------------

static bool is_received(unsigned call)
{
    return call == TRACE_Recv || call == TRACE_Irecv || call == TRACE_Probe ||
           call == TRACE_Iprobe || call >= TRACE_File_open;
}

// A rank that never got to MPI_Finalize: SimGrid itself takes a deadlock for an end like others.
// It may do so after MPI_Abort, too, at which the others wait for somebody.
static int check_ended(const struct trace *t, struct err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->ranks[i].recorded && !t->ranks[i].ended && t->ranks[i].inside == TRACE_Abort) {
            return err_set(err, ERR_FAILED,
                           "with %zu ranks, the program failed: rank %zu calls MPI_Abort", t->n, i);
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_rank *r = &t->ranks[i];
        if (r->ended) {
            continue;
        }
        return r->recorded && r->inside >= 0
                   ? err_set(err, ERR_FAILED,
                             "with %zu ranks, the program waits forever: rank %zu is in MPI_%s",
                             t->n, i, trace_call_name((unsigned)r->inside))
                   : err_set(err, ERR_FAILED,
                             "with %zu ranks, the program failed: rank %zu never calls "
                             "MPI_Finalize",
                             t->n, i);
    }
    return 0;
}

static int read_result(const char *folder, struct prediction *out, struct err *err)
{
    struct trace trace;
    struct trace_summary sum;
    if (trace_read(folder, &trace, err) != 0) {
        if (err->code != ERR_NOT_FOUND) {
            return -1;
        }
        err_set(err, ERR_FAILED, "the program does not use MPI: it never calls MPI_Init");
        return err_hint(err, "pisdk predict is for MPI programs in C, C++ and Fortran");
    }
    if (check_ended(&trace, err) != 0) {
        trace_release(&trace);
        return -1;
    }
    trace_analyse(&trace);
    trace_sum_up(&trace, &sum);
    out->seconds = (double)(trace.end - trace.begin) / SECOND;
    out->communicating = sum.all > 0 ? (double)sum.mpi / (double)sum.all : 0;
    for (size_t i = 0; i < sum.n_calls; i++) {
        out->sent += is_received(sum.calls[i].call) ? 0 : sum.calls[i].bytes;
    }
    for (size_t i = 0; i < trace.n; i++) {
        out->any_source += trace.ranks[i].any_source;
    }
    trace_summary_release(&sum);
    trace_release(&trace);
    return 0;
}

// By what it is linked with.
static void look_at(const char *program, struct prediction *out)
{
    _cleanup_strbuf_ struct strbuf bytes = {0};
    struct err ignored = ERR_INIT;
    static const char *const threads[] = {"GOMP_parallel", "pthread_create", "thrd_create"};
    if (fs_read_file(program, FILE_MAX, &bytes, &ignored) != 0 || !bytes.data) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        out->has_threads =
            out->has_threads || memmem(bytes.data, bytes.len, threads[i], strlen(threads[i]));
    }
}

static int run(const struct simulation *s, long boards, const char *trace, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv env = {0};
    _cleanup_strbuf_ struct strbuf out = {0};
    _cleanup_strbuf_ struct strbuf errors = {0};
    rlim_t memory = available_memory();
    const struct proc_context place = {.env = &env, .enter = limit_memory, .user = &memory};
    const struct proc_capture capture = {.input = -1,
                                         .max = OUTPUT_MAX,
                                         .out = s->shows_output ? NULL : &out,
                                         .errors = &errors,
                                         .place = &place};
    int status;

    make_argv(s, boards, &argv);
    make_environment(s, trace, &env);
    _cleanup_free_ char *line = strv_join(&argv, " ");
    log_debug(s->log, "%s", line);
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return -1;
    }
    return status == 0 ? 0 : explain(&out, &errors, boards * s->ranks_per_board, status, err);
}

int simulate(const struct simulation *s, long boards, struct prediction *out, struct err *err)
{
    long ranks = boards * s->ranks_per_board;
    _cleanup_free_ char *totals = fs_join(s->folder, "trace");
    _cleanup_free_ char *task = xasprintf("simulating %ld board%s, %ld rank%s", boards,
                                          boards == 1 ? "" : "s", ranks, ranks == 1 ? "" : "s");
    const char *trace = s->trace ? s->trace : totals;
    struct err ignored = ERR_INIT;
    *out = (struct prediction){.boards = boards, .ranks = ranks};
    if (fs_mkdir_all(totals, 0755, err) != 0 || write_files(s, boards, err) != 0) {
        return -1;
    }
    log_working(s->log, task);
    int r = run(s, boards, trace, err);
    log_working(s->log, NULL);
    r = r == 0 ? read_result(trace, out, err) : r;
    look_at(s->program, out);
    (void)!fs_remove_tree(s->folder, &ignored);
    return r;
}
