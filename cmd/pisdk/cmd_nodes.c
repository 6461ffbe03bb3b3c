// `pisdk nodes`: the boards that programs are deployed to and run on.

#include <string.h>

#include "base/fs.h"
#include "node_choice.h"
#include "project/edit.h"
#include "target/board.h"

#define NODE_SECTION "node "

// --- list ----------------------------------------------------------------------------------------

static void print_nodes(const struct remotes *nodes, bool json)
{
    static const struct column columns[] = {{"node", COLUMN_TEXT},
                                            {"host", COLUMN_TEXT},
                                            {"slots", COLUMN_NUMBER},
                                            {"board", COLUMN_TEXT},
                                            {"from", COLUMN_TEXT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < nodes->n; i++) {
        const struct remote *n = &nodes->items[i];
        table_text(t, n->name);
        table_text(t, n->host);
        if (n->slots) {
            table_number(t, (unsigned long long)n->slots);
        } else {
            table_text(t, NULL);
        }
        table_text(t, n->board);
        table_text(t, n->from);
    }
    table_print(t, json);
    table_free(t);
}

int cmd_nodes_list(struct app *app, struct err *err)
{
    _cleanup_(remotes_release) struct remotes nodes = {0};
    bool given = input_value(&app->input, "nodes");

    if ((given ? nodes_choose(app, NULL, &nodes, err) : nodes_of_project(app, &nodes, err)) != 0) {
        return -1;
    }
    print_nodes(&nodes, app->json);
    if (nodes.n == 0) {
        log_info(&app->log, "no nodes yet: pisdk nodes add pi@10.0.0.11");
    }
    return EXIT_OK;
}

// --- add -----------------------------------------------------------------------------------------

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
    strbuf_addf(text, "%s[" NODE_SECTION "%s]\nhost = %s\n", text->len ? "\n" : "", name, host);
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
        check_board(app, board, err) != 0 || nodes_of_project(app, &known, err) != 0) {
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

// --- remove --------------------------------------------------------------------------------------

static bool has_section(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        if (strcmp(p->nodes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// The section whose range has this node, or NULL.
static const struct project_node *range_with(const struct project *p, const char *name)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        _cleanup_strv_ struct strv names = {0};
        struct err ignored = ERR_INIT;
        if (remotes_expand(p->nodes[i].name, &names, &ignored) == 0 && strv_has(&names, name)) {
            return &p->nodes[i];
        }
    }
    return NULL;
}

// Why a node that has no section of its own cannot be removed.
static int refuse(struct app *app, const struct remotes *known, const char *name, struct err *err)
{
    const struct remote *node = remotes_find(known, name);
    const struct project_node *range = range_with(&app->project, name);
    _cleanup_strv_ struct strv names = {0};

    if (range) {
        err_set(err, ERR_USAGE, "`%s` is one of [node %s], %s/" PROJECT_FILE ":%d", name,
                range->name, app->project.dir, range->line);
        return err_hint(err, "change the range there, or remove all of it: pisdk nodes remove '%s'",
                        range->name);
    }
    if (node) {
        err_set(err, ERR_USAGE, "`%s` is in %s, not in " PROJECT_FILE, name, node->from);
        return err_hint(err, "remove it there");
    }
    for (size_t i = 0; i < known->n; i++) {
        strv_add(&names, known->items[i].name);
    }
    const char *nearest = str_nearest(name, &names);
    err_set(err, ERR_NOT_FOUND, "there is no node `%s`", name);
    return nearest ? err_hint(err, "did you mean `%s`?", nearest)
                   : err_hint(err, "`pisdk nodes list` lists them");
}

// A section may have added to a node that is known from elsewhere.
static int tell_what_stays(struct app *app, const struct strv *removed, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};
    _cleanup_free_ char *dir = xstrdup(app->project.dir);

    project_release(&app->project);
    if (project_read(dir, &app->project, err) != 0 || nodes_of_project(app, &known, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < removed->n; i++) {
        const struct remote *n = remotes_find(&known, removed->items[i]);
        if (n) {
            log_warning(&app->log, "removed the settings of `%s`; the node itself is in %s",
                        n->name, n->from);
        }
    }
    return 0;
}

int cmd_nodes_remove(struct app *app, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};
    _cleanup_strv_ struct strv sections = {0};
    const struct strv *names = &app->input.args;

    for (size_t i = 0; i < names->n; i++) {
        if (!has_section(&app->project, names->items[i])) {
            return nodes_of_project(app, &known, err) == 0
                       ? refuse(app, &known, names->items[i], err)
                       : -1;
        }
        strv_addf(&sections, NODE_SECTION "%s", names->items[i]);
    }
    if (project_remove_sections(&app->project, &sections, err) != 0) {
        return -1;
    }
    return tell_what_stays(app, names, err) == 0 ? EXIT_OK : -1;
}
