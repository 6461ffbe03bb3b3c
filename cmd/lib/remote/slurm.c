// SPDX-License-Identifier: MIT
#include "remote/slurm.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/proc.h"
#include "base/str.h"

enum { DIGITS_MAX = 8, VALUE_MAX = 1 << 12, STATUS_MAX = 255, SIGNAL_MAX = 64, NO_OUTPUT = 53 };

// Reads a number at the start of a text; `rest` is what follows. Returns -1 when there is none, or
// it is more than `max`.
static long read_number(const char *text, long max, const char **rest)
{
    size_t n = strspn(text, "0123456789");
    *rest = text + n;
    if (n == 0 || n > DIGITS_MAX) {
        return -1;
    }
    long value = strtol(text, NULL, 10);
    return value <= max ? value : -1;
}

int slurm_read_id(const char *text, long *id, struct err *err)
{
    const char *rest;
    *id = read_number(text, SLURM_ID_MAX, &rest);
    if (*id < 1 || *rest) {
        return err_set(err, ERR_USAGE, "`%s` is not a job number", text);
    }
    return 0;
}

int slurm_read_answer(const char *line, long *id, struct err *err)
{
    const char *rest;
    *id = read_number(line, SLURM_ID_MAX, &rest);
    if (*id < 1 || (*rest && *rest != ';')) {
        return err_set(err, ERR_FAILED, "unexpected answer from sbatch: `%.80s`", line);
    }
    return 0;
}

// ExitCode=STATUS:SIGNAL
static void read_exit(const char *text, struct slurm_job *job)
{
    const char *rest;
    long status = read_number(text, STATUS_MAX, &rest);
    job->status = status < 0 ? 1 : (int)status;
    if (*rest == ':') {
        long sig = read_number(rest + 1, SIGNAL_MAX, &rest);
        job->sig = sig < 0 ? 0 : (int)sig;
    }
}

static char *take_value(struct slice value)
{
    if (value.n > VALUE_MAX) {
        value.n = VALUE_MAX;
    }
    char *text = slice_dup(value);
    for (char *c = text; *c; c++) { // it goes to a terminal
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
    return text;
}

static void take_word(struct slice word, struct slurm_job *job)
{
    const struct {
        const char *key;
        char **text;
    } known[] = {{"JobState", &job->state},  {"Reason", &job->reason},  {"RunTime", &job->time},
                 {"TimeLimit", &job->limit}, {"NodeList", &job->nodes}, {"BatchHost", &job->host}};
    struct slice key;
    struct slice value = word;

    if (!memchr(word.p, '=', word.n) || !slice_cut(&value, '=', &key)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (slice_is(key, known[i].key) && !*known[i].text) {
            *known[i].text = slice_is(value, "(null)") ? xstrdup("") : take_value(value);
        }
    }
    if (slice_is(key, "JobId") && job->id == 0) {
        _cleanup_free_ char *text = take_value(value);
        const char *rest;
        job->id = read_number(text, SLURM_ID_MAX, &rest);
    }
    if (slice_is(key, "ExitCode") && job->status < 0) {
        _cleanup_free_ char *text = take_value(value);
        read_exit(text, job);
    }
}

int slurm_read_job(const char *line, struct slurm_job *out, struct err *err)
{
    struct slice rest = {line, strlen(line)};
    struct slice word;

    *out = (struct slurm_job){.status = -1};
    while (slice_word(&rest, &word)) {
        take_word(word, out);
    }
    if (out->id < 1 || !out->state || !*out->state) {
        slurm_job_release(out);
        return err_set(err, ERR_FAILED, "unexpected answer from Slurm: `%.80s`", line);
    }
    char **texts[] = {&out->reason, &out->time, &out->limit, &out->nodes, &out->host};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        *texts[i] = *texts[i] ? *texts[i] : xstrdup("");
    }
    return 0;
}

void slurm_job_release(struct slurm_job *job)
{
    free(job->state);
    free(job->reason);
    free(job->time);
    free(job->limit);
    free(job->nodes);
    free(job->host);
    *job = (struct slurm_job){0};
}

bool slurm_job_is_ending(const struct slurm_job *job)
{
    return strcmp(job->state, "COMPLETING") == 0 && (job->status > 0 || job->sig > 0);
}

bool slurm_job_is_over(const struct slurm_job *job)
{
    static const char *const states[] = {"COMPLETED", "FAILED",        "CANCELLED", "TIMEOUT",
                                         "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE",
                                         "PREEMPTED", "REVOKED"};
    return str_is_one_of(job->state, states, ARRAY_SIZE(states));
}

// slurmstepd gives a job that signal as its end when it cannot open the file for its output.
bool slurm_job_has_no_folder(const struct slurm_job *job)
{
    return strcmp(job->state, "FAILED") == 0 && job->sig == NO_OUTPUT;
}

bool slurm_job_status(const struct slurm_job *job, int *status)
{
    static const char *const states[] = {"COMPLETED", "FAILED", "COMPLETING"};
    if (slurm_job_has_no_folder(job)) {
        return false;
    }
    *status = job->sig > 0 ? PROC_SIGNALED + job->sig : job->status;
    return job->status >= 0 && str_is_one_of(job->state, states, ARRAY_SIZE(states));
}
