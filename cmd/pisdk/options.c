// SPDX-License-Identifier: MIT
#include "pisdk/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/ini.h"

enum { LETTERS_MAX = 3 * OPTIONS_MAX + 3, LONG_ONLY = 1000 };

void input_add_specs(struct input *in, const struct option_spec *specs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in->n == OPTIONS_MAX) {
            abort();
        }
        in->specs[in->n++] = &specs[i];
    }
}

static void make_tables(const struct input *in, enum input_words words, char *letters,
                        struct option *longs)
{
    char *at = letters;
    *at++ = words == WORDS_MIXED ? '-' : '+'; // '-': arguments come in order, as option 1
    *at++ = ':';
    for (size_t i = 0; i < in->n; i++) {
        const struct option_spec *spec = in->specs[i];
        longs[i] = (struct option){
            .name = spec->name,
            .has_arg = !spec->arg            ? no_argument
                       : spec->arg[0] == '[' ? optional_argument
                                             : required_argument,
            .val = LONG_ONLY + (int)i,
        };
        if (spec->letter) {
            *at++ = spec->letter;
            if (spec->arg) {
                *at++ = ':';
            }
        }
    }
    *at = '\0';
}

static int find_letter(const struct input *in, int letter)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->specs[i]->letter && in->specs[i]->letter == letter) {
            return (int)i;
        }
    }
    return -1;
}

static int unknown_option(const struct input *in, const char *word, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    _cleanup_free_ char *name = xstrndup(word, strcspn(word, "="));

    for (size_t i = 0; i < in->n; i++) {
        strv_addf(&names, "--%s", in->specs[i]->name);
    }
    err_set(err, ERR_USAGE, "unknown option `%s`", name);
    const char *nearest = str_starts(name, "--") ? str_nearest(name, &names) : NULL;
    return nearest ? err_hint(err, "did you mean `%s`?", nearest) : -1;
}

static int missing_argument(const struct input *in, int code, struct err *err)
{
    int i = code >= LONG_ONLY ? code - LONG_ONLY : find_letter(in, code);
    if (i < 0) {
        return err_set(err, ERR_USAGE, "option needs an argument");
    }
    const struct option_spec *spec = in->specs[i];
    return err_set(err, ERR_USAGE, "option `--%s` needs an argument: %s", spec->name, spec->arg);
}

static void take_option(struct input *in, int index, const char *value)
{
    in->values[index] = value ? value : "";
    strv_add(&in->given[index], in->values[index]);
    in->counts[index]++;
}

// The words that getopt left: arguments, and after "--" the rest.
static void take_words(struct input *in, int argc, char **argv, enum input_words words)
{
    bool after_dashes = optind > 1 && strcmp(argv[optind - 1], "--") == 0;
    struct strv *to = words == WORDS_PROGRAM && after_dashes ? &in->rest : &in->args;
    in->next = optind;
    for (int i = optind; i < argc && words != WORDS_COMMAND; i++) {
        bool separator = words == WORDS_PROGRAM && to == &in->args && strcmp(argv[i], "--") == 0;
        if (separator && in->args.n == 1) {
            to = &in->rest; // PROGRAM -- ARGS
        } else {
            strv_add(to, argv[i]);
        }
    }
}

// An option that getopt has found, and its values, which optarg begins.
static int take_values(struct input *in, int code, int argc, char **argv, struct err *err)
{
    int i = code >= LONG_ONLY ? code - LONG_ONLY : find_letter(in, code);
    const char *arg = in->specs[i]->arg;
    bool two = arg && strchr(arg, ' ');

    if (two && optind >= argc) {
        return missing_argument(in, code, err);
    }
    if (two) {
        take_option(in, i, optarg);
    }
    take_option(in, i, two ? argv[optind++] : optarg);
    return 0;
}

// mpirun has these with one dash, and every tutorial.
static void spell_as_ours(const struct input *in, char **word)
{
    static char ranks[] = "--ranks";
    static char host[] = "--host";
    static char hostfile[] = "--hostfile";
    static const struct {
        const char *theirs;
        char *ours;
    } words[] = {{"-np", ranks},
                 {"-host", host},
                 {"-hostfile", hostfile},
                 {"-machinefile", hostfile},
                 {"--machinefile", hostfile}};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(*word, words[i].theirs) == 0 && input_has_option(in, words[i].ours + 2)) {
            *word = words[i].ours;
        }
    }
}

