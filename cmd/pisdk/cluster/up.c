// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/fs.h"
#include "cluster/cluster.h"
#include "pisdk/app.h"
#include "pisdk/cluster/rate.h"
#include "pisdk/requests.h"
#include "sandbox/native.h"
#include "sandbox/visible.h"
#include "sysroot/native.h"
#include "workspace/cluster_choice.h"
#include "workspace/target_choice.h"

enum { KBIT_A_MBIT = 1000, STORAGE_MB = 8192 };

// One for each --sysroot, else that of the project.
static int find_images(struct app *app, struct strv *dirs, struct strv *environment,
                       struct err *err)
{
    const struct strv *names = input_values(&app->input, "sysroot");
    for (size_t i = 0; i < (names->n ? names->n : 1); i++) {
        _cleanup_free_ char *path =
            cluster_choose_image(&app->work, names->n ? names->items[i] : NULL, err);
        struct sysroot image;
        if (!path || sysroot_open(app->paths.data, path, &image, err) != 0) {
            return -1;
        }
        strv_add(dirs, image.dir);
        if (image.lock.environment.n > 0) {
            strv_add_all(environment, image.lock.environment.items);
        }
        sysroot_release(&image);
    }
    return 0;
}

// Boards that could be faster are so on another desktop; one that can run some of the programs has
// nothing to say.
static void tell_emulated(struct app *app, const struct strv *images)
{
    _cleanup_strv_ struct strv found = {0};
    for (size_t i = 0; i < images->n; i++) {
        _cleanup_free_ char *folder = fs_join(images->items[i], NATIVE_LAYERS);
        if (!fs_is_dir(folder)) {
            return;
        }
        native_find(images->items[i], &found);
    }
    if (found.n == 0) {
        log_info(&app->log, "this desktop is not an x86-64 one: the boards emulate all programs, "
                            "as with --pure");
    }
}

static int choose_shown(struct app *app, struct strv *shown, struct err *err)
{
    const struct strv *given = input_values(&app->input, "show");
    if (app->has_project) {
        strv_add(shown, app->project.dir);
    }
    for (size_t i = 0; i < given->n; i++) {
        char *path = fs_real_path(given->items[i]);
        if (!path || !fs_is_dir(path)) {
            free(path);
            return err_set(err, ERR_NOT_FOUND, "cannot show %s to the boards: no such folder",
                           given->items[i]);
        }
        if (visible_is_boards_own(path) || fs_is_below(path, "/home/pi")) {
            err_set(err, ERR_USAGE, "the boards have their own %s", path);
            free(path);
            return -1;
        }
        strv_take(shown, path);
    }
    return 0;
}

static int bring_up(struct app *app, struct target *target, const char *name, struct err *err)
{
    const struct board *board = &target->board;
    const char *rate = input_value(&app->input, "rate");
    _cleanup_strv_ struct strv shown = {0};
    _cleanup_strv_ struct strv images = {0};
    _cleanup_strv_ struct strv environment = {0};
    long boards;
    struct cluster_options o = {
        .runtime = app->paths.runtime,
        .name = name,
        .board = board,
        .rate_kbit = (uint64_t)board->link_mbit * KBIT_A_MBIT,
        .storage_mb = STORAGE_MB,
        .pure = workspace_is_pure(&app->work),
        .visible = &shown,
        .pisdk = app->paths.program,
    };
    if (input_number(&app->input, "boards", 4, 1, CLUSTER_BOARDS_MAX, &boards, err) != 0 ||
        (rate && cluster_read_rate(rate, &o.rate_kbit, err) != 0) ||
        choose_shown(app, &shown, err) != 0) {
        return -1;
    }
    if (find_images(app, &images, &environment, err) != 0) {
        return -1;
    }
    if (!o.pure) {
        tell_emulated(app, &images);
    }
    double start = clock_seconds();
    o.boards = (size_t)boards;
    o.images = &images;
    o.environment = &environment;
    log_working(&app->log, "starting boards");
    int r = cluster_up(&o, err);
    log_working(&app->log, NULL);
    if (r == 0) {
        char seconds[32];
        log_info(&app->log, "cluster `%s`: %ld board%s (%s), up in %s", name, boards,
                 boards == 1 ? "" : "s", board->title,
                 str_seconds(seconds, clock_seconds() - start));
        if (shown.n) {
            log_info(&app->log, "pisdk cluster ssh pi1; pisdk run --on cluster -n %ld", boards);
        } else {
            log_info(&app->log,
                     "pisdk cluster ssh pi1 (--show DIR lets programs in DIR run there)");
        }
    }
    return r;
}

int cmd_cluster_up(struct app *app, struct err *err)
{
    struct target_request request;
    struct target target;
    _cleanup_free_ char *name =
        cluster_choice_new(&app->work, input_value(&app->input, "name"), err);

    if (!name || target_request_read(&app->input, &request, err) != 0 ||
        target_choose(&app->work, &request, &target, err) != 0) {
        return -1;
    }
    int r = bring_up(app, &target, name, err);
    target_release(&target);
    return r == 0 ? EXIT_OK : -1;
}
