// SPDX-License-Identifier: MIT
#include "workspace/cluster_choice.h"

#include <string.h>

#include "base/proc.h"

enum { PATH_OUTPUT_MAX = 1 << 14 };

#define DEFAULT_NAME "default"

char *cluster_choice_new(const struct workspace *w, const char *asked, struct err *err)
{
    const char *name = asked ? asked : w->project ? w->project->name : DEFAULT_NAME;

    if (!cluster_name_is_valid(name)) {
        err_set(err, ERR_USAGE, "`%s` is not a valid cluster name", name);
        err_hint(err, "letters, digits, - and _, at most %d", CLUSTER_NAME_MAX);
        return NULL;
    }
    return xstrdup(name);
}

// What somebody else started is somebody else's: it is meant only when it is named.
static int none_is_ours(const struct workspace *w, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;

    if (cluster_names(w->paths->runtime, &names, &ignored) != 0 || names.n == 0) {
        err_set(err, ERR_NOT_FOUND, "no cluster is running");
        return err_hint(err, "pisdk cluster up -n 4");
    }
    _cleanup_free_ char *list = strv_join(&names, ", ");
    if (w->project) {
        err_set(err, ERR_NOT_FOUND, "no cluster of project `%s` is running", w->project->name);
    } else {
        err_set(err, ERR_NOT_FOUND,
                "no cluster `" DEFAULT_NAME "` is running, and this is not a project");
    }
    return err_hint(err,
                    "start one with `pisdk cluster up -n 4`, or use one that is running: %s "
                    "(--name %s, or cluster:%s)",
                    list, names.items[0], names.items[0]);
}

int cluster_choose(const struct workspace *w, const char *name, struct cluster *out,
                   struct err *err)
{
    const char *ours = w->project ? w->project->name : DEFAULT_NAME;

    int r = cluster_open(w->paths->runtime, name ? name : ours, out, err);
    return r == 0 || name || err->code != ERR_NOT_FOUND ? r : none_is_ours(w, err);
}

char *cluster_choose_image(const struct workspace *w, const char *sysroot, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strbuf_ struct strbuf out = {0};
    const struct proc_capture capture = {.input = -1, .max = PATH_OUTPUT_MAX, .out = &out};
    int status = 0;

    strv_add_list(&argv, w->paths->program, "cluster", "image", NULL);
    if (sysroot) {
        strv_add_list(&argv, "--sysroot", sysroot, NULL);
    }
    if (proc_capture(argv.items, &capture, &status, err) != 0) {
        return NULL;
    }
    if (status != 0 || out.len < 2) {
        err_set(err, ERR_FAILED, "the boards have no image yet");
        err_hint(err, "make it with `pisdk cluster image`, from the same mirror as the sysroot");
        return NULL;
    }
    return xstrndup(out.data, out.len - 1);
}
