// SPDX-License-Identifier: MIT
// Autotools, plain makefiles, and commands of the project's own.

#include <string.h>

#include "base/fs.h"
#include "project/build_internal.h"
#include "project/makefile.h"

enum { TRIED_TARGETS = 2 };

static void add_make(const struct build *b, const char *folder, struct strv *argv)
{
    strv_add_list(argv, "make", "-C", folder, NULL);
    strv_addf(argv, "-j%ld", build_jobs(b));
}

static void add_users_words(const struct build *b, struct strv *argv)
{
    strv_add_all(argv, b->p->build.args.items);
    strv_add_all(argv, b->o->extra ? b->o->extra->items : NULL);
}

// --- Autotools -----------------------------------------------------------------------------------

static int make_configure(struct build *b, int *status, struct err *err)
{
    _cleanup_free_ char *script = fs_join(b->p->dir, "configure");
    _cleanup_strv_ struct strv argv = {0};

    *status = 0;
    if (fs_exists(script)) {
        return 0;
    }
    if (build_need_program("autoreconf", "autoconf automake libtool", err) != 0) {
        return err_wrap(err, "%s has no configure, and", b->p->dir);
    }
    strv_add_list(&argv, "autoreconf", "-fi", NULL);
    return build_run(b, b->p->dir, &argv, status, err);
}

static int autotools_configure(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_strv_ struct strv words = {0};
    _cleanup_free_ char *flags = build_cflags(b);

    if (build_need_program("make", "make", err) != 0 || make_configure(b, status, err) != 0) {
        return -1;
    }
    if (*status != 0) {
        return 0;
    }
    strv_addf(&argv, "%s/configure", b->p->dir);
    strv_addf(&argv, "--host=%s", b->o->tools->triple);
    if (!getenv("CFLAGS")) {
        strv_addf(&argv, "CFLAGS=%s", flags);
    }
    if (!getenv("CXXFLAGS")) {
        strv_addf(&argv, "CXXFLAGS=%s", flags);
    }
    strv_add_all(&argv, b->p->build.configure.items);
    strv_add_all(&words, argv.items);
    strv_add(&words, b->o->tools->dir);
    if (build_is_configured(b, &words, "Makefile")) {
        return 0;
    }
    // Configured otherwise: what was compiled then is of no use.
    if (fs_remove_tree(b->dir, err) != 0 || fs_mkdir_all(b->dir, 0755, err) != 0 ||
        build_run(b, b->dir, &argv, status, err) != 0) {
        return -1;
    }
    return *status == 0 ? build_note_configured(b, &words, err) : 0;
}

static int autotools_compile(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    add_make(b, b->dir, &argv);
    add_users_words(b, &argv);
    return build_run(b, b->p->dir, &argv, status, err);
}

static int autotools_test(struct build *b, struct strv *argv, struct err *err)
{
    (void)err;
    strv_add_list(argv, "make", "-C", b->dir, "check", NULL);
    return 0;
}

static const char *const autotools_files[] = {"configure", "configure.ac", "configure.in", NULL};

const struct build_system build_autotools = {
    .name = "autotools",
    .files = autotools_files,
    .apart = true,
    .configure = autotools_configure,
    .compile = autotools_compile,
    .test = autotools_test,
};

// --- make ----------------------------------------------------------------------------------------

static int run_clean(struct build *b, const struct strv *words, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};

    add_make(b, b->p->dir, &argv);
    strv_add_all(&argv, words->items);
    strv_add(&argv, "clean");
    if (build_run(b, b->p->dir, &argv, status, err) != 0) {
        return -1;
    }
    if (*status != 0) {
        log_warning(b->o->log, "`make clean` failed; files of an earlier build may not fit");
        *status = 0;
    }
    return 0;
}

