// SPDX-License-Identifier: MIT
#include "base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p) {
        abort();
    }
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p) {
        abort();
    }
    return p;
}

void *xrealloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q) {
        abort();
    }
    return q;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    char *p = xmalloc(n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *xasprintf(const char *fmt, ...)
{
    struct strbuf b = {0};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&b, fmt, ap);
    va_end(ap);
    return strbuf_take(&b);
}

bool slice_is(struct slice s, const char *text)
{
    return s.n == strlen(text) && (s.n == 0 || memcmp(s.p, text, s.n) == 0);
}

struct slice slice_trim(struct slice s)
{
    while (s.n && isspace((unsigned char)s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && isspace((unsigned char)s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

char *slice_dup(struct slice s)
{
    return xstrndup(s.n ? s.p : "", s.n);
}

bool slice_cut(struct slice *rest, char sep, struct slice *part)
{
    if (rest->n == 0) {
        return false;
    }
    const char *end = memchr(rest->p, sep, rest->n);
    part->p = rest->p;
    part->n = end ? (size_t)(end - rest->p) : rest->n;
    size_t used = part->n + (end ? 1 : 0);
    rest->p += used;
    rest->n -= used;
    return true;
}

bool slice_word(struct slice *rest, struct slice *word)
{
    *rest = slice_trim(*rest);
    if (rest->n == 0) {
        return false;
    }
    size_t n = 0;
    while (n < rest->n && !isspace((unsigned char)rest->p[n])) {
        n++;
    }
    word->p = rest->p;
    word->n = n;
    rest->p += n;
    rest->n -= n;
    return true;
}

char *strbuf_reserve(struct strbuf *b, size_t n)
{
    if (b->len + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < b->len + n + 1) {
            cap *= 2;
        }
        b->data = xrealloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void strbuf_add(struct strbuf *b, const void *data, size_t n)
{
    char *to = strbuf_reserve(b, n);
    if (n) {
        memcpy(to, data, n);
    }
    b->len += n;
    b->data[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
    strbuf_add(b, s, strlen(s));
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        abort();
    }
    char *to = strbuf_reserve(b, (size_t)n);
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(b, fmt, ap);
    va_end(ap);
}

char *strbuf_take(struct strbuf *b)
{
    if (!b->data) {
        return xstrdup("");
    }
    char *s = TAKE_PTR(b->data);
    b->len = b->cap = 0;
    return s;
}

void strbuf_release(struct strbuf *b)
{
    free(b->data);
    *b = (struct strbuf){0};
}

void strv_take(struct strv *v, char *s)
{
    VEC_GROW(v->items, v->n + 1); // one more than needed, for the final NULL
    v->items[v->n++] = s;
    v->items[v->n] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
    strv_take(v, xstrdup(s));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
    struct strbuf b = {0};
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&b, fmt, ap);
    va_end(ap);
    strv_take(v, strbuf_take(&b));
}

void strv_add_list(struct strv *v, const char *first, ...)
{
    va_list ap;

    va_start(ap, first);
    for (const char *s = first; s; s = va_arg(ap, const char *)) {
        strv_add(v, s);
    }
    va_end(ap);
}

void strv_add_words(struct strv *v, const char *text)
{
    struct slice rest = {text, strlen(text)};
    struct slice word;

    while (slice_word(&rest, &word)) {
        strv_take(v, slice_dup(word));
    }
}

void strv_add_all(struct strv *v, char *const *items)
{
    for (size_t i = 0; items && items[i]; i++) {
        strv_add(v, items[i]);
    }
}

bool strv_has(const struct strv *v, const char *s)
{
    for (size_t i = 0; i < v->n; i++) {
        if (strcmp(v->items[i], s) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool strv_assigns(const struct strv *v, const char *assignment)
{
    size_t n = strcspn(assignment, "=");
    for (size_t i = 0; i < v->n; i++) {
        if (strcspn(v->items[i], "=") == n && strncmp(v->items[i], assignment, n) == 0) {
            return true;
        }
    }
    return false;
}

void strv_sort(struct strv *v)
{
    if (v->n > 1) {
        qsort(v->items, v->n, sizeof(*v->items), compare_strings);
    }
}

bool strv_has_sorted(const struct strv *v, const char *s)
{
    return v->n > 0 && bsearch(&s, v->items, v->n, sizeof(*v->items), compare_strings) != NULL;
}

char *strv_join(const struct strv *v, const char *sep)
{
    struct strbuf b = {0};

    for (size_t i = 0; i < v->n; i++) {
        strbuf_adds(&b, i ? sep : "");
        strbuf_adds(&b, v->items[i]);
    }
    return strbuf_take(&b);
}

void strv_release(struct strv *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->items[i]);
    }
    free(v->items);
    *v = (struct strv){0};
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t k = strlen(suffix);
    return n >= k && strcmp(s + n - k, suffix) == 0;
}

bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

enum { NEAREST_MAX = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

// Optimal string alignment distance; both strings are at most NEAREST_MAX long.
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];

    for (size_t j = 0; j <= m; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + cost);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < now[j]) {
                now[j] = before[j - 2] + 1;
            }
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *str_nearest(const char *name, const struct strv *names)
{
    size_t n = strlen(name);
    const char *best = NULL;
    size_t best_distance = n / 3 + 2; // one typing error in short names, more in long ones

    if (n == 0 || n > NEAREST_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < names->n; i++) {
        size_t m = strlen(names->items[i]);
        size_t gap = m > n ? m - n : n - m;
        if (m > NEAREST_MAX || gap >= best_distance) {
            continue;
        }
        size_t d = edit_distance(name, n, names->items[i], m);
        if (d < best_distance && d < n) {
            best_distance = d;
            best = names->items[i];
        }
    }
    return best;
}

bool str_is_one_of(const char *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(s, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

const struct str_pair *str_find_pair(const char *text, const struct str_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_starts(text, pairs[i].mark)) {
            return &pairs[i];
        }
    }
    return NULL;
}

char *str_expand(const char *text, const struct str_pair *pairs, size_t n)
{
    struct strbuf out = {0};
    strbuf_adds(&out, ""); // also an empty text is one
    while (*text) {
        const struct str_pair *pair = str_find_pair(text, pairs, n);
        if (pair) {
            strbuf_adds(&out, pair->value);
            text += strlen(pair->mark);
        } else {
            strbuf_add(&out, text++, 1);
        }
    }
    return strbuf_take(&out);
}

char *str_html(const char *text)
{
    static const struct str_pair special[] = {{"&", "&amp;"}, {"<", "&lt;"}};
    return str_expand(text, special, ARRAY_SIZE(special));
}

char *str_quoted(const char *text)
{
    static const struct str_pair quote = {"'", "'\\''"};
    _cleanup_free_ char *inner = str_expand(text, &quote, 1);
    return xasprintf("'%s'", inner);
}

void strbuf_add_quoted(struct strbuf *b, char *const *words)
{
    for (; words && *words; words++) {
        _cleanup_free_ char *word = str_quoted(*words);
        strbuf_addf(b, " %s", word);
    }
}

char *str_last_line(const char *text)
{
    struct slice rest = {text, strlen(text)};
    struct slice line;
    struct slice last = {"", 0};
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        last = line.n ? line : last;
    }
    return slice_dup(last);
}

void str_unique(char out[STR_UNIQUE + 1])
{
    unsigned char bytes[STR_UNIQUE / 2] = {0};
    (void)!getrandom(bytes, sizeof(bytes), 0);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

const char *str_size(char out[32], unsigned long long bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 32, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

const char *str_seconds(char out[32], double seconds)
{
    if (seconds < 60) {
        snprintf(out, 32, seconds < 10 ? "%.2f s" : "%.0f s", seconds);
    } else {
        snprintf(out, 32, "%d min %d s", (int)(seconds / 60), (int)seconds % 60);
    }
    return out;
}
