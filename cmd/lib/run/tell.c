// SPDX-License-Identifier: MIT
#include "run/tell.h"

#include <signal.h>

#include "base/signals.h"
#include "debug/crash.h"
#include "run/script.h"
#include "run/session.h"
#include "target/elf.h"

enum { KB = 1 << 10, MB = 1 << 20 };

// A program that was killed cannot say so itself; mpirun does it for its ranks.
static void tell_signal(const struct run *run, int status)
{
    int sig = status - PROC_SIGNALED;
    if (run_is_mpi(run) || sig <= 0 || sig >= NSIG || sig == SIGINT || sig == SIGTERM ||
        sig == SIGPIPE) {
        return;
    }
    const struct debug_subject subject = target_debug_subject(run->w, &run->target);
    crash_tell_signal(&subject, "the program", sig);
}

static void tell_memory(const struct run *run)
{
    const struct sandbox_outcome *n = &run->outcome;
    struct log *log = run->w->log;
    _cleanup_free_ char *rank =
        n->victim_rank < 0 ? xstrdup("") : xasprintf("rank %d, ", n->victim_rank);

    log_warning(log, "the board ran out of memory: `%s` (%s%llu MB) was killed; %s has %llu MB",
                n->victim, rank, (unsigned long long)n->victim_bytes / MB,
                run->request->memory != RUN_MEMORY_OF_BOARD ? "with --memory it"
                                                            : run->target.board.title,
                (unsigned long long)run->memory / MB);
    uint64_t enough = 1;
    while (enough * KB * MB < n->used_bytes + n->used_bytes / 4) {
        enough *= 2;
    }
    log_info(log, "hint: --memory %lluG", (unsigned long long)enough);
}

static void tell_lost(const struct run *run)
{
    const struct sandbox_outcome *n = &run->outcome;
    _cleanup_strbuf_ struct strbuf names = {0};
    if (n->lost == 0) {
        return;
    }
    for (unsigned i = 0; i < n->lost && i < SANDBOX_LOST_TOLD; i++) {
        strbuf_addf(&names, "%s%s", i > 0 ? ", " : "", n->lost_names[i]);
    }
    if (n->lost > SANDBOX_LOST_TOLD) {
        strbuf_addf(&names, " and %u more", n->lost - SANDBOX_LOST_TOLD);
    }
    log_warning(run->w->log, "lost with the emulated board: %s", names.data);
    log_info(run->w->log, "hint: files below %s are kept; --mount FOLDER adds another folder",
             run->visible.n ? run->visible.items[0] : run->cwd);
}

// MPI_Comm_spawn is said to have failed by Open MPI, but not why.
static void tell_spawn(const struct run *run, int status)
{
    struct elf_info info;
    struct err ignored = ERR_INIT;

    if (status == 0 || run_is_mpi(run) || run->outcome.mode != SANDBOX_PREFIX || run->in_sysroot ||
        elf_read(run->program, &info, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < info.needed.n; i++) {
        if (str_starts(info.needed.items[i], "libmpi.so")) {
            log_info(run->w->log,
                     "hint: in prefix mode, MPI_Comm_spawn works only with -n: try -n 1");
        }
    }
    elf_info_release(&info);
}

int run_tell(const struct run *run, time_t began, int status)
{
    size_t crashed = 0;

    tell_lost(run);
    if (run->outcome.output_closed) {
        return PROC_SIGNALED + SIGPIPE;
    }
    if (run_traces_crashes(run)) {
        const struct crash_search place = {.folder = run->cwd,
                                           .run = run->id,
                                           .began = (double)began,
                                           .keep = run->request->keep_core,
                                           .where = run_is_mpi(run) &&
                                                    (run->outcome.timed_out || run->outcome.signal),
                                           .tell = status != 0 && run->request->backtrace};
        const struct debug_subject subject = target_debug_subject(run->w, &run->target);
        crashed = crash_report(&subject, &place);
    }
    if (run->outcome.timed_out) {
        log_warning(run->w->log, "timed out after %g s: the program was ended", run->timeout);
        return RUN_TIMED_OUT;
    }
    if (run_is_mpi(run) && run->outcome.signal && status != 0) { // mpirun says 1 then
        return PROC_SIGNALED + run->outcome.signal;
    }
    if (run->outcome.out_of_memory) {
        tell_memory(run);
    } else if (crashed == 0) {
        tell_signal(run, status);
        tell_spawn(run, status);
        script_tell(run, status);
    }
    return status;
}
