// SPDX-License-Identifier: MIT
// `pisdk cluster image`: the sysroot of the boards of an emulated cluster, which is the project's
// with all that a board has besides.

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "pisdk/sysroot/builder.h"
#include "sysroot/native.h"
#include "sysroot/store.h"
#include "workspace/target_choice.h"

#define BOARD_RECIPE "common/board.ini"

struct image {
    struct sysroot base; // what programs are built for
    struct recipe recipe;
    struct lock lock;
    char *lock_file; // in the project, or NULL: only in the image itself
};

static void image_release(struct image *i)
{
    sysroot_release(&i->base);
    recipe_release(&i->recipe);
    lock_release(&i->lock);
    free(i->lock_file);
}

static int open_base(struct app *app, struct builder *m, struct image *i, struct err *err)
{
    const char *given = input_value(&app->input, "sysroot");
    bool of_project = app->has_project && !given;
    int r = of_project ? target_open_project_sysroot(&app->work, &i->base, err)
                       : target_open_sysroot(&app->work, given ? given : PROJECT_DEFAULT_SYSROOT,
                                             &i->base, err);
    if (r != 0) {
        return -1;
    }
    if (!i->base.lock.recipe) {
        return err_set(err, ERR_FAILED,
                       "sysroot `%s` does not name its Debian release, so it cannot have boards",
                       i->base.name);
    }
    if (of_project) {
        i->lock_file = fs_join(app->project.dir, LOCK_BOARD_FILE);
    }
    return builder_find_recipe(m, app, i->base.lock.recipe, i->base.lock.flavour, BOARD_RECIPE,
                               &i->recipe, err);
}

// The lock of the image that there was, if any. A project that has none takes that of the image
// which was made for no project.
static int read_lock(struct app *app, struct image *i, struct err *err)
{
    struct sysroot s;
    struct err ignored = ERR_INIT;

    if (i->lock_file && fs_exists(i->lock_file)) {
        return lock_read(i->lock_file, &i->lock, err);
    }
    if (sysroot_open(app->paths.data, i->recipe.name, &s, &ignored) == 0) {
        i->lock = s.lock;
        s.lock = (struct lock){0};
        sysroot_release(&s);
    }
    return 0;
}

// Programs meet on the boards what they were built for: is each package of the base in the image,
// in the same version?
static bool fits(const struct image *i)
{
    if (!i->lock.name || strcmp(i->lock.recipe_sha256, i->recipe.sha256) != 0) {
        return false;
    }
    for (size_t k = 0; k < i->base.lock.packages.n; k++) {
        const struct package *p = &i->base.lock.packages.items[k];
        const struct package *found = package_list_find(&i->lock.packages, p->name);
        if (!found || strcmp(found->version, p->version) != 0) {
            return false;
        }
    }
    return true;
}

static int choose(struct app *app, struct builder *m, struct image *i, struct err *err)
{
    struct lock fresh;

    m->options.mirror.ask = input_flag(&app->input, "refresh");
    lock_from_recipe(&i->recipe, &i->base.lock.added, &fresh);
    if (native_choose(&i->recipe, &m->options.mirror, app->paths.data, &i->base.lock.packages,
                      &fresh, err) != 0) {
        lock_release(&fresh);
        return err_wrap(err, "the image of the boards");
    }
    lock_release(&i->lock);
    i->lock = fresh;
    if (!fits(i)) {
        log_warning(
            &app->log,
            "the mirror no longer has all packages of sysroot `%s`: the boards get newer ones",
            i->base.name);
    }
    return 0;
}

// Writes where it is to `dir`, the caller's to free.
static int build(struct app *app, struct builder *m, struct image *i, char **dir, struct err *err)
{
    struct sysroot_build_report report;
    _cleanup_free_ char *name = NULL;
    struct sysroot made;

    if (i->lock_file) {
        if (sysroot_build_locked(&i->lock, &i->recipe, &m->options, &name, &report, err) != 0 ||
            lock_write(i->lock_file, &i->lock, err) != 0) {
            return -1;
        }
    } else {
        name = xstrdup(i->recipe.name);
        if (sysroot_build_as(name, &i->lock, &i->recipe, &m->options, &report, err) != 0) {
            return -1;
        }
    }
    if (sysroot_open(app->paths.data, name, &made, err) != 0) {
        return -1;
    }
    if (app->has_project && strcmp(name, i->lock.name) != 0) {
        sysroot_note_project(&made, app->project.dir);
    }
    *dir = xstrdup(made.dir);
    sysroot_release(&made);
    if (!report.up_to_date) {
        builder_tell(app, name, &report);
    }
    return 0;
}

// The folder of an image that is there and can stay; NULL: it has to be made.
static char *find_made(struct app *app, const struct image *i)
{
    struct sysroot s;
    struct err ignored = ERR_INIT;
    int r = i->lock_file ? sysroot_open_locked(app->paths.data, &i->lock, &s, &ignored)
                         : sysroot_open(app->paths.data, i->recipe.name, &s, &ignored);
    if (r != 0) {
        return NULL;
    }
    char *dir = xstrdup(s.dir);
    sysroot_release(&s);
    return dir;
}

static int make(struct app *app, struct builder *m, struct image *i, struct err *err)
{
    bool stays = fits(i) && !input_flag(&app->input, "refresh");
    _cleanup_free_ char *dir = NULL;

    if ((!stays && choose(app, m, i, err) != 0) || build(app, m, i, &dir, err) != 0) {
        return -1;
    }
    puts(dir);
    return EXIT_OK;
}

static int work(struct app *app, struct builder *m, struct err *err)
{
    struct image image = {0};
    int r = open_base(app, m, &image, err) == 0 && read_lock(app, &image, err) == 0
                ? make(app, m, &image, err)
                : -1;
    image_release(&image);
    return r;
}

// 0: the image is there, and was printed; 1: there is work to do. Changes nothing, so that it goes
// on the sysroots of somebody else, too.
static int print_if_made(struct app *app, const struct mirror_request *request, struct err *err)
{
    struct image image = {0};
    struct builder m;
    int r = -1;

    builder_init(&m, app, request);
    if (open_base(app, &m, &image, err) == 0 && read_lock(app, &image, err) == 0) {
        bool stays = fits(&image) && !input_flag(&app->input, "refresh");
        _cleanup_free_ char *dir = stays ? find_made(app, &image) : NULL;
        r = dir ? 0 : 1;
        if (dir && image.lock_file && !fs_exists(image.lock_file)) {
            r = lock_write(image.lock_file, &image.lock, err);
        }
        if (r == 0) {
            puts(dir);
        }
    }
    builder_release(&m);
    image_release(&image);
    return r;
}

int cmd_cluster_image(struct app *app, struct err *err)
{
    struct mirror_request request;
    int r = mirror_request_read(&app->input, &request, err);
    r = r == 0 ? print_if_made(app, &request, err) : r;
    return r == 1 ? builder_run(app, &request, work, err) : r;
}
