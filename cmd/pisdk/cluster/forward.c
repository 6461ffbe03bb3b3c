// SPDX-License-Identifier: MIT
// `pisdk cluster forward`: a port of a board on this desktop, by ssh.

#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

enum { PORT_MAX = 65535, SSH_PORT = 22, SAID_MAX = 1 << 16 };

// "8888" or "8888:80": the port here, and the board's.
static int read_ports(const char *text, long *here, long *there, struct err *err)
{
    const char *colon = strchr(text, ':');
    _cleanup_free_ char *first = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));

    *there = SSH_PORT;
    if (ini_number("PORT", first, 1, PORT_MAX, here, err) == 0 &&
        (!colon || ini_number("BOARDS-PORT", colon + 1, 1, PORT_MAX, there, err) == 0)) {
        return 0;
    }
    return err_hint(err, "pisdk cluster forward pi1 2201, or 8888:80 for another port than ssh's");
}

// What ssh said last, without "ssh: " and the like: it is about the port.
static void add_reason(const char *file, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;
    struct slice first = {"", 0};
    if (fs_read_file(file, SAID_MAX, &text, &ignored) != 0) {
        return;
    }
    struct slice rest = {text.data ? text.data : "", text.len};
    while (first.n == 0 && slice_cut(&rest, '\n', &line)) {
        first = slice_trim(line);
    }
    if (first.n > 0) {
        _cleanup_free_ char *said = slice_dup(first);
        err_hint(err, "ssh says: %s", said);
    }
}

// ssh goes on by itself and ends with its connection: when the board or the cluster does. What it
// says goes to a file, since a pipe behind this command would wait for it.
static int start(const struct cluster *c, const char *board, long here, long there, int *status,
                 struct err *err)
{
    static const char script[] = "said=$1; shift; exec ssh \"$@\" >\"$said\" 2>&1 </dev/null";
    _cleanup_free_ char *config = fs_join(c->dir, "ssh_config");
    _cleanup_free_ char *said = xasprintf("%s/forward-%ld", c->dir, here);
    _cleanup_strv_ struct strv argv = {0};

    strv_add_list(&argv, "sh", "-c", script, "sh", said, "-F", config, "-f", "-N", "-o",
                  "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15", "-L", NULL);
    strv_addf(&argv, "127.0.0.1:%ld:127.0.0.1:%ld", here, there);
    strv_add(&argv, board);
    if (proc_run(argv.items, status, err) != 0) {
        return -1;
    }
    if (*status != 0) {
        err_set(err, ERR_FAILED, "cannot forward port %ld to port %ld of %s", here, there, board);
        add_reason(said, err);
        return -1;
    }
    return 0;
}

int cmd_cluster_forward(struct app *app, struct err *err)
{
    const struct strv *args = &app->input.args;
    const char *board = args->items[0];
    struct cluster c;
    long here;
    long there;
    int status;

    if (read_ports(args->items[1], &here, &there, err) != 0 ||
        cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *key = fs_join(c.dir, CLUSTER_KEY);
    int r = start(&c, board, here, there, &status, err);
    cluster_release(&c);
    if (r != 0) {
        return -1;
    }
    log_info(&app->log, "127.0.0.1:%ld is port %ld of %s, until the cluster is down", here, there,
             board);
    if (there == SSH_PORT) {
        log_info(&app->log, "user pi, key %s", key);
    }
    return EXIT_OK;
}