int input_parse(struct input *in, int argc, char **argv, enum input_words words, struct err *err)
{
    char letters[LETTERS_MAX];
    struct option longs[OPTIONS_MAX + 1] = {0};

    make_tables(in, words, letters, longs);
    optind = 0; // glibc: start again, and read the first character of `letters` again
    opterr = 0;
    for (;;) {
        int word = optind > 0 ? optind : 1;
        if (word < argc) {
            spell_as_ours(in, &argv[word]);
        }
        int code = getopt_long(argc, argv, letters, longs, NULL);
        if (code == -1) {
            break;
        }
        if (code == 1) {
            strv_add(&in->args, optarg);
        } else if (code == '?') {
            return unknown_option(in, argv[word], err);
        } else if (code == ':') {
            return missing_argument(in, optopt, err);
        } else if (take_values(in, code, argc, argv, err) != 0) {
            return -1;
        }
    }
    take_words(in, argc, argv, words);
    return 0;
}

static size_t look_for(const struct input *in, const char *name)
{
    size_t i = 0;
    while (i < in->n && strcmp(in->specs[i]->name, name) != 0) {
        i++;
    }
    return i;
}

bool input_has_option(const struct input *in, const char *name)
{
    return look_for(in, name) < in->n;
}

static size_t find_name(const struct input *in, const char *name)
{
    size_t i = look_for(in, name);
    if (i == in->n) {
        abort(); // a command asks for an option that is not in its table
    }
    return i;
}

const struct strv *input_values(const struct input *in, const char *name)
{
    return &in->given[find_name(in, name)];
}

const char *input_value(const struct input *in, const char *name)
{
    return in->values[find_name(in, name)];
}

const char *input_value_if(const struct input *in, const char *name)
{
    return input_has_option(in, name) ? input_value(in, name) : NULL;
}

bool input_flag(const struct input *in, const char *name)
{
    return input_value(in, name) != NULL;
}

int input_count(const struct input *in, const char *name)
{
    return in->counts[find_name(in, name)];
}

int input_number(const struct input *in, const char *name, long unset, long min, long max,
                 long *out, struct err *err)
{
    const char *value = input_value(in, name);
    if (!value) {
        *out = unset;
        return 0;
    }
    _cleanup_free_ char *shown = xasprintf("--%s", name);
    return ini_number(shown, value, min, max, out, err);
}

int input_seconds(const struct input *in, const char *name, double *out, struct err *err)
{
    const char *value = input_value(in, name);
    const double max = 1e7; // months; and what follows is written in digits only
    char *end = NULL;

    *out = 0;
    if (!value) {
        return 0;
    }
    bool digits = value[strspn(value, "0123456789.")] == '\0';
    double seconds = digits ? strtod(value, &end) : 0;
    if (!digits || *end != '\0' || seconds <= 0 || seconds > max) {
        return err_set(err, ERR_USAGE, "`--%s` must be a number of seconds, not `%s`", name, value);
    }
    *out = seconds;
    return 0;
}

int input_size(const struct input *in, const char *name, uint64_t unset, uint64_t *out,
               struct err *err)
{
    static const char units[] = "KMG";
    const uint64_t max = UINT64_C(1) << 44;
    const char *value = input_value(in, name);
    char *end;

    *out = unset;
    if (!value) {
        return 0;
    }
    *out = 0;
    if (strcmp(value, "unlimited") == 0) {
        return 0;
    }
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno != 0 || !isdigit((unsigned char)value[0]) || (*end && (!unit || end[1])) || n == 0 ||
        n > max >> shift) {
        err_set(err, ERR_USAGE, "`--%s` must be a size, not `%s`", name, value);
        return err_hint(err, "for example 512M or 2G, or `unlimited`");
    }
    *out = (uint64_t)n << shift;
    return 0;
}

void input_release(struct input *in)
{
    strv_release(&in->args);
    strv_release(&in->rest);
    for (size_t i = 0; i < in->n; i++) {
        strv_release(&in->given[i]);
    }
}
