// SPDX-License-Identifier: MIT
// What a board answered.

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/abi_internal.h"

static void set_text(char **to, struct slice value)
{
    free(*to);
    *to = slice_dup(slice_trim(value));
}

static long number(struct slice text)
{
    _cleanup_free_ char *copy = slice_dup(slice_trim(text));
    return strtol(copy, NULL, 0);
}

static void on_library(struct abi_answer *a, struct slice rest)
{
    struct slice name;
    if (slice_word(&rest, &name) && slice_trim(rest).n > 0) {
        VEC_GROW(a->libraries, a->n_libraries);
        a->libraries[a->n_libraries++] =
            (struct abi_found){slice_dup(name), slice_dup(slice_trim(rest))};
    }
}

static void on_system(struct abi_answer *a, struct slice rest)
{
    char **const to[] = {&a->id, &a->release, &a->codename};
    struct slice word;
    for (size_t i = 0; i < ARRAY_SIZE(to) && slice_word(&rest, &word); i++) {
        set_text(to[i], word);
    }
}

// The bytes 4 to 19 of an ELF file.
static void on_shell(struct abi_answer *a, struct slice rest)
{
    struct slice word;
    for (size_t i = 0; slice_word(&rest, &word); i++) {
        if (i == EI_CLASS - EI_CLASS) {
            a->class = number(word);
        } else if (i == offsetof(Elf32_Ehdr, e_machine) - EI_CLASS) { // below 256, lower byte first
            a->machine = number(word);
        }
    }
}

static void on_line(struct abi_answer *a, struct slice line)
{
    struct slice kind;
    const struct {
        const char *kind;
        long *to;
    } numbers[] = {{"architecture", &a->architecture},
                   {"implementer", &a->implementer},
                   {"part", &a->part},
                   {"time", &a->time_bits}};
    if (!slice_word(&line, &kind)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (slice_is(kind, numbers[i].kind)) {
            *numbers[i].to = number(line);
        }
    }
    if (slice_is(kind, "library")) {
        on_library(a, line);
    } else if (slice_is(kind, "version")) {
        strv_take(&a->versions, slice_dup(slice_trim(line)));
    } else if (slice_is(kind, "interpreter")) {
        strv_take(&a->interpreters, slice_dup(slice_trim(line)));
    } else if (slice_is(kind, "system")) {
        on_system(a, line);
    } else if (slice_is(kind, "shell")) {
        on_shell(a, line);
    } else if (slice_is(kind, "features")) {
        set_text(&a->features, line);
    } else if (slice_is(kind, "python")) {
        strv_take(&a->pythons, slice_dup(slice_trim(line)));
    } else if (slice_is(kind, "numpy")) {
        set_text(&a->numpy, line);
    } else if (slice_is(kind, "end")) {
        a->complete = true;
    }
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || (unsigned char)text.p[i] > '~') {
            return false;
        }
    }
    return true;
}

void abi_answer_release(struct abi_answer *a)
{
    for (size_t i = 0; i < a->n_libraries; i++) {
        free(a->libraries[i].library);
        free(a->libraries[i].file);
    }
    free(a->libraries);
    strv_release(&a->versions);
    strv_release(&a->pythons);
    free(a->numpy);
    strv_release(&a->interpreters);
    free(a->id);
    free(a->release);
    free(a->codename);
    free(a->features);
}

void abi_answer_read(const char *text, struct abi_answer *a)
{
    struct slice rest = {text, strnlen(text, ABI_ANSWER_MAX + 1)};
    struct slice line;
    *a = (struct abi_answer){.id = xstrdup("-"),
                             .release = xstrdup("-"),
                             .codename = xstrdup("-"),
                             .features = xstrdup("")};
    while (rest.n <= ABI_ANSWER_MAX && slice_cut(&rest, '\n', &line)) {
        if (is_plain(line)) { // what is shown has no control characters
            on_line(a, line);
        }
    }
}

const char *abi_answer_library(const struct abi_answer *a, const char *library)
{
    for (size_t i = 0; i < a->n_libraries; i++) {
        if (strcmp(a->libraries[i].library, library) == 0) {
            return a->libraries[i].file;
        }
    }
    return NULL;
}
