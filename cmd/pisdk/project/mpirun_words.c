#include "pisdk/project/mpirun_words.h"

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

void run_variables(const struct app *app, struct strv *out)
{
    const struct strv *given = input_values(&app->input, "export");
    for (size_t i = 0; i < given->n; i++) {
        add_variable(given->items[i], out);
    }
    for (size_t i = 0; app->has_project && i < app->project.run_environment.n; i++) {
        add_variable(app->project.run_environment.items[i], out);
    }
}

// Hydra's mpiexec has no -x.
static void add_words(const char *variable, bool mpich, struct strv *argv)
{
    const char *equals = strchr(variable, '=');
    _cleanup_free_ char *name = xstrndup(variable, (size_t)(equals - variable));
    if (mpich) {
        strv_add_list(argv, "-genv", name, equals + 1, NULL);
    } else {
        strv_add_list(argv, "-x", variable, NULL);
    }
}

void mpirun_words(const struct input *in, const struct strv *variables, bool mpich,
                  struct strv *argv)
{
    static const char *const names[] = {"map-by", "bind-to", "rank-by"};
    const struct strv *pairs = input_values(in, "mca");
    const struct strv *words = input_values(in, "mpirun");

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = input_value(in, names[i]);
        if (value) {
            strv_addf(argv, "--%s", names[i]);
            strv_add(argv, value);
        }
    }
    for (size_t i = 0; i + 1 < pairs->n; i += 2) {
        strv_add_list(argv, "--mca", pairs->items[i], pairs->items[i + 1], NULL);
    }
    for (size_t i = 0; i < variables->n; i++) {
        add_words(variables->items[i], mpich, argv);
    }
    for (size_t i = 0; i < words->n; i++) {
        strv_add_words(argv, words->items[i]);
    }
}
