// SPDX-License-Identifier: MIT
#include "pisdk/project/new.h"

#include <string.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pisdk/app.h"
#include "pisdk/project/offer.h"
#include "project/build.h"
#include "project/template.h"
#include "sysroot/store.h"
#include "target/board.h"

#define DEFAULT_TEMPLATE "mpi-c"

static int list_templates(struct app *app, const char *folder, struct err *err)
{
    static const struct column columns[] = {{"template", COLUMN_TEXT}, {"summary", COLUMN_TEXT}};
    _cleanup_strv_ struct strv names = {0};

    if (template_names(folder, &names, err) != 0) {
        return -1;
    }
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    int r = EXIT_OK;
    for (size_t i = 0; i < names.n && r == EXIT_OK; i++) {
        struct template template;
        r = template_open(folder, names.items[i], &template, err);
        if (r == EXIT_OK) {
            table_text(t, names.items[i]);
            table_text(t, template.summary);
            template_release(&template);
        }
    }
    if (r == EXIT_OK) {
        table_print(t, app->json);
    }
    table_free(t);
    return r;
}

int project_check_words(struct app *app, const char *name, const char *sysroot, const char *board,
                        struct err *err)
{
    _cleanup_free_ char *boards = fs_join(app->paths.share, "toolchain/boards");
    struct board checked;

    if (!project_name_is_valid(name)) {
        err_set(err, ERR_USAGE, "`%s` is not a valid project name", name);
        return err_hint(err, "use letters, digits, _ and -, start with a letter, and avoid words "
                             "that CMake reserves");
    }
    if (!sysroot_name_is_valid(sysroot)) {
        return err_set(err, ERR_USAGE, "`%s` is not a valid sysroot name", sysroot);
    }
    if (board_read(boards, board, false, &checked, err) != 0) {
        return -1;
    }
    board_release(&checked);
    return 0;
}

// The packages that the sysroot has today are the project's from now on. Without the sysroot,
// `pisdk sysroot build` in the project will write them down.
static int write_lock(struct app *app, const char *project, const char *sysroot, bool *ready,
                      struct err *err)
{
    struct sysroot s;
    struct err none = ERR_INIT;
    *ready = sysroot_open(app->paths.data, sysroot, &s, &none) == 0;
    if (!*ready) {
        return 0;
    }
    _cleanup_free_ char *path = fs_join(project, LOCK_FILE);
    int r = lock_write(path, &s.lock, err);
    sysroot_release(&s);
    return r;
}

// What the template needs in the sysroot besides: as by `pisdk sysroot add` in the project.
static bool add_packages(struct app *app, const char *project, const struct strv *packages)
{
    _cleanup_strv_ struct strv argv = {0};
    struct err err = ERR_INIT;
    int status = 0;

    strv_add_list(&argv, app->paths.program, "-C", project, "sysroot", "add", NULL);
    strv_add_all(&argv, packages->items);
    _cleanup_free_ char *names = strv_join(packages, " ");
    log_info(&app->log, "the template needs %s in the sysroot: adding it", names);
    if (proc_run(argv.items, &status, &err) == 0 && status == 0) {
        return true;
    }
    log_warning(&app->log, "the sysroot does not have %s yet; add it with: pisdk sysroot add %s",
                names, names);
    return false;
}

static bool set_up_editor(struct app *app, const char *project, const char *editor)
{
    _cleanup_strv_ struct strv argv = {0};
    struct err ignored = ERR_INIT;
    int status = 0;
    strv_add_list(&argv, app->paths.program, "-C", project, "ide", editor, NULL);
    return proc_run(argv.items, &status, &ignored) == 0 && status == 0;
}

// As somebody would type it.
static char *word_for_shell(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    return strspn(text, plain) == strlen(text) ? xstrdup(text) : str_quoted(text);
}

// Scripts are not.
static bool is_built(const char *target)
{
    struct project project;
    struct err ignored = ERR_INIT;
    const char *system = "";
    if (project_read(target, &project, &ignored) != 0) {
        return true;
    }
    bool built =
        project_build_system(&project, &system, &ignored) != 0 || strcmp(system, "none") != 0;
    project_release(&project);
    return built;
}

static int create(struct app *app, const struct template *template, const char *target,
                  const struct template_values *values, struct err *err)
{
    bool ready;
    if (template_create(template, target, values, err) != 0 ||
        write_lock(app, target, values->sysroot, &ready, err) != 0) {
        return -1;
    }
    if (template->packages.n) {
        ready = add_packages(app, target, &template->packages);
    }
    const char *editor = input_value(&app->input, "ide");
    if (editor && !set_up_editor(app, target, editor)) {
        log_warning(&app->log, "later: pisdk ide %s", editor);
    }
    const struct str_pair name = {"@NAME@", values->name};
    _cleanup_free_ char *run = str_expand(template->run ? template->run : "pisdk run", &name, 1);
    _cleanup_free_ char *folder = word_for_shell(target);
    log_info(&app->log, "created %s; next: cd %s%s%s && %s", target, folder,
             ready ? "" : " && pisdk sysroot build", is_built(target) ? " && pisdk build" : "",
             run);
    return EXIT_OK;
}

static int create_from(struct app *app, const char *templates, const char *which,
                       const char *target, const struct template_values *values, struct err *err)
{
    struct template template;
    if (template_open(templates, which, &template, err) != 0) {
        return -1;
    }
    int r = create(app, &template, target, values, err);
    template_release(&template);
    return r;
}

int cmd_new(struct app *app, struct err *err)
{
    _cleanup_free_ char *templates = fs_join(app->paths.share, "templates");
    if (input_flag(&app->input, "list")) {
        return list_templates(app, templates, err);
    }
    if (app->input.args.n == 0) {
        err_set(err, ERR_USAGE, "`pisdk new` needs a project name");
        return err_hint(err, "pisdk new hello");
    }
    // The name may be a path: the project is called after its last part.
    const char *target = app->input.args.items[0];
    const char *name = fs_base(target);
    const char *which = input_value(&app->input, "template");
    const char *sysroot = input_value(&app->input, "sysroot");
    const char *board = input_value(&app->input, "board");
    const struct template_values values = {
        .name = name,
        .sysroot = sysroot ? sysroot : PROJECT_DEFAULT_SYSROOT,
        .board = board ? board : PROJECT_DEFAULT_BOARD,
    };
    const char *editor = input_value(&app->input, "ide");
    if (project_check_words(app, name, values.sysroot, values.board, err) != 0 ||
        (editor && offer_check(app, "ide", "editor", editor, err) != 0)) {
        return -1;
    }
    sigset_t saved;
    proc_stop_hold(&saved); // a template that was fetched goes first
    int r = create_from(app, templates, which ? which : DEFAULT_TEMPLATE, target, &values, err);
    proc_stop_restore(&saved);
    return r;
}
