#include "node_choice.h"
#include "base/fs.h"
#include "cluster/cluster.h"
#include "cluster_choice.h"
#include <string.h>
int nodes_choose(struct app *app, const char *where, struct remotes *out, struct err *err)
{
    struct cluster c;
    *out = (struct remotes){0};
    (void)where;
    if (cluster_choose(app, where && str_starts(where, "cluster:") ? where + 8 : NULL, &c, err) !=
        0) {
        return -1;
    }
    for (size_t i = 1; i <= c.boards; i++) {
        _cleanup_free_ char *name = xasprintf("pi%zu", i);
        (void)!remotes_add(out, name, name, err);
    }
    out->ssh_config = fs_join(c.dir, "ssh_config");
    cluster_release(&c);
    return 0;
}
