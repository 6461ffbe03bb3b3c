// SPDX-License-Identifier: MIT
// `pisdk deploy`, `rollback`, `undeploy`: releases on the boards.

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "deploy/differences.h"
#include "pisdk/project/deploy_view.h"
#include "pisdk/requests.h"
#include "workspace/project_deploy.h"

enum { KEEP_MAX = 100, MANIFEST_MAX = 256 << 20 };

struct deploy_command {
    struct app *app;
    struct project_deploy deploy;
    struct deploy_view view;
};

// --- What would be sent --------------------------------------------------------------------------

// The lines of the manifest of a release that is kept here; empty when it is not.
static void read_manifest(const struct deploy_command *c, const char *id, struct strv *lines)
{
    _cleanup_free_ char *path = xasprintf("%s/%s/" PAYLOAD_MANIFEST, c->deploy.cache, id);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;

    if (*id == '\0' || fs_read_file(path, MANIFEST_MAX, &text, &ignored) != 0) {
        return;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        strv_take(lines, slice_dup(line));
    }
    strv_sort(lines);
}

static bool is_there(const struct strv *lines, const struct payload_file *f)
{
    _cleanup_free_ char *line = xasprintf("%s  ./%s", f->sha256, f->path);
    return strv_has_sorted(lines, line);
}

// The release that most of the boards have that answered.
static const char *common_release(const struct deploy_result *r)
{
    const char *best = "";
    size_t most = 0;
    for (size_t i = 0; i < r->n; i++) {
        size_t same = 0;
        for (size_t k = 0; k < r->n; k++) {
            same += r->boards[k].state != DEPLOY_FAILED &&
                    strcmp(r->boards[i].current, r->boards[k].current) == 0;
        }
        if (r->boards[i].state != DEPLOY_FAILED && same > most) {
            most = same;
            best = r->boards[i].current;
        }
    }
    return best;
}

