// SPDX-License-Identifier: MIT
#include "workspace/node_choice.h"

#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/ini.h"
#include "remote/fleet.h"
#include "remote/hostfile.h"
#include "workspace/cluster_choice.h"

#define CLUSTER_WORD "cluster"

int nodes_of_project(const struct workspace *w, struct remotes *out, struct err *err)
{
    const struct project *p = w->project;

    if (!w->project) {
        return 0;
    }
    if (p->nodes_file && hostfile_read(p->nodes_file, p->nodes_group, out, err) != 0) {
        return err_wrap(err, PROJECT_FILE ", [nodes]");
    }
    return project_nodes(p, out, err);
}

// --- --nodes -------------------------------------------------------------------------------------

static bool is_file(const char *path)
{
    return fs_exists(path) && !fs_is_dir(path);
}

// FILE or FILE:GROUP. False when there is no such file.
static bool split_file(const char *which, char **file, char **group)
{
    const char *colon = strrchr(which, ':');

    *file = xstrdup(which);
    *group = NULL;
    if (is_file(which)) {
        return true;
    }
    if (colon) {
        (*file)[colon - which] = '\0';
        *group = xstrdup(colon + 1);
    }
    return colon && is_file(*file);
}

// Cuts the part up to the next comma off the front; commas in brackets are a range's.
static char *cut_word(const char **rest)
{
    const char *end = *rest;
    for (bool inside = false; *end && (inside || *end != ','); end++) {
        inside = *end == '[' || (inside && *end != ']');
    }
    char *word = xstrndup(*rest, (size_t)(end - *rest));
    *rest = *end ? end + 1 : end;
    return word;
}

static size_t count_known(const struct remotes *known, const struct strv *names)
{
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++) {
        n += remotes_find(known, names->items[i]) ? 1 : 0;
    }
    return n;
}

// Cuts ":4", as mpirun's --host has it, off a name; 0: it has none. An address of IPv6 has more
// colons than one.
static long cut_slots(char *word)
{
    char *colon = strchr(word, ':');
    long slots = 0;
    struct err ignored = ERR_INIT;
    if (!colon || strchr(colon + 1, ':') ||
        ini_number("slots", colon + 1, 1, REMOTE_SLOTS_MAX, &slots, &ignored) != 0) {
        return 0;
    }
    *colon = '\0';
    return slots;
}

// A word is names of nodes, or hosts: one that is half known was misspelled.
static int add_word(const struct remotes *known, const char *word, struct remotes *out,
                    struct err *err)
{
    _cleanup_strv_ struct strv names = {0};

    if (remotes_expand(word, &names, err) != 0) {
        return -1;
    }
    if (count_known(known, &names) == 0) {
        return remotes_add(out, NULL, word, err);
    }
    for (size_t i = 0; i < names.n; i++) {
        const struct remote *n = remotes_find(known, names.items[i]);
        if (!n) {
            err_set(err, ERR_NOT_FOUND, "there is no node `%s`", names.items[i]);
            return err_hint(err, "`pisdk nodes list` lists them");
        }
        if (remotes_copy(out, n, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int choose_words(const struct workspace *w, const char *which, bool with_slots,
                        struct remotes *out, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};

    if (nodes_of_project(w, &known, err) != 0) {
        return -1;
    }
    const char *rest = which;
    do {
        _cleanup_free_ char *word = cut_word(&rest);
        long slots = with_slots ? cut_slots(word) : 0;
        struct remote *again = with_slots ? remotes_find(out, word) : NULL;
        size_t before = out->n;
        if (again) { // pi1,pi1 is pi1:2
            again->slots = (again->slots ? again->slots : 1) + (slots ? slots : 1);
        } else if (add_word(&known, word, out, err) != 0) {
            return err_wrap(err, "%s %s", with_slots ? "--host" : "--nodes", which);
        }
        for (size_t i = before; i < out->n && slots; i++) {
            out->items[i].slots = slots;
        }
    } while (*rest);
    return 0;
}

static int choose_given(const struct workspace *w, const char *which, bool with_slots,
                        struct remotes *out, struct err *err)
{
    _cleanup_free_ char *file = NULL;
    _cleanup_free_ char *group = NULL;

    if (!with_slots && split_file(which, &file, &group)) {
        return hostfile_read(file, group, out, err);
    }
    if (!with_slots && strchr(which, '/')) {
        return err_set(err, ERR_NOT_FOUND, "--nodes: no such file: %s", which);
    }
    return choose_words(w, which, with_slots, out, err);
}

// --- Places --------------------------------------------------------------------------------------

static int add_boards(const struct cluster *c, struct remotes *out, struct err *err)
{
    struct cluster_status status;
    int r = 0;

    if (cluster_get_status(c, &status, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < status.n && r == 0; i++) {
        r = remotes_add(out, NULL, status.boards[i].name, err);
        if (r == 0) {
            out->items[out->n - 1].slots = c->cores;
        }
    }
    cluster_status_release(&status);
    return r;
}

static int choose_cluster(const struct workspace *w, const char *name, struct remotes *out,
                          struct err *err)
{
    struct cluster c;

    if (cluster_choose(w, name, &c, err) != 0) {
        return -1;
    }
    out->ssh_config = fs_join(c.dir, "ssh_config");
    // All its boards share the desktop's processor: more logins at once only make each slower.
    out->at_once = 2 * (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    int r = add_boards(&c, out, err);
    cluster_release(&c);
    return r;
}

static int choose_nodes(const struct workspace *w, const struct nodes_request *request,
                        struct remotes *out, struct err *err)
{
    const char *which = request->nodes;
    const char *ssh_config = request->ssh_config;

    if (ssh_config && !is_file(ssh_config)) {
        return err_set(err, ERR_NOT_FOUND, "--ssh-config: no such file: %s", ssh_config);
    }
    if ((which ? choose_given(w, which, request->slots, out, err)
               : nodes_of_project(w, out, err)) != 0) {
        return -1;
    }
    if (out->n == 0) {
        err_set(err, ERR_NOT_FOUND, "%s%s", which ? "no nodes in " : "no nodes configured",
                which ? which : "");
        return err_hint(err, "pisdk nodes add pi@10.0.0.11, or --nodes pi@10.0.0.11");
    }
    out->ssh_config = ssh_config ? fs_absolute(ssh_config) : NULL;
    return 0;
}

int nodes_choose(const struct workspace *w, const char *where, const struct nodes_request *request,
                 struct remotes *out, struct err *err)
{
    *out = (struct remotes){.login_timeout = w->project ? (double)w->project->login_timeout : 0};
    if (!where || strcmp(where, "nodes") == 0) {
        return choose_nodes(w, request, out, err);
    }
    bool named = str_starts(where, CLUSTER_WORD ":");
    if (!named && strcmp(where, CLUSTER_WORD) != 0) {
        err_set(err, ERR_USAGE, "`%s` names no boards", where);
        return err_hint(err, "nodes, cluster, or cluster:NAME");
    }
    if (request->nodes || request->ssh_config) {
        return err_set(err, ERR_USAGE, "--nodes and --ssh-config are not for an emulated cluster");
    }
    return choose_cluster(w, named ? where + strlen(CLUSTER_WORD ":") : NULL, out, err);
}

int nodes_read_script(const struct workspace *w, const char *name, struct strbuf *out,
                      struct err *err)
{
    _cleanup_free_ char *folder = fs_join(w->paths->share, "toolchain/remote");
    return fleet_read_script(folder, name, out, err);
}