// It builds among its sources, so what pisdk has built for another board or otherwise must go
// first.
static int clean_other(struct build *b, const struct strv *words, int *status, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(b->p->dir, "build");
    _cleanup_free_ char *last = fs_join(folder, ".pisdk-make");
    _cleanup_free_ char *now = strv_join(words, "\n");
    _cleanup_strbuf_ struct strbuf then = {0};
    struct err ignored = ERR_INIT;

    bool built = fs_read_file(last, 1 << 16, &then, &ignored) == 0 && then.data;
    bool other = built && strcmp(then.data, now) != 0;
    if ((other || b->o->clean) && run_clean(b, words, status, err) != 0) {
        return -1;
    }
    if (built && !other && !b->o->clean) {
        return 0;
    }
    // `clean` may have removed the folder.
    return fs_mkdir_all(folder, 0755, err) == 0 ? fs_write_file(last, now, strlen(now), 0644, err)
                                                : -1;
}

static int make_prepare(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv words = {0};

    if (build_need_program("make", "make", err) != 0 ||
        makefile_find_overrides(b, &words, err) != 0) {
        return -1;
    }
    strv_add_all(&words, b->p->build.args.items);
    _cleanup_free_ char *tools = xasprintf("PISDK_TOOLS=%s", b->o->tools->dir);
    strv_add(&words, tools);
    return clean_other(b, &words, status, err);
}

static int make_compile(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    add_make(b, b->p->dir, &argv);
    if (makefile_find_overrides(b, &argv, err) != 0) {
        return -1;
    }
    add_users_words(b, &argv);
    return build_run(b, b->p->dir, &argv, status, err);
}

// The one of the usual targets that the makefile has.
static int make_test(struct build *b, struct strv *argv, struct err *err)
{
    static const char *const targets[TRIED_TARGETS] = {"check", "test"};
    _cleanup_strv_ struct strv overrides = {0};

    if (makefile_find_overrides(b, &overrides, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        _cleanup_strv_ struct strv trial = {0};
        _cleanup_strbuf_ struct strbuf output = {0};
        int status;
        strv_add_list(&trial, "env", "LC_ALL=C", "make", "-n", targets[i], NULL);
        if (build_ask(b, b->p->dir, &trial, &output, &status, err) != 0) {
            return -1;
        }
        // A folder of that name is not a rule.
        bool nothing = output.data && strstr(output.data, "Nothing to be done for");
        if (status == 0 && !nothing) {
            strv_add_list(argv, "make", "-C", b->p->dir, targets[i], NULL);
            strv_add_all(argv, overrides.items);
            return 0;
        }
    }
    return 0;
}

static const char *const make_files[] = {"GNUmakefile", "makefile", "Makefile", NULL};

const struct build_system build_make = {
    .name = "make",
    .files = make_files,
    .configure = make_prepare,
    .compile = make_compile,
    .test = make_test,
};

// --- A command -----------------------------------------------------------------------------------

static int command_prepare(struct build *b, int *status, struct err *err)
{
    *status = 0;
    if (b->p->build.command.n) {
        return 0;
    }
    err_set(err, ERR_USAGE, "%s/" PROJECT_FILE ": `command` in section [build] is missing",
            b->p->dir);
    return err_hint(err, "command = ./build.sh");
}

static int command_run(struct build *b, int *status, struct err *err)
{
    _cleanup_strv_ struct strv argv = {0};
    _cleanup_free_ char *flags = build_cflags(b);

    if (!getenv("CFLAGS")) {
        strv_addf(&b->env, "CFLAGS=%s", flags);
    }
    strv_addf(&b->env, "PISDK_BUILD_DIR=%s", b->dir);
    strv_add_all(&argv, b->p->build.command.items);
    add_users_words(b, &argv);
    return build_run(b, b->p->dir, &argv, status, err);
}

static const char *const command_files[] = {NULL};

const struct build_system build_command = {
    .name = "command",
    .files = command_files,
    .configure = command_prepare,
    .compile = command_run,
};
