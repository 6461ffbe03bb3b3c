// SPDX-License-Identifier: MIT
#include "sandbox/ranks.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"

enum { ENVIRONMENT_MAX = 1 << 22 };

static bool has_variable(const struct strbuf *environment, const char *text, bool whole)
{
    for (size_t i = 0; i < environment->len; i += strlen(environment->data + i) + 1) {
        const char *found = environment->data + i;
        if (whole ? strcmp(found, text) == 0 : str_starts(found, text)) {
            return true;
        }
    }
    return false;
}

static bool is_of_run(const char *pid, const char *variable, bool ranks)
{
    _cleanup_free_ char *path = xasprintf("/proc/%s/environ", pid);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    return fs_read_file(path, ENVIRONMENT_MAX, &text, &ignored) == 0 && text.data &&
           has_variable(&text, variable, true) &&
           (!ranks || has_variable(&text, "OMPI_COMM_WORLD_RANK=", false) ||
            has_variable(&text, "PMI_RANK=", false));
}

// Calls `act` for each, and counts those for which it is true; NULL counts all.
static size_t for_processes(const char *run, bool ranks, uint64_t core_max,
                            bool (*act)(pid_t pid, uint64_t max))
{
    _cleanup_free_ char *variable = xasprintf("PISDK_RUN=%s", run);
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    size_t n = 0;
    if (fs_list_dir("/proc", &names, &ignored) != 0) {
        return 0;
    }
    for (size_t i = 0; i < names.n; i++) {
        const char *pid = names.items[i];
        if (!isdigit((unsigned char)pid[0]) || !is_of_run(pid, variable, ranks)) {
            continue;
        }
        n += !act || act((pid_t)strtol(pid, NULL, 10), core_max);
    }
    return n;
}

static bool abort_one(pid_t pid, uint64_t max)
{
    const struct rlimit limit = {max, max};
    (void)!prlimit(pid, RLIMIT_CORE, &limit, NULL);
    kill(pid, SIGQUIT);
    return true;
}

size_t ranks_abort(const char *run, uint64_t core_max)
{
    return for_processes(run, true, core_max, abort_one);
}

static bool kill_one(pid_t pid, uint64_t max)
{
    (void)max;
    kill(pid, SIGKILL);
    return true;
}

void ranks_sweep(const char *run)
{
    (void)for_processes(run, false, 0, kill_one);
}

static bool has_sigpipe(pid_t pid, uint64_t max)
{
    enum { HEX = 16 };
    _cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)pid);
    _cleanup_free_ char *pending = fs_read_field(path, "SigPnd");
    (void)max;
    return pending && strtoull(pending, NULL, HEX) >> (SIGPIPE - 1) & 1;
}

bool ranks_output_is_closed(const char *run)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) > 0 && out.revents & POLLERR &&
           for_processes(run, false, 0, has_sigpipe) > 0;
}

size_t ranks_count(const char *run)
{
    return for_processes(run, true, 0, NULL);
}
