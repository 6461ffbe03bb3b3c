// SPDX-License-Identifier: MIT
// Options: one table serves the parser (getopt_long), the help pages and the test of the manual.
#ifndef PISDK_OPTIONS_H
#define PISDK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct option_spec {
    const char *name; // without the dashes
    char letter;      // its short form, or 0
    const char *arg;  // what its argument is called, or NULL when it has none; with a blank in it,
                      // there are two, which are two values then; "[=X]": it may be left out
    const char *help; // one line
};

enum { OPTIONS_MAX = 40 };

// The words of a command line, sorted out.
struct input {
    const struct option_spec *specs[OPTIONS_MAX]; // the options that the command understands
    const char *values[OPTIONS_MAX];              // "" for a flag; NULL: not given
    struct strv given[OPTIONS_MAX];               // every value, in their order
    int counts[OPTIONS_MAX];
    size_t n;
    struct strv args; // positional arguments
    struct strv rest; // what came after "--", when the command passes words on
    int next;         // of argv: the first word that is not an option, with WORDS_COMMAND
};

// How the words of a command line follow each other.
enum input_words {
    WORDS_MIXED,   // options may stand anywhere before "--"
    WORDS_PROGRAM, // options, then a program and its words, or "--" and words
    WORDS_COMMAND, // options, then a command, whose words are left alone
};

void input_add_specs(struct input *in, const struct option_spec *specs, size_t n);

// Reads argv[1..argc). ERR_USAGE with the nearest option as hint.
int input_parse(struct input *in, int argc, char **argv, enum input_words words,
                struct err *err) ERR_MUST_CHECK;

// Does the command have this option?
bool input_has_option(const struct input *in, const char *name);
// The option must be in the table: a name that is not aborts. The last one given counts.
const char *input_value(const struct input *in, const char *name);    // NULL when not given
const char *input_value_if(const struct input *in, const char *name); // the same when the command
                                                                      // has no such option
const struct strv *input_values(const struct input *in, const char *name); // all that were given
bool input_flag(const struct input *in, const char *name);
int input_count(const struct input *in, const char *name);
// A whole number from `min` to `max`; `unset` when the option was not given.
int input_number(const struct input *in, const char *name, long unset, long min, long max,
                 long *out, struct err *err) ERR_MUST_CHECK;

// A time in seconds, fractions allowed, more than 0; 0 when the option was not given.
int input_seconds(const struct input *in, const char *name, double *out,
                  struct err *err) ERR_MUST_CHECK;
// A size in bytes: a number and K, M or G (powers of 1024), or "unlimited", which is 0; `unset`
// when the option was not given.
int input_size(const struct input *in, const char *name, uint64_t unset, uint64_t *out,
               struct err *err) ERR_MUST_CHECK;

void input_release(struct input *in);

#endif