static void print_changes(struct deploy_command *c)
{
    static const struct column columns[] = {
        {"file", COLUMN_TEXT}, {"size", COLUMN_SIZE}, {"state", COLUMN_TEXT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    _cleanup_strv_ struct strv lines = {0};
    uint64_t bytes = 0;
    size_t behind = 0;
    size_t failed = 0;
    char size[32];

    read_manifest(c, common_release(&c->deploy.result), &lines);
    for (size_t i = 0; i < c->deploy.release.n; i++) {
        const struct payload_file *f = &c->deploy.release.items[i];
        bool same = f->kind == PAYLOAD_FILE && is_there(&lines, f);
        if (f->kind == PAYLOAD_FOLDER) {
            continue;
        }
        table_text(t, f->path);
        table_number(t, f->size);
        table_text(t, same ? "unchanged" : f->kind == PAYLOAD_LINK ? "link" : "to be sent");
        bytes += same ? 0 : f->size;
    }
    for (size_t i = 0; i < c->deploy.result.n; i++) {
        const struct deploy_board *b = &c->deploy.result.boards[i];
        failed += b->state == DEPLOY_FAILED;
        behind += b->state != DEPLOY_FAILED && strcmp(b->current, c->deploy.release.id) != 0;
    }
    table_print(t, c->app->json);
    fflush(stdout);
    table_free(t);
    if (behind > 0 || failed == 0) {
        log_info(&c->app->log,
                 behind ? "release %s would go to %zu of %zu boards: at most %s"
                        : "all boards already have release %s",
                 c->deploy.release.id, behind, c->deploy.result.n, str_size(size, bytes));
    }
}

static int dry_run(struct deploy_command *c, struct err *err)
{
    int r = deploy_list(&c->deploy.options, &c->deploy.result, err);
    if (c->deploy.result.n > 0) {
        print_changes(c);
    }
    return r;
}

// --- What is there -------------------------------------------------------------------------------

static void print_releases(struct deploy_command *c)
{
    static const struct column columns[] = {{"board", COLUMN_TEXT},
                                            {"release", COLUMN_TEXT},
                                            {"current", COLUMN_BOOL},
                                            {"since", COLUMN_TEXT},
                                            {"by", COLUMN_TEXT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < c->deploy.result.n; i++) {
        const struct deploy_board *b = &c->deploy.result.boards[i];
        for (size_t k = 0; k < b->releases.n; k++) {
            const char *id = b->releases.items[k];
            const struct deploy_event *last = NULL;
            for (size_t h = 0; h < b->n_history; h++) {
                last = strcmp(b->history[h].id, id) == 0 ? &b->history[h] : last;
            }
            table_text(t, b->name);
            table_text(t, id);
            table_text(t, strcmp(b->current, id) == 0 ? "yes" : "no");
            table_text(t, last ? last->at : "");
            table_text(t, last ? last->who : "");
        }
    }
    table_print(t, c->app->json);
    table_free(t);
}

static int list(struct deploy_command *c, struct err *err)
{
    int r = deploy_list(&c->deploy.options, &c->deploy.result, err);
    print_releases(c);
    return r;
}

// --- Is it as it was deployed? -------------------------------------------------------------------

static size_t print_differences(struct deploy_command *c)
{
    static const struct column columns[] = {{"board", COLUMN_TEXT},
                                            {"release", COLUMN_TEXT},
                                            {"file", COLUMN_TEXT},
                                            {"what", COLUMN_TEXT}};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    size_t boards = 0;
    for (size_t i = 0; i < c->deploy.result.n; i++) {
        const struct deploy_board *b = &c->deploy.result.boards[i];
        struct differences found;
        differences_read(&b->differences, &found);
        boards += found.n > 0;
        for (size_t k = 0; k < found.n; k++) {
            table_text(t, b->name);
            table_text(t, b->current);
            table_text(t, found.items[k].file);
            table_text(t, found.items[k].what);
        }
        differences_release(&found);
    }
    if (boards > 0 || c->app->json) {
        table_print(t, c->app->json);
        fflush(stdout);
    }
    table_free(t);
    return boards;
}

static int verify(struct deploy_command *c, struct err *err)
{
    int r = deploy_verify(&c->deploy.options, &c->deploy.result, err);
    size_t boards = print_differences(c);
    size_t empty = 0;
    if (r != 0) {
        return r;
    }
    for (size_t i = 0; i < c->deploy.result.n; i++) {
        const struct deploy_board *b = &c->deploy.result.boards[i];
        empty += b->current[0] == '\0';
        if (b->current[0] == '\0') {
            log_warning(&c->app->log, "%s: nothing is deployed", b->name);
        }
    }
    if (boards > 0) {
        err_set(err, ERR_VERIFY, "%zu of %zu boards differ from what was deployed", boards,
                c->deploy.result.n);
        return err_hint(err, "pisdk deploy --again");
    }
    log_info(&c->app->log, "%zu of %zu boards match what was deployed", c->deploy.result.n - empty,
             c->deploy.result.n);
    return 0;
}

// --- The commands --------------------------------------------------------------------------------

static int read_options(struct deploy_command *c, struct err *err)
{
    const struct input *in = &c->app->input;
    long keep;
    if (input_number(in, "keep", (long)c->deploy.options.keep, 1, KEEP_MAX, &keep, err) != 0) {
        return -1;
    }
    c->deploy.options.keep = (size_t)keep;
    c->deploy.options.partial = input_flag(in, "partial");
    c->deploy.options.direct = input_flag(in, "direct");
    c->deploy.options.again = input_flag(in, "again");
    return 0;
}

// The end of each of them: what failed, and, unless it never came to that, a line a board.
static int conclude(struct deploy_command *c, int r, bool table, struct err *err)
{
    r = project_deploy_tell(&c->deploy, r, err);
    if (table && c->deploy.result.n > 0 && (r == 0 || err->code == ERR_NODES)) {
        deploy_view_table(c->app, &c->deploy.result);
        fflush(stdout);
    }
    return r;
}

static int deploy(struct deploy_command *c, struct err *err)
{
    const struct input *in = &c->app->input;
    if (input_flag(in, "list")) {
        return conclude(c, list(c, err), false, err);
    }
    if (input_flag(in, "verify")) {
        return conclude(c, verify(c, err), false, err);
    }
    if (read_options(c, err) != 0 || project_deploy_collect(&c->deploy, err) != 0) {
        return -1;
    }
    if (input_flag(in, "dry-run")) {
        return conclude(c, dry_run(c, err), false, err);
    }
    return conclude(c, project_deploy_send(&c->deploy, err), true, err);
}

static int on_boards(struct app *app, int (*work)(struct deploy_command *c, struct err *err),
                     struct err *err)
{
    struct deploy_command c = {.app = app};
    struct deploy_request request;
    if (deploy_request_read(&app->input, &request, err) != 0) {
        return -1;
    }
    if (work == deploy && app->input.args.n > 0 && !request.bundle) {
        err_set(err, ERR_USAGE, "unexpected argument `%s`", app->input.args.items[0]);
        return err_hint(err, "a bundle's file: pisdk deploy --bundle FILE");
    }
    deploy_view_begin(&c.view, app);
    const struct deploy_watcher watcher = deploy_view_watcher(&c.view);
    int r = project_deploy_begin(&c.deploy, &app->work, input_value(&app->input, "to"), &request,
                                 &watcher, err);
    r = r == 0 ? work(&c, err) : r;
    deploy_view_end(&c.view);
    project_deploy_end(&c.deploy);
    return r == 0 ? EXIT_OK : -1;
}

int cmd_deploy(struct app *app, struct err *err)
{
    return on_boards(app, deploy, err);
}

static int roll_back(struct deploy_command *c, struct err *err)
{
    const struct strv *args = &c->app->input.args;
    return conclude(c,
                    deploy_rollback(&c->deploy.options, args->n ? args->items[0] : NULL,
                                    &c->deploy.result, err),
                    true, err);
}

int cmd_rollback(struct app *app, struct err *err)
{
    return on_boards(app, roll_back, err);
}

static int remove_all(struct deploy_command *c, struct err *err)
{
    return conclude(c, deploy_remove(&c->deploy.options, &c->deploy.result, err), true, err);
}

int cmd_undeploy(struct app *app, struct err *err)
{
    return on_boards(app, remove_all, err);
}
