// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/proc.h"
#include "pisdk/app.h"

#ifndef PISDK_COMMIT
#define PISDK_COMMIT "" // " (COMMIT DATE)", where the build knows it
#endif

static int exit_status(enum err_code code)
{
    switch (code) {
    case ERR_NONE:
        return EXIT_OK;
    case ERR_USAGE:
        return EXIT_USAGE;
    case ERR_VERIFY:
        return EXIT_VERIFY;
    case ERR_RESOLVE:
        return EXIT_RESOLVE;
    case ERR_NODES:
        return EXIT_NODES;
    default:
        return EXIT_FAILED;
    }
}

// A command line taken apart: the command, the words that lead to it, and what follows them.
struct invocation {
    const struct command *command; // NULL: none was given
    struct strv path;
};

// The words up to the command, with the global options between them; the command's own words follow
// from *next on.
static int find_command(struct input *global, struct invocation *call, int argc, char **argv,
                        int *next, struct err *err)
{
    const struct command *table = pisdk_commands;
    int at = 0; // of the word that plays getopt's argv[0]

    input_add_specs(global, pisdk_global_options, pisdk_n_global_options);
    while (table) {
        if (input_parse(global, argc - at, argv + at, WORDS_COMMAND, err) != 0) {
            return -1;
        }
        at += global->next;
        if (at >= argc) {
            break;
        }
        call->command = command_find(table, call->path.n ? call->path.items[0] : "", argv[at], err);
        if (!call->command) {
            return -1;
        }
        strv_add(&call->path, argv[at]);
        table = call->command->commands;
    }
    *next = at;
    return 0;
}

static int check_arguments(const struct invocation *call, const struct input *in, struct err *err)
{
    const struct command *c = call->command;
    _cleanup_free_ char *words = strv_join(&call->path, " ");
    int n = (int)in->args.n;
    if (n < c->min_args) {
        err_set(err, ERR_USAGE, "`pisdk %s` needs %s", words, c->arguments);
    } else if (c->max_args >= 0 && n > c->max_args) {
        err_set(err, ERR_USAGE, "unexpected argument `%s`", in->args.items[c->max_args]);
    } else {
        return 0;
    }
    return err_hint(err, "see `pisdk help %s`", words);
}

static int read_command_words(struct app *app, const struct invocation *call,
                              const struct input *global, int argc, char **argv, struct err *err)
{
    const struct command *c = call->command;
    // The global options come first in both, so what was given before the command still counts.
    app->input = *global;
    input_add_specs(&app->input, c->options, c->n_options);
    return input_parse(&app->input, argc, argv, c->passes_on ? WORDS_PROGRAM : WORDS_MIXED, err);
}

static int load_project(struct app *app, unsigned needs, struct err *err)
{
    if (!(needs & (NEEDS_PROJECT | WANTS_PROJECT))) {
        return 0;
    }
    if (project_find(&app->project, err) == 0) {
        app->has_project = true;
        return 0;
    }
    if (err->code == ERR_NOT_FOUND && !(needs & NEEDS_PROJECT)) {
        err_clear(err);
        return 0;
    }
    return -1;
}

static int run_command(struct app *app, const struct invocation *call, struct err *err)
{
    const struct command *c = call->command;
    if (check_arguments(call, &app->input, err) != 0) {
        return -1;
    }
    if (c->run == cmd_help) {
        return c->run(app, err);
    }
    if (paths_init(&app->paths, err) != 0 || load_project(app, c->needs, err) != 0) {
        return -1;
    }
    app->work = (struct workspace){
        .paths = &app->paths,
        .project = app->has_project ? &app->project : NULL,
        .log = &app->log,
    };
    app->json = input_flag(&app->input, "json");
    if (input_value_if(&app->input, "pure") && setenv(WORKSPACE_PURE, "1", 1) != 0) {
        return err_sys(err, "cannot set " WORKSPACE_PURE);
    }
    return c->run(app, err);
}

static int set_up_ui(struct app *app, const struct input *in, struct err *err)
{
    int verbosity = input_flag(in, "quiet") ? -1 : input_count(in, "verbose");
    return ui_init(&app->ui, verbosity, input_value(in, "color"), !input_flag(in, "no-progress"),
                   err);
}

static int execute_call(struct app *app, const struct invocation *call, struct err *err)
{
    bool complete = call->command && !call->command->commands;
    const char *dir = input_value(&app->input, "directory");

    if (set_up_ui(app, &app->input, err) != 0) {
        return -1;
    }
    if (dir) {
        app->start_dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (app->start_dir < 0 || chdir(dir) != 0) {
            return err_sys(err, "cannot enter folder %s", dir);
        }
    }
    if (input_flag(&app->input, "version")) {
        puts("pisdk " PISDK_VERSION PISDK_COMMIT);
        return EXIT_OK;
    }
    if (input_flag(&app->input, "help")) {
        return help_print(app, call->path.items, call->path.n, err);
    }
    if (!complete) {
        return help_print(app, call->path.items, call->path.n, err) == 0 ? EXIT_USAGE : -1;
    }
    return run_command(app, call, err);
}

static int execute(struct app *app, int argc, char **argv, struct err *err)
{
    struct input global = {0};
    struct invocation call = {0};
    int next = argc;

    int r = find_command(&global, &call, argc, argv, &next, err);
    if (r == 0 && next < argc) { // the last word of the command plays getopt's argv[0]
        r = read_command_words(app, &call, &global, argc - next, argv + next, err);
    } else {
        app->input = global;
    }
    if (r == 0) {
        r = execute_call(app, &call, err);
    }
    strv_release(&call.path);
    return r;
}

// A full disk or a closed pipe shows when the last of the output is written.
static int finish_output(struct app *app, int status)
{
    struct err err = ERR_INIT;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || output_is_given_up()) {
        return status;
    }
    err_sys(&err, "cannot write to standard output");
    ui_error(&app->ui, &err);
    return EXIT_FAILED;
}

// --color, for errors in the other options.
static const char *color_asked(char **argv)
{
    static const char name[] = "--color";
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (str_starts(*argv, name) && (*argv)[strlen(name)] == '=') {
            return *argv + strlen(name) + 1;
        }
        if (strcmp(*argv, name) == 0) {
            return argv[1];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct app app = {.argv = argv, .start_dir = -1};
    struct err err = ERR_INIT;

    signal(SIGCHLD,
           SIG_DFL); // whoever started us may ignore it, and we could not wait for children
    output_begin();
    (void)!ui_init(&app.ui, 0, color_asked(argv), true, &err); // until the options are read
    app.log = ui_log(&app.ui);
    int status = execute(&app, argc, argv, &err);
    ui_clear_bar(&app.ui);
    if (status < 0) {
        ui_error(&app.ui, &err);
        status = exit_status(err.code);
    }
    status = finish_output(&app, status);
    if (app.start_dir >= 0) {
        close(app.start_dir);
    }
    input_release(&app.input);
    project_release(&app.project);
    paths_release(&app.paths);
    return status;
}
