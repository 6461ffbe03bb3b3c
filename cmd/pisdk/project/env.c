// SPDX-License-Identifier: MIT
// `pisdk env`: the environment of a cross build, for shells and for build systems.

#include <stdio.h>
#include <string.h>

#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "target/toolset_make.h"
#include "workspace/target_choice.h"

static void print_shell(const struct strv *set, const struct strv *unset)
{
    for (size_t i = 0; i < set->n; i++) {
        const char *equals = strchr(set->items[i], '=');
        _cleanup_free_ char *value = str_quoted(equals + 1);
        printf("export %.*s=%s\n", (int)(equals - set->items[i]), set->items[i], value);
    }
    _cleanup_free_ char *names = strv_join(unset, " ");
    printf("unset %s\n", names);
}

static void print_meson(const struct toolset *t)
{
    printf("--cross-file %s/cross.ini --native-file %s/native.ini\n", t->dir, t->dir);
}

static int check_options(struct app *app, struct err *err)
{
    int n = input_flag(&app->input, "sh") + input_flag(&app->input, "meson") + app->json;
    return n <= 1 ? 0 : err_set(err, ERR_USAGE, "--sh, --meson and --json exclude each other");
}

int cmd_env(struct app *app, struct err *err)
{
    _cleanup_strv_ struct strv set = {0};
    _cleanup_strv_ struct strv unset = {0};
    struct target_request request;
    struct toolset tools;

    if (check_options(app, err) != 0 || target_request_read(&app->input, &request, err) != 0 ||
        target_make_toolset(&app->work, &request, &tools, err) != 0) {
        // meson setup build $(pisdk env --meson): or it would configure for the desktop
        if (input_flag(&app->input, "meson")) {
            puts("--cross-file pisdk-env-has-failed");
        }
        return -1;
    }
    toolset_environment(&tools, &set, &unset);
    if (input_flag(&app->input, "meson")) {
        print_meson(&tools);
    } else if (app->json) {
        ui_print_assignments(&set);
    } else {
        print_shell(&set, &unset);
    }
    toolset_release(&tools);
    return EXIT_OK;
}
