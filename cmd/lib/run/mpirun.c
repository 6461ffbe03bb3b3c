// SPDX-License-Identifier: MIT
#include "run/mpirun.h"

#include <stdlib.h>
#include <string.h>

static void add_variable(const char *one, struct strv *out)
{
    const char *value = strchr(one, '=') ? NULL : getenv(one);
    _cleanup_free_ char *text = strchr(one, '=') ? xstrdup(one)
                                : value          ? xasprintf("%s=%s", one, value)
                                                 : NULL;
    if (text && !strv_assigns(out, text)) {
        strv_add(out, text);
    }
}

void mpirun_variables(const struct strv *asked, const struct strv *project, struct strv *out)
{
    const struct strv *lists[] = {asked, project};
    for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
        for (size_t i = 0; lists[k] && i < lists[k]->n; i++) {
            add_variable(lists[k]->items[i], out);
        }
    }
}

// Hydra's mpiexec has no -x.
void mpirun_add_variable(const char *variable, bool mpich, struct strv *argv)
{
    const char *equals = strchr(variable, '=');
    _cleanup_free_ char *name = xstrndup(variable, (size_t)(equals - variable));
    if (mpich) {
        strv_add_list(argv, "-genv", name, equals + 1, NULL);
    } else {
        strv_add_list(argv, "-x", variable, NULL);
    }
}

void mpirun_words(const struct mpirun_request *request, const struct strv *variables, bool mpich,
                  struct strv *argv)
{
    const struct {
        const char *option, *value;
    } single[] = {{"--map-by", request->map_by},
                  {"--bind-to", request->bind_to},
                  {"--rank-by", request->rank_by}};
    const struct strv *pairs = request->mca;
    const struct strv *words = request->words;

    for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
        if (single[i].value) {
            strv_add_list(argv, single[i].option, single[i].value, NULL);
        }
    }
    for (size_t i = 0; i + 1 < pairs->n; i += 2) {
        strv_add_list(argv, "--mca", pairs->items[i], pairs->items[i + 1], NULL);
    }
    for (size_t i = 0; i < variables->n; i++) {
        mpirun_add_variable(variables->items[i], mpich, argv);
    }
    for (size_t i = 0; i < words->n; i++) {
        strv_add_words(argv, words->items[i]);
    }
}
