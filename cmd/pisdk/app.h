// SPDX-License-Identifier: MIT
// What every command gets: the user's words, where things are, and how to speak.
//
// cmd/pisdk/ is the only code that prints or picks an exit status. A command is one entry of a
// table, in commands.c here or in the folder of its group, and one function, in the file named
// after it.
#ifndef PISDK_APP_H
#define PISDK_APP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "base/paths.h"
#include "pisdk/options.h"
#include "pisdk/ui.h"
#include "project/project.h"
#include "workspace/workspace.h"

// Exit statuses, as the manual page gives them.
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_VERIFY = 3,
    EXIT_RESOLVE = 4,
    EXIT_NODES = 5,
};

// What a command needs before it runs; main resolves it, so that a missing one is always reported
// in the same words.
enum {
    NEEDS_PROJECT = 1 << 0, // `app->project` is read from pisdk.ini here or above
    WANTS_PROJECT = 1 << 1, // the same, when there is one
};

struct app {
    struct paths paths;
    struct ui ui;
    struct log log; // speaks through ui
    struct input input;
    char **argv;   // as main got it
    int start_dir; // the folder that -C left, or -1
    bool has_project;
    struct project project;
    struct workspace work; // the paths, the project and the log above
    bool json;
};

struct command {
    const char *name;
    const char *summary;     // one line for `pisdk help`
    const char *arguments;   // for the usage line, "" when there are none
    const char *description; // paragraphs for `pisdk help NAME`, or NULL
    const struct option_spec *options;
    size_t n_options;
    const struct command *commands; // subcommands, ended by one without a name; or NULL
    int min_args, max_args;         // positional arguments; -1: any number
    bool passes_on;                 // options end at the first argument: the rest is a program's
    unsigned needs;
    // Returns an exit status, or -1 with the error set.
    int (*run)(struct app *app, struct err *err);
};

extern const struct command pisdk_commands[];
extern const struct option_spec pisdk_global_options[];
extern const size_t pisdk_n_global_options;

int cmd_boards(struct app *app, struct err *err);
int cmd_build(struct app *app, struct err *err);
int cmd_bundle(struct app *app, struct err *err);
int cmd_ci(struct app *app, struct err *err);
int cmd_cluster_connect(struct app *app, struct err *err);
int cmd_cluster_cut(struct app *app, struct err *err);
int cmd_cluster_down(struct app *app, struct err *err);
int cmd_cluster_fill(struct app *app, struct err *err);
int cmd_cluster_heal(struct app *app, struct err *err);
int cmd_cluster_image(struct app *app, struct err *err);
int cmd_cluster_kill(struct app *app, struct err *err);
int cmd_cluster_limit(struct app *app, struct err *err);
int cmd_cluster_logs(struct app *app, struct err *err);
int cmd_cluster_slow(struct app *app, struct err *err);
int cmd_cluster_ssh(struct app *app, struct err *err);
int cmd_cluster_forward(struct app *app, struct err *err);
int cmd_cluster_ssh_config(struct app *app, struct err *err);
int cmd_cluster_start(struct app *app, struct err *err);
int cmd_cluster_status(struct app *app, struct err *err);
int cmd_cluster_up(struct app *app, struct err *err);
int cmd_complete(struct app *app, struct err *err);
int cmd_clean(struct app *app, struct err *err);
int cmd_debug(struct app *app, struct err *err);
int cmd_deploy(struct app *app, struct err *err);
int cmd_doctor(struct app *app, struct err *err);
int cmd_env(struct app *app, struct err *err);
int cmd_exec(struct app *app, struct err *err);
int cmd_ide(struct app *app, struct err *err);
int cmd_init(struct app *app, struct err *err);
int cmd_jupyter(struct app *app, struct err *err);
int cmd_wheel(struct app *app, struct err *err);
int cmd_help(struct app *app, struct err *err);
int cmd_new(struct app *app, struct err *err);
int cmd_nodes_add(struct app *app, struct err *err);
int cmd_nodes_discover(struct app *app, struct err *err);
int cmd_nodes_doctor(struct app *app, struct err *err);
int cmd_nodes_list(struct app *app, struct err *err);
int cmd_nodes_probe(struct app *app, struct err *err);
int cmd_nodes_remove(struct app *app, struct err *err);
int cmd_nodes_status(struct app *app, struct err *err);
int cmd_nodes_calibrate(struct app *app, struct err *err);
int cmd_predict(struct app *app, struct err *err);
int cmd_rollback(struct app *app, struct err *err);
int cmd_run(struct app *app, struct err *err);
int cmd_shell(struct app *app, struct err *err);
int cmd_size(struct app *app, struct err *err);
int cmd_submit(struct app *app, struct err *err);
int cmd_sysroot_add(struct app *app, struct err *err);
int cmd_sysroot_build(struct app *app, struct err *err);
int cmd_sysroot_export(struct app *app, struct err *err);
int cmd_sysroot_gc(struct app *app, struct err *err);
int cmd_sysroot_import(struct app *app, struct err *err);
int cmd_sysroot_list(struct app *app, struct err *err);
int cmd_sysroot_path(struct app *app, struct err *err);
int cmd_sysroot_remove(struct app *app, struct err *err);
int cmd_sysroot_sbom(struct app *app, struct err *err);
int cmd_sysroot_show(struct app *app, struct err *err);
int cmd_sysroot_update(struct app *app, struct err *err);
int cmd_sysroot_search(struct app *app, struct err *err);
int cmd_sysroot_verify(struct app *app, struct err *err);
int cmd_test(struct app *app, struct err *err);
int cmd_trace_show(struct app *app, struct err *err);
int cmd_undeploy(struct app *app, struct err *err);

// The help page of a command, or of pisdk itself when `path` is empty; generated from the table.
// `path` is the words that lead to it, `n` of them. ERR_USAGE for an unknown one.
int help_print(struct app *app, char *const *path, size_t n, struct err *err);

// The command that a word names, with the nearest one as hint when there is none. `group` is the
// command that the table belongs to, or "".
const struct command *command_find(const struct command *table, const char *group, const char *name,
                                   struct err *err);

#endif
