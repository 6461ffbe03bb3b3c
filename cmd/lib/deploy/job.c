// SPDX-License-Identifier: MIT
// What is done to one board, by all parts of a deploy.

#include "deploy/job.h"

#include <stdarg.h>
#include <string.h>

void job_command(struct job *j, size_t node, const char *fmt, ...)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    strbuf_adds(&text, "\n");
    fleet_send(j->fleet, node, text.data);
}

void job_fail(struct job *j, size_t node, enum err_code code, const char *fmt, ...)
{
    struct deploy_board *b = &j->boards[node];
    _cleanup_strbuf_ struct strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    err_set(&b->err, code, "%s", text.data);
    b->state = DEPLOY_FAILED;
}

static bool is_full(const char *text)
{
    return strstr(text, "No space left on device") || strstr(text, "Disk quota exceeded");
}

bool job_is_storage(const char *text)
{
    return is_full(text) || strstr(text, "Read-only file system") ||
           strstr(text, "Permission denied");
}

void job_fail_said(struct job *j, size_t node, const char *text)
{
    struct deploy_board *b = &j->boards[node];
    _cleanup_free_ char *host = remote_words(&j->o->nodes->items[node]);
    job_fail(j, node, ERR_FAILED, "%s", is_full(text) ? "its storage is full" : text);
    if (is_full(text)) {
        err_hint(&b->err, "free some space: ssh %s df -h", host);
    } else if (strstr(text, "Read-only file system")) {
        err_hint(&b->err, "a worn-out card becomes read-only: ssh %s dmesg", host);
    }
}

void job_switch(struct job *j, size_t node)
{
    job_command(j, node, "switch %s %zu %s", j->id, j->o->keep, j->o->date);
}
