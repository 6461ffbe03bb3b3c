// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/printable.h"
#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

static int print_log(const char *folder, const char *name, struct err *err)
{
    enum { LOG_MAX = 64 << 20 };
    _cleanup_free_ char *path = fs_join(folder, name);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct slice line;

    if (fs_read_file(path, LOG_MAX, &text, err) != 0) {
        return -1;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line); // sshd ends its lines with a carriage return
        _cleanup_free_ char *one = slice_dup(line);
        _cleanup_free_ char *shown = printable(one, PRINTABLE_LINE);
        printf("%s: %s\n", name, shown);
    }
    return 0;
}

int cmd_cluster_logs(struct app *app, struct err *err)
{
    const char *board = app->input.args.n ? app->input.args.items[0] : NULL;
    _cleanup_strv_ struct strv names = {0};
    struct cluster c;

    if (cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *folder = fs_join(c.dir, "log");
    cluster_release(&c);
    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    if (board && !strv_has(&names, board)) {
        return err_set(err, ERR_NOT_FOUND, "the cluster has no board `%s`", board);
    }
    for (size_t i = 0; i < names.n; i++) {
        if ((!board || strcmp(board, names.items[i]) == 0) &&
            print_log(folder, names.items[i], err) != 0) {
            return -1;
        }
    }
    return EXIT_OK;
}
