#include "mpirun_words.h"

void mpirun_words(const struct input *in, struct strv *argv)
{
    static const char *const names[] = {"map-by", "bind-to", "rank-by"};
    const struct strv *pairs = input_values(in, "mca");
    const struct strv *variables = input_values(in, "export");
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
        strv_add_list(argv, "-x", variables->items[i], NULL);
    }
    for (size_t i = 0; i < words->n; i++) {
        strv_add_words(argv, words->items[i]);
    }
}
