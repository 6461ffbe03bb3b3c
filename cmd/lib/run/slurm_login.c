// SPDX-License-Identifier: MIT
#include "run/slurm_login.h"

#include <string.h>

#include "base/fs.h"
#include "remote/fleet.h"
#include "workspace/node_choice.h"

// Without nodes of its own, a project can have a login node.
static int choose_nodes(const struct workspace *w, const struct nodes_request *request, bool needed,
                        struct remotes *out, struct err *err)
{
    const char *ssh_config = request->ssh_config;
    bool known = w->project->slurm_local || request->nodes || w->project->n_nodes > 0 ||
                 w->project->nodes_file || (ssh_config && !fs_exists(ssh_config));
    if (known) {
        return nodes_choose(w, NULL, request, out, err);
    }
    if (needed) {
        err_set(err, ERR_NOT_FOUND, "no login node of Slurm is set");
        return err_hint(err, "`host` in [slurm] of " PROJECT_FILE ", or --host pi@login");
    }
    *out = (struct remotes){.ssh_config = ssh_config ? fs_absolute(ssh_config) : NULL};
    return 0;
}

static int choose_login(struct slurm_login *p, const char *host, struct err *err)
{
    const struct remote *node = host ? remotes_find(&p->nodes, host) : p->nodes.items;
    if (node ? remotes_copy(&p->node, node, err) != 0
             : remotes_add(&p->node, NULL, host, err) != 0) {
        return -1;
    }
    return p->node.n == 1 ? 0 : err_set(err, ERR_USAGE, "`%s` is more than one login node", host);
}

int slurm_login_choose(const struct workspace *w, const struct slurm_request *request,
                       struct slurm_login *out, struct err *err)
{
    const struct project *p = w->project;

    *out = (struct slurm_login){0};
    if (!p) {
        return err_set(err, ERR_USAGE, "not in a project");
    }
    const char *host = request->host ? request->host : p->slurm_host;
    if (choose_nodes(w, &request->nodes, !host, &out->nodes, err) != 0) {
        return -1;
    }
    if (choose_login(out, host, err) != 0) {
        return -1;
    }
    out->node.ssh_config = out->nodes.ssh_config ? xstrdup(out->nodes.ssh_config) : NULL;
    out->node.folder = p->slurm_folder ? xstrdup(p->slurm_folder) : NULL;
    return 0;
}

void slurm_login_release(struct slurm_login *login)
{
    remotes_release(&login->node);
    remotes_release(&login->nodes);
}

// --- Questions -----------------------------------------------------------------------------------

int slurm_missing(const struct slurm_login *login, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "%s has no Slurm: sbatch not found", login->node.items[0].name);
    return err_hint(err,
                    "`host` in [slurm] of " PROJECT_FILE " names the node to submit jobs from");
}

void slurm_note_error(char **said, const char *line)
{
    static const char error[] = ": error: ";
    const char *at = strstr(line, error);
    if (at || !*said) {
        free(*said);
        *said = xstrdup(at ? at + strlen(error) : line);
    }
}

static void take_lines(const struct strbuf *text, const char *mark, struct strv *lines)
{
    struct slice rest = {text->data, text->len};
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *one = slice_dup(line);
        if (str_starts(one, mark)) {
            strv_add(lines, one + strlen(mark));
        }
    }
}

static int judge(const struct slurm_login *login, const struct fleet_answer *a, struct strv *lines,
                 struct err *err)
{
    _cleanup_strv_ struct strv errors = {0};
    _cleanup_free_ char *said = NULL;
    const char *name = login->node.items[0].name;
    if (a->status < 0) {
        *err = a->err;
        return err_wrap(err, "%s", name);
    }
    take_lines(&a->out, ":", lines);
    if (strv_has(lines, "none")) {
        return slurm_missing(login, err);
    }
    take_lines(&a->errors, "", &errors);
    for (size_t i = 0; i < errors.n; i++) {
        slurm_note_error(&said, errors.items[i]);
    }
    if (a->status > 0) {
        return err_set(err, ERR_FAILED, "%s: %s", name, said ? said : "Slurm failed");
    }
    return 0;
}

int slurm_ask(const struct workspace *w, const struct slurm_login *login, const struct strv *args,
              struct strv *lines, struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    struct fleet_answer answer = {0};
    if (nodes_read_script(w, "slurm.sh", &script, err) != 0 ||
        fleet_ask(&login->node, script.data, args, &answer, err) != 0) {
        return -1;
    }
    int r = judge(login, &answer, lines, err);
    fleet_answers_release(&answer, 1);
    return r;
}
