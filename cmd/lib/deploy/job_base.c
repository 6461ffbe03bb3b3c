// SPDX-License-Identifier: MIT
// What boards have to build upon.

#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "deploy/job.h"

enum { SAID_MAX = 1 << 14 };

static bool is_kept(const struct job *j, const char *id)
{
    _cleanup_free_ char *path = fs_join(j->o->cache, id);
    return fs_is_dir(path);
}

// A release of the board that is here as well, the current one first; else the current one; "" when
// it has none that can be built upon.
static const char *choose(const struct job *j, size_t node)
{
    const struct deploy_board *b = &j->boards[node];
    if (!j->stations[node].rsync || j->stations[node].differs) {
        return "";
    }
    if (b->current[0] && is_kept(j, b->current)) {
        return b->current;
    }
    for (size_t i = b->releases.n; i > 0; i--) {
        if (is_kept(j, b->releases.items[i - 1])) {
            return b->releases.items[i - 1];
        }
    }
    return b->current;
}

// The words of ssh as rsync wants them, which adds the host itself.
static void add_shell(const struct job *j, const struct remote *r, struct strbuf *out)
{
    _cleanup_strv_ struct strv ssh = {0};
    fleet_ssh_argv(j->o->nodes, r, &ssh);
    for (size_t i = 0; i < 2; i++) { // "--" and the host
        ssh.n--;
        free(TAKE_PTR(ssh.items[ssh.n]));
    }
    strbuf_add_quoted(out, ssh.items);
}

// "user@host:", with brackets around what has a colon of its own.
static char *rsync_host(const char *host)
{
    const char *at = strrchr(host, '@');
    const char *name = at ? at + 1 : host;
    return strchr(name, ':') ? xasprintf("%.*s[%s]", (int)(name - host), host, name)
                             : xstrdup(host);
}

// Fetches a release that was deployed from elsewhere from a board, as the difference to ours, and
// checks that it is what its name says.
static int fetch(struct job *j, size_t node, const char *id, struct err *err)
{
    const struct remote *r = &j->o->nodes->items[node];
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf said = {0};
    _cleanup_strbuf_ struct strbuf shell = {0};
    _cleanup_free_ char *place = fs_join(j->o->cache, id);
    _cleanup_free_ char *fresh = xasprintf("%s/.%s-%d", j->o->cache, id, (int)getpid());
    _cleanup_free_ char *host = rsync_host(r->host);
    const struct proc_capture capture = {
        .input = -1, .max = SAID_MAX, .out = &said, .errors = &said};
    struct err ignored = ERR_INIT;
    int status = 0;

    add_shell(j, r, &shell);
    strv_add_list(&argv, "rsync", "-rlpts", "--timeout=60", "--checksum", "-e", shell.data, NULL);
    strv_addf(&argv, "--copy-dest=%s/%s/", j->o->cache, j->id);
    strv_add(&argv, "--");
    strv_addf(&argv, "%s:%s/releases/%s/", host, j->stations[node].place, id);
    strv_addf(&argv, "%s/", fresh);
    int result = proc_capture(argv.items, &capture, &status, err);
    if (result == 0 && status != 0) {
        _cleanup_free_ char *last = str_last_line(said.data ? said.data : "");
        result = err_set(err, ERR_NETWORK, "cannot be fetched: %s", last);
    }
    result = result == 0 ? payload_check(fresh, id, err) : result;
    if (result == 0 && rename(fresh, place) != 0) {
        result = err_sys(err, "cannot write %s", place);
    }
    (void)!fs_remove_tree(fresh, &ignored);
    return result == 0 ? 0 : err_wrap(err, "release %s on %s", id, r->name);
}

const char *job_base_get(struct job *j, size_t node)
{
    const char *id = choose(j, node);
    struct err err = ERR_INIT;
    if (id[0] == '\0' || is_kept(j, id)) {
        return id;
    }
    if (strv_has(&j->lost_bases, id)) {
        return "";
    }
    if (fetch(j, node, id, &err) != 0) {
        log_debug(j->o->log, "%s", err.msg);
        strv_add(&j->lost_bases, id);
        return "";
    }
    return id;
}
