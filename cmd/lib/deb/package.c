#include "deb/package.h"

#include <stdlib.h>

uint64_t package_list_size(const struct package_list *list)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < list->n; i++) {
        sum += list->items[i].size;
    }
    return sum;
}

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
