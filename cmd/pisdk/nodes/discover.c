// SPDX-License-Identifier: MIT
// `pisdk nodes discover`: boards on the local network.

#include <string.h>

#include "base/fs.h"
#include "pisdk/app.h"
#include "remote/discover.h"
#include "workspace/node_choice.h"

// The node of the project that this is; NULL: none.
static const char *node_of(const struct remotes *known, const struct discovered *d)
{
    for (size_t i = 0; i < known->n; i++) {
        const char *at = strrchr(known->items[i].host, '@');
        const char *host = at ? at + 1 : known->items[i].host;
        if (strcmp(host, d->host) == 0 || strcmp(host, d->address) == 0) {
            return known->items[i].name;
        }
    }
    return NULL;
}

static void print(struct app *app, const struct discovery *found, const struct remotes *known)
{
    static const struct column columns[] = {{"host", COLUMN_TEXT},
                                            {"address", COLUMN_TEXT},
                                            {"found_by", COLUMN_TEXT},
                                            {"node", COLUMN_TEXT}};
    _cleanup_strbuf_ struct strbuf words = {0};
    struct table *t = table_new(columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < found->n; i++) {
        const struct discovered *d = &found->items[i];
        const char *node = node_of(known, d);
        table_text(t, d->host);
        table_text(t, d->address);
        table_text(t, d->how);
        table_text(t, node);
        if (!node) {
            strbuf_addf(&words, " pi@%s", d->host);
        }
    }
    table_print(t, app->json);
    table_free(t);
    fflush(stdout);
    if (words.len) {
        log_info(&app->log, "to add them to %s, with your user name there: pisdk nodes add%s",
                 app->has_project ? "the project" : "a project", words.data);
    }
}

int cmd_nodes_discover(struct app *app, struct err *err)
{
    _cleanup_(remotes_release) struct remotes known = {0};
    struct discovery found = {0};

    log_working(&app->log, "asking the network");
    int r = discover(&app->log, &found, err);
    log_working(&app->log, NULL);
    if (r == 0 && (r = nodes_of_project(&app->work, &known, err)) == 0) {
        print(app, &found, &known);
    }
    if (r == 0 && found.n == 0 && !app->json) {
        log_info(&app->log,
                 "no boards were found; those in other networks, or without mDNS, cannot "
                 "be: the router lists their addresses");
    }
    discovery_release(&found);
    return r == 0 ? EXIT_OK : -1;
}
