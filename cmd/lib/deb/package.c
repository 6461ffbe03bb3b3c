#include "deb/package.h"

#include <stdlib.h>

void package_list_release(struct package_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct package *p = &list->items[i];
        free(p->name);
        free(p->version);
        free(p->arch);
        free(p->filename);
    }
    free(list->items);
    *list = (struct package_list){0};
}
