// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "pisdk/app.h"

enum { OPTION_WIDTH = 24, COMMAND_WIDTH = 12 };

static void print_options(const struct option_spec *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct option_spec *o = &options[i];
        bool apart = o->arg && o->arg[0] != '[';
        _cleanup_free_ char *left = xasprintf("%s--%s%s%s", o->letter ? "-x, " : "    ", o->name,
                                              apart ? " " : "", o->arg ? o->arg : "");
        if (o->letter) {
            left[1] = o->letter;
        }
        printf("  %-*s  %s\n", OPTION_WIDTH, left, o->help);
    }
}

static void print_commands(const struct command *table)
{
    for (const struct command *c = table; c->name; c++) {
        if (c->name[0] == '_') {
            continue;
        }
        printf("  %-*s  %s\n", COMMAND_WIDTH, c->name, c->summary);
    }
}

static void print_overview(void)
{
    puts("usage: pisdk [OPTIONS] COMMAND\n\n"
         "Builds C programs with MPI for Raspberry Pi clusters on this desktop, and runs them here"
         "\nunder emulation.\n\nCommands:");
    print_commands(pisdk_commands);
    puts("\nOptions that every command takes:");
    print_options(pisdk_global_options, pisdk_n_global_options);
    puts("\n"
         "See `pisdk help COMMAND` for more. To begin:\n"
         "\n"
         "  pisdk sysroot build && pisdk new hello && cd hello && pisdk build && pisdk run -n 4");
}

static void print_command(const struct command *c, const char *words)
{
    printf("usage: pisdk %s%s%s%s\n\n%s\n", words, c->n_options ? " [OPTIONS]" : "",
           *c->arguments ? " " : "", c->arguments, c->summary);
    if (c->description) {
        printf("\n%s\n", c->description);
    }
    if (c->commands) {
        puts("\nCommands:");
        print_commands(c->commands);
    }
    if (c->n_options) {
        puts("\nOptions:");
        print_options(c->options, c->n_options);
    }
    puts("\nOptions that every command takes: -C -v -q -h --json --color --no-progress --version "
         "(`pisdk help`)");
}

int help_print(struct app *app, char *const *path, size_t n, struct err *err)
{
    const struct command *table = pisdk_commands;
    const struct command *c = NULL;
    _cleanup_strv_ struct strv words = {0};

    (void)app;
    for (size_t i = 0; i < n; i++) {
        if (!table) {
            return err_set(err, ERR_USAGE, "`%s` has no commands of its own", path[i - 1]);
        }
        c = command_find(table, i ? path[i - 1] : "", path[i], err);
        if (!c) {
            return -1;
        }
        strv_add(&words, path[i]);
        table = c->commands;
    }
    if (!c) {
        print_overview();
        return EXIT_OK;
    }
    _cleanup_free_ char *joined = strv_join(&words, " ");
    print_command(c, joined);
    return EXIT_OK;
}

int cmd_help(struct app *app, struct err *err)
{
    return help_print(app, app->input.args.items, app->input.args.n, err);
}
