// SPDX-License-Identifier: MIT
#include "pisdk/app.h"
#include "pisdk/requests.h"
#include "workspace/node_choice.h"

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
    const struct nodes_request request = nodes_request_read(&app->input);

    if ((request.nodes ? nodes_choose(&app->work, NULL, &request, &nodes, err)
                       : nodes_of_project(&app->work, &nodes, err)) != 0) {
        return -1;
    }
    print_nodes(&nodes, app->json);
    if (nodes.n == 0) {
        log_info(&app->log, "no nodes yet: pisdk nodes add pi@10.0.0.11");
    }
    return EXIT_OK;
}
