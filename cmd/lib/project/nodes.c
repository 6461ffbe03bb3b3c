// SPDX-License-Identifier: MIT
#include "base/fs.h"
#include "project/project.h"

static void replace(char **to, const char *text)
{
    if (text) {
        free(*to);
        *to = xstrdup(text);
    }
}

// ~ is ssh's business; other names are relative to the project.
static char *path_of_identity(const struct project *p, const char *identity)
{
    return !identity ? NULL : identity[0] == '~' ? xstrdup(identity) : fs_join(p->dir, identity);
}

static int add_one(const struct project_node *section, const struct remote *node,
                   const char *identity, struct remotes *out, struct err *err)
{
    struct remote *n = remotes_find(out, node->name);

    if (n && section->host) {
        return err_set(err, ERR_USAGE, "node `%s` is already in %s", n->name, n->from);
    }
    if (!n) {
        if (remotes_copy(out, node, err) != 0) {
            return -1;
        }
        n = &out->items[out->n - 1];
        replace(&n->from, PROJECT_FILE);
    }
    replace(&n->board, section->board);
    replace(&n->identity, identity);
    if (section->peer) {
        replace(&n->peer, node->peer);
    }
    n->slots = section->slots ? section->slots : n->slots;
    n->port = section->port ? section->port : n->port;
    return 0;
}

static int add_section(const struct project *p, const struct project_node *section,
                       struct remotes *out, struct err *err)
{
    _cleanup_(remotes_release) struct remotes nodes = {0};
    _cleanup_(remotes_release) struct remotes peers = {0};
    _cleanup_free_ char *identity = path_of_identity(p, section->identity);
    const char *host = section->host ? section->host : section->name;

    if (remotes_add(&nodes, section->name, host, err) != 0 ||
        (section->peer && remotes_add(&peers, section->name, section->peer, err) != 0)) {
        return -1;
    }
    for (size_t i = 0; i < nodes.n; i++) {
        if (section->peer) {
            replace(&nodes.items[i].peer, peers.items[i].peer);
        }
        if (add_one(section, &nodes.items[i], identity, out, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int project_nodes(const struct project *p, struct remotes *out, struct err *err)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        if (add_section(p, &p->nodes[i], out, err) != 0) {
            return err_wrap(err, "%s/" PROJECT_FILE ":%d", p->dir, p->nodes[i].line);
        }
    }
    return 0;
}
