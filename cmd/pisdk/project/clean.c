// SPDX-License-Identifier: MIT
// `pisdk clean`: the project as it was before it was built.

#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "project/build.h"
#include "target/board.h"

// The folders BOARD-TYPE; anything else in build/ is somebody else's.
static int remove_folders(struct app *app, size_t *removed, struct err *err)
{
    _cleanup_free_ char *build = fs_join(app->project.dir, "build");
    _cleanup_free_ char *boards = fs_join(app->paths.share, "toolchain/boards");
    _cleanup_strv_ struct strv names = {0};
    _cleanup_strv_ struct strv known = {0};

    if (!fs_is_dir(build)) {
        return 0;
    }
    if (fs_list_dir(build, &names, err) != 0 || fs_list_dir(boards, &known, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *dir = fs_join(build, names.items[i]);
        if (str_starts(names.items[i], ".pisdk-")) { // notes of builds among the sources
            unlink(dir);
            continue;
        }
        size_t board = strcspn(names.items[i], "-");
        _cleanup_free_ char *file = xasprintf("%.*s.ini", (int)board, names.items[i]);
        if (names.items[i][board] == '\0' || !strv_has(&known, file)) {
            continue;
        }
        if (fs_remove_tree(dir, err) != 0) {
            return -1;
        }
        log_info(&app->log, "removed build/%s", names.items[i]);
        (*removed)++;
    }
    rmdir(build); // unless there is something else in it
    return 0;
}

// Where a makefile builds among the sources.
static int make_clean(struct app *app, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    strv_add_list(&argv, app->paths.program, "-C", app->project.dir, "exec", "--", "make", "clean",
                  NULL);
    return proc_run(argv.items, status, err);
}

int cmd_clean(struct app *app, struct err *err)
{
    const char *system = "";
    size_t removed = 0;
    int status = 0;

    if (project_build_system(&app->project, &system, err) != 0 ||
        (strcmp(system, "make") == 0 && make_clean(app, &status, err) != 0) ||
        remove_folders(app, &removed, err) != 0) {
        return -1;
    }
    if (strcmp(system, "command") == 0) {
        log_info(&app->log, "what `command` of " PROJECT_FILE " has made elsewhere stays");
    } else if (removed == 0 && strcmp(system, "make") != 0) {
        log_info(&app->log, "nothing was built");
    }
    return status;
}
