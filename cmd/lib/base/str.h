// SPDX-License-Identifier: MIT
// Strings: allocation that cannot fail, a growing buffer, a list of strings, small predicates.
//
// Out of memory aborts the program, so nothing here returns an error. A size that came from a file
// or the network is bounded by the caller before it gets here. `strbuf` and `strv` are held by the
// caller (`x_init` not needed: all zero is empty) and emptied with `x_release`.
#ifndef PISDK_BASE_STR_H
#define PISDK_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) ERR_PRINTF(1, 2);

// Makes room for one more element in the array `items` of `n` elements; capacity doubles.
#define VEC_GROW(items, n)                                                                         \
    do {                                                                                           \
        if (((n) & ((n)-1)) == 0) {                                                                \
            (items) = xrealloc((items), ((n) ? (n)*2 : 1) * sizeof(*(items)));                     \
        }                                                                                          \
    } while (0)

// Bytes that somebody else owns; not terminated.
struct slice {
    const char *p;
    size_t n;
};

bool slice_is(struct slice s, const char *text);
struct slice slice_trim(struct slice s);
char *slice_dup(struct slice s);
// Cuts the part up to the next `sep` (or the end) off the front of *rest. False when *rest is
// empty.
bool slice_cut(struct slice *rest, char sep, struct slice *part);
// Cuts the next run of non-space characters off the front. False when there is none.
bool slice_word(struct slice *rest, struct slice *word);

// A growing buffer; `data` is always terminated and never NULL after the first add.
struct strbuf {
    char *data;
    size_t len, cap;
};

void strbuf_add(struct strbuf *b, const void *data, size_t n);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) ERR_PRINTF(2, 3);
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap) ERR_PRINTF(2, 0);
// Makes room for n more bytes after len and returns where they go; the caller adds to len.
char *strbuf_reserve(struct strbuf *b, size_t n);
// The text, now the caller's to free; the buffer is empty afterwards. Never NULL.
char *strbuf_take(struct strbuf *b);
void strbuf_release(struct strbuf *b);

// A list of strings that owns them; `items` is NULL or ends with a NULL, so it serves as an argv.
struct strv {
    char **items;
    size_t n;
};

void strv_add(struct strv *v, const char *s);
void strv_addf(struct strv *v, const char *fmt, ...) ERR_PRINTF(2, 3);
// Several strings, the last followed by NULL.
void strv_add_list(struct strv *v, const char *first, ...) __attribute__((sentinel));
void strv_take(struct strv *v, char *s);               // adds a string that is now the list's
void strv_add_words(struct strv *v, const char *text); // one item a space-separated word
void strv_add_all(struct strv *v, char *const *items); // a NULL-terminated array
bool strv_has(const struct strv *v, const char *s);
// Has the list an assignment NAME=… to the variable that `assignment`, NAME or NAME=VALUE, names?
bool strv_assigns(const struct strv *v, const char *assignment);
void strv_sort(struct strv *v);
// The same as strv_has, for a list that was sorted.
bool strv_has_sorted(const struct strv *v, const char *s);
char *strv_join(const struct strv *v, const char *sep);
void strv_release(struct strv *v);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b); // NULL equals NULL only
bool str_is_one_of(const char *s, const char *const *names, size_t n);

// The name in the list that is nearest to `name` by edit distance (insert, delete, replace, swap of
// neighbours), or NULL when none is near enough to be what a person meant.
const char *str_nearest(const char *name, const struct strv *names);

// A text that stands for another: "{jobs}" for "4".
struct str_pair {
    const char *mark, *value;
};
// The first of the pairs whose mark `text` begins with; NULL: none.
const struct str_pair *str_find_pair(const char *text, const struct str_pair *pairs, size_t n);
// A copy of the text with every mark replaced. The caller frees it.
char *str_expand(const char *text, const struct str_pair *pairs, size_t n);

// A text as HTML, SVG and XML have it between tags. The caller frees it.
char *str_html(const char *text);

// A text as one word of a POSIX shell, in single quotes. The caller frees it.
char *str_quoted(const char *text);
// The same for several words, NULL at the end, each with a blank in front.
void strbuf_add_quoted(struct strbuf *b, char *const *words);

// The last line that has more than blanks, without those around it; "" when there is none. The
// caller frees it.
char *str_last_line(const char *text);

enum { STR_UNIQUE = 16 }; // hexadecimal digits
// A name that nobody else has (getrandom(2)).
void str_unique(char out[STR_UNIQUE + 1]);

// A size as a person reads it, "137 MB" (decimal units). Writes to `out`, returns it.
const char *str_size(char out[32], unsigned long long bytes);
// A time as a person reads it, "0.42 s" or "3 min 12 s".
const char *str_seconds(char out[32], double seconds);

#define _cleanup_strbuf_ _cleanup_(strbuf_release)
#define _cleanup_strv_   _cleanup_(strv_release)

#endif
