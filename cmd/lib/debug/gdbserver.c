// SPDX-License-Identifier: MIT
#include "debug/gdbserver.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "remote/fleet.h"

enum { OUTPUT_MAX = 1 << 16, NO_GDBSERVER = 41 }; // see gdbserver.sh

// Runs a command of the shell on the board; `input` is its standard input, or -1. What ssh has to
// say or to ask, the user sees.
static int run_on_board(const struct gdbserver *n, const char *command, int input,
                        struct strbuf *out, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    const struct proc_capture capture = {.input = input, .max = OUTPUT_MAX, .out = out};
    strv_add_all(&argv, n->ssh.items);
    strv_add(&argv, command);
    return proc_capture(argv.items, &capture, status, err);
}

// Copies the program; the board answers with the folder that it is in.
static int copy_program(struct gdbserver *n, const char *scripts, const char *program,
                        struct err *err)
{
    _cleanup_strbuf_ struct strbuf script = {0};
    if (fleet_read_script(scripts, "gdbserver.sh", &script, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *quoted = str_quoted(script.data);
    _cleanup_free_ char *name = str_quoted(fs_base(program));
    _cleanup_free_ char *command = xasprintf("exec /bin/sh -c %s sh %s", quoted, name);
    _cleanup_close_ int file = open(program, O_RDONLY | O_CLOEXEC);
    _cleanup_strbuf_ struct strbuf out = {0};
    int status = 0;

    if (file < 0) {
        return err_sys(err, "cannot open %s", program);
    }
    if (run_on_board(n, command, file, &out, &status, err) != 0) {
        return -1;
    }
    if (status == NO_GDBSERVER) {
        err_set(err, ERR_NOT_FOUND, "%s has no gdbserver", n->host);
        return err_hint(err, "on the board: sudo apt install gdbserver");
    }
    struct slice folder = slice_trim((struct slice){out.data, out.len});
    if (status != 0 || folder.n == 0 || folder.p[0] != '/' || memchr(folder.p, '\n', folder.n)) {
        return err_set(err, ERR_NETWORK, "cannot copy the program to %s (ssh ended with status %d)",
                       n->host, status);
    }
    n->folder = slice_dup(folder);
    return 0;
}

// gdb gives the command to a shell here, and ssh to one on the board.
static char *remote_command(const struct gdbserver *n, const char *program, const struct strv *args)
{
    _cleanup_free_ char *path = fs_join(n->folder, fs_base(program));
    _cleanup_free_ char *quoted = str_quoted(path);
    _cleanup_strbuf_ struct strbuf there = {0};
    _cleanup_strbuf_ struct strbuf command = {0};
    strbuf_addf(&there, "gdbserver --once - %s", quoted);
    strbuf_add_quoted(&there, args->items);
    _cleanup_free_ char *here = str_quoted(there.data);
    strbuf_adds(&command, "|");
    strbuf_add_quoted(&command, n->ssh.items);
    strbuf_addf(&command, " %s", here);
    return strbuf_take(&command);
}

int gdbserver_open(const struct remote *board, const char *scripts, const char *program,
                   const struct strv *args, struct gdbserver *out, struct err *err)
{
    *out = (struct gdbserver){.host = xstrdup(board->host)};
    strv_add_list(&out->ssh, "ssh", "-T", NULL);
    remote_add_words(board, &out->ssh);
    if (copy_program(out, scripts, program, err) != 0) {
        gdbserver_close(out);
        return -1;
    }
    out->remote = remote_command(out, program, args);
    return 0;
}

void gdbserver_close(struct gdbserver *n)
{
    if (n->folder) {
        _cleanup_free_ char *folder = str_quoted(n->folder);
        _cleanup_free_ char *command = xasprintf("rm -rf %s", folder);
        _cleanup_strbuf_ struct strbuf out = {0};
        struct err ignored = ERR_INIT;
        int status;
        (void)!run_on_board(n, command, -1, &out, &status, &ignored);
    }
    free(n->host);
    strv_release(&n->ssh);
    free(n->folder);
    free(n->remote);
    *n = (struct gdbserver){0};
}
