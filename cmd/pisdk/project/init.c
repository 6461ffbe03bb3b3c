// SPDX-License-Identifier: MIT
// `pisdk init`: pisdk.ini for code that is there already.

#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "pisdk/project/new.h"
#include "project/guess.h"

enum { RANKS = 4 };

static char *ini_text(const struct project_guess *g, const char *name, const char *sysroot,
                      const char *board)
{
    struct strbuf b = {0};
    strbuf_addf(&b, "; What pisdk knows of this project: man pisdk.ini\n\n[project]\nname = %s\n",
                name);
    strbuf_addf(&b, "\n[target]\nsysroot = %s\nboard = %s\n", sysroot, board);
    bool unclear = g->systems.n != 1 || strcmp(g->systems.items[0], "none") == 0;
    if (unclear) {
        strbuf_adds(&b, "\n[build]\n");
    }
    if (g->command) {
        strbuf_addf(&b, "command = %s\n", g->command);
    } else if (g->systems.n == 0) {
        strbuf_adds(&b, "; command = what builds it\n");
    } else if (unclear) {
        strbuf_addf(&b, "system = %s\n", g->systems.items[0]);
    }
    if (g->program || g->mpi) {
        strbuf_adds(&b, "\n[run]\n");
    }
    if (g->program) {
        strbuf_addf(&b, "program = %s\n", g->program);
    }
    if (g->mpi) {
        strbuf_addf(&b, "ranks = %d\n", RANKS);
    }
    return strbuf_take(&b);
}

static void tell(struct app *app, const struct project_guess *g, const char *name)
{
    _cleanup_free_ char *systems = strv_join(&g->systems, ", ");
    bool script = g->systems.n && strcmp(g->systems.items[0], "none") == 0;
    const char *how = g->command ? g->command : g->systems.n ? g->systems.items[0] : NULL;

    log_info(&app->log, "created " PROJECT_FILE ": project %s%s%s%s", name,
             script ? ", scripts"
             : how  ? ", built by "
                    : "",
             script || !how ? "" : how, g->mpi ? ", with MPI" : "");
    if (g->systems.n > 1) {
        log_info(&app->log,
                 "several build systems have files here (%s): `system` in " PROJECT_FILE " chooses",
                 systems);
    }
    if (!how) {
        log_warning(&app->log,
                    "no build system was found: set `command` in [build] of " PROJECT_FILE
                    ", or `system = none` for scripts");
        return;
    }
    log_info(&app->log, "next: %spisdk run", script ? "" : "pisdk build && ");
}

int cmd_init(struct app *app, struct err *err)
{
    const struct strv *args = &app->input.args;
    const char *asked = input_value(&app->input, "sysroot");
    const char *sysroot = asked ? asked : PROJECT_DEFAULT_SYSROOT;
    const char *kind = input_value(&app->input, "board");
    const char *board = kind ? kind : PROJECT_DEFAULT_BOARD;
    struct project_guess guess;

    if (fs_exists(PROJECT_FILE)) {
        err_set(err, ERR_FAILED, PROJECT_FILE " exists already");
        return err_hint(err, "pisdk build");
    }
    if (project_guess(".", &guess, err) != 0) {
        return -1;
    }
    const char *name = args->n ? args->items[0] : guess.name;
    int r = project_check_words(app, name, sysroot, board, err);
    if (r == 0) {
        _cleanup_free_ char *text = ini_text(&guess, name, sysroot, board);
        r = fs_write_file(PROJECT_FILE, text, strlen(text), 0644, err);
    }
    if (r == 0) {
        tell(app, &guess, name);
    }
    project_guess_release(&guess);
    return r;
}
