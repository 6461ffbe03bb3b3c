#include "remote/remotes.h"
#include <string.h>
int remotes_add(struct remotes *r, const char *name, const char *host, struct err *err)
{
    (void)err;
    VEC_GROW(r->items, r->n);
    r->items[r->n++] = (struct remote){.name = xstrdup(name ? name : host), .host = xstrdup(host), .peer = xstrdup(host)};
    return 0;
}
struct remote *remotes_find(const struct remotes *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++) { if (strcmp(r->items[i].name, name) == 0) { return &r->items[i]; } }
    return NULL;
}
void remotes_release(struct remotes *r) { free(r->items); *r = (struct remotes){0}; }
