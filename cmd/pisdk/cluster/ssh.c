// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "workspace/cluster_choice.h"

int cmd_cluster_ssh(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    struct cluster c;

    if (cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *config = fs_join(c.dir, "ssh_config");
    cluster_release(&c);
    strv_add_list(&argv, "ssh", "-F", config, NULL);
    strv_add_all(&argv, app->input.args.items);
    strv_add_all(&argv, app->input.rest.items);
    execvp(argv.items[0], argv.items);
    err_sys(err, "cannot run ssh");
    return errno == ENOENT ? err_hint(err, "sudo apt install openssh-client") : -1;
}

int cmd_cluster_ssh_config(struct app *app, struct err *err)
{
    enum { CONFIG_MAX = 1 << 20 };
    _cleanup_strbuf_ struct strbuf text = {0};
    struct cluster c;

    if (cluster_choose(&app->work, input_value(&app->input, "name"), &c, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *config = fs_join(c.dir, "ssh_config");
    cluster_release(&c);
    if (input_flag(&app->input, "path")) {
        puts(config);
        return EXIT_OK;
    }
    if (fs_read_file(config, CONFIG_MAX, &text, err) != 0) {
        return -1;
    }
    fputs(text.data, stdout);
    return EXIT_OK;
}
