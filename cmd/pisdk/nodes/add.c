// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "project/edit.h"
#include "target/board.h"
#include "workspace/node_choice.h"

static int check_board(struct app *app, const char *name, struct err *err)
{
    _cleanup_free_ char *folder = fs_join(app->paths.share, "toolchain/boards");
    struct board board;

    if (name && board_read(folder, name, false, &board, err) != 0) {
        return -1;
    }
    if (name) {
        board_release(&board);
    }
    return 0;
}

// What the node or the range of nodes is called: as each of them would be, range included.
static char *name_of_host(const char *host)
{
    const char *at = strchr(host, '@');
    const char *bare = at ? at + 1 : host;
    bool address = strchr(bare, ':') || strspn(bare, "0123456789.,-[]") == strlen(bare);
    return xstrndup(bare, address ? strlen(bare) : strcspn(bare, "."));
}

static int check_host(const struct remotes *known, const char *name, const char *host,
                      struct err *err)
{
    _cleanup_(remotes_release) struct remotes added = {0};
    const char *range = strchr(name, '[');

    if (remotes_add(&added, name, host, err) != 0) {
        return -1;
    }
    if (range && strcspn(range, "]") + 1 != strlen(range)) {
        err_set(err, ERR_USAGE,
                "[node %s] cannot be in " PROJECT_FILE ": a range must end the name", name);
        return err_hint(err, "give them other names: --name node[1-%zu]", added.n);
    }
    for (size_t i = 0; i < added.n; i++) {
        const struct remote *there = remotes_find(known, added.items[i].name);
        if (there && !there->from) {
            return err_set(err, ERR_USAGE, "node `%s` is given twice", there->name);
        }
        if (there) {
            err_set(err, ERR_USAGE, "node `%s` already exists, in %s", there->name, there->from);
            return err_hint(err, "use --name to give the new one another name");
        }
    }
    return 0;
}

static void add_section(struct strbuf *text, const char *name, const char *host, long slots,
                        const char *board)
{
    strbuf_addf(text, "%s[node %s]\nhost = %s\n", text->len ? "\n" : "", name, host);
    if (slots) {
        strbuf_addf(text, "slots = %ld\n", slots);
    }
    if (board) {
        strbuf_addf(text, "board = %s\n", board);
    }
}

int cmd_nodes_add(struct app *app, struct err *err)
{
    const struct strv *hosts = &app->input.args;
    const char *given = input_value(&app->input, "name");
    const char *board = input_value(&app->input, "board");
    _cleanup_(remotes_release) struct remotes known = {0};
    _cleanup_strbuf_ struct strbuf sections = {0};
    long slots;

    if (input_number(&app->input, "slots", 0, 1, REMOTE_SLOTS_MAX, &slots, err) != 0 ||
        check_board(app, board, err) != 0 || nodes_of_project(&app->work, &known, err) != 0) {
        return -1;
    }
    if (given && hosts->n != 1) {
        return err_set(err, ERR_USAGE, "--name is for one HOST");
    }
    for (size_t i = 0; i < hosts->n; i++) {
        _cleanup_free_ char *name = given ? xstrdup(given) : name_of_host(hosts->items[i]);
        if (check_host(&known, name, hosts->items[i], err) != 0) {
            return -1;
        }
        add_section(&sections, name, hosts->items[i], slots, board);
        (void)!remotes_add(&known, name, hosts->items[i], err);
    }
    if (project_add_sections(&app->project, sections.data, err) != 0) {
        return -1;
    }
    log_info(&app->log, "the project has %zu node%s", known.n, known.n == 1 ? "" : "s");
    return EXIT_OK;
}
