// SPDX-License-Identifier: MIT
#include "remote/remotes.h"

#include <ctype.h>
#include <string.h>

enum { PATTERN_MAX = 256, WORD_MAX = 255, DIGITS_MAX = 9 };

// --- Ranges --------------------------------------------------------------------------------------

static bool is_number(struct slice s)
{
    size_t digits = 0;
    while (digits < s.n && isdigit((unsigned char)s.p[digits])) {
        digits++;
    }
    return s.n > 0 && digits == s.n && s.n <= DIGITS_MAX;
}

static long to_number(struct slice s)
{
    long n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n = n * 10 + (s.p[i] - '0');
    }
    return n;
}

// One part of what is between brackets: 7, 1-64, or 01-10, whose numbers are as wide as its first.
static int add_part(struct slice part, struct strv *numbers, struct err *err)
{
    struct slice first;
    struct slice last = part;
    int text = (int)part.n;

    if (!slice_cut(&last, '-', &first) || !is_number(first)) {
        return err_set(err, ERR_USAGE, "`%.*s` is not a range such as 1-64", text, part.p);
    }
    if (first.n == part.n) {
        last = first;
    }
    bool wide = first.p[0] == '0' && first.n > 1;
    if (!is_number(last) || to_number(last) < to_number(first) ||
        (last.p[0] == '0' && last.n != first.n)) {
        return err_set(err, ERR_USAGE, "`%.*s` is not a range such as 1-64", text, part.p);
    }
    for (long i = to_number(first); i <= to_number(last); i++) {
        if (numbers->n == REMOTES_MAX) {
            return err_set(err, ERR_USAGE, "more than %d nodes", REMOTES_MAX);
        }
        strv_addf(numbers, "%0*ld", wide ? (int)first.n : 1, i);
    }
    return 0;
}

// Puts each of `endings` behind each of `texts`.
static int multiply(struct strv *texts, const struct strv *endings, struct err *err)
{
    struct strv products = {0};

    if (endings->n * texts->n > REMOTES_MAX) {
        return err_set(err, ERR_USAGE, "more than %d nodes", REMOTES_MAX);
    }
    for (size_t t = 0; t < texts->n; t++) {
        for (size_t e = 0; e < endings->n; e++) {
            strv_addf(&products, "%s%s", texts->items[t], endings->items[e]);
        }
    }
    strv_release(texts);
    *texts = products;
    return 0;
}

// Cuts the text up to the next bracket, or the range in brackets, off the front.
static int cut_piece(const char **rest, struct strv *endings, struct err *err)
{
    if (**rest != '[') {
        size_t n = strcspn(*rest, "[");
        strv_take(endings, xstrndup(*rest, n));
        *rest += n;
        return 0;
    }
    const char *end = strchr(*rest, ']');
    if (!end) {
        return err_set(err, ERR_USAGE, "`%s` has no ]", *rest);
    }
    struct slice inside = {*rest + 1, (size_t)(end - *rest - 1)};
    struct slice part;
    if (inside.n == 0 || inside.p[inside.n - 1] == ',') {
        return err_set(err, ERR_USAGE, "`%.*s` is not a range such as [1-64]",
                       (int)(end + 1 - *rest), *rest);
    }
    while (slice_cut(&inside, ',', &part)) {
        if (add_part(part, endings, err) != 0) {
            return -1;
        }
    }
    *rest = end + 1;
    return 0;
}

int remotes_expand(const char *pattern, struct strv *out, struct err *err)
{
    _cleanup_strv_ struct strv texts = {0};
    const char *rest = pattern;

    if (strlen(pattern) > PATTERN_MAX) {
        return err_set(err, ERR_USAGE, "a name of more than %d bytes", PATTERN_MAX);
    }
    strv_add(&texts, "");
    while (*rest) {
        _cleanup_strv_ struct strv endings = {0};
        if (cut_piece(&rest, &endings, err) != 0 || multiply(&texts, &endings, err) != 0) {
            return -1;
        }
    }
    strv_add_all(out, texts.items);
    return 0;
}

// --- Names ---------------------------------------------------------------------------------------

// What a shell, ssh or mpirun would read as something else than a name is not there; nor is what
// they would read as an option.
static bool is_word(const char *text)
{
    static const char others[] = "._-:%+";
    size_t n = strlen(text);

    if (n == 0 || n > WORD_MAX || text[0] == '-' || text[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] > '~' ||
            (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]))) {
            return false;
        }
    }
    return true;
}

static const char *without_user(const char *host)
{
    const char *at = strchr(host, '@');
    return at ? at + 1 : host;
}

// An IPv6 address has two colons at least; with one, it would be HOST:PORT.
static bool is_host(const char *host)
{
    const char *at = strchr(host, '@');
    const char *colon = strchr(without_user(host), ':');
    _cleanup_free_ char *user = xstrndup(host, at ? (size_t)(at - host) : 0);
    return is_word(without_user(host)) && (!at || is_word(user)) &&
           (!colon || strchr(colon + 1, ':'));
}

static char *name_of_host(const char *host)
{
    const char *bare = without_user(host);
    bool address = strchr(bare, ':') || strspn(bare, "0123456789.") == strlen(bare);
    return xstrndup(bare, address ? strlen(bare) : strcspn(bare, "."));
}

void remote_add_words(const struct remote *node, struct strv *argv)
{
    if (node->port) {
        strv_add(argv, "-p");
        strv_addf(argv, "%ld", node->port);
    }
    if (node->identity) {
        strv_add_list(argv, "-i", node->identity, NULL);
    }
    strv_add_list(argv, "--", node->host, NULL);
}

char *remote_words(const struct remote *node)
{
    struct strbuf out = {0};
    if (node->port) {
        strbuf_addf(&out, "-p %ld ", node->port);
    }
    if (node->identity) {
        _cleanup_free_ char *file = str_quoted(node->identity);
        strbuf_addf(&out, "-i %s ", file);
    }
    strbuf_adds(&out, node->host);
    return strbuf_take(&out);
}

struct remote *remotes_find(const struct remotes *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->items[i].name, name) == 0) {
            return &r->items[i];
        }
    }
    return NULL;
}

static int add_one(struct remotes *r, char *name, const char *host, struct err *err)
{
    _cleanup_free_ char *owned = name;

    if (!is_host(host)) {
        err_set(err, ERR_USAGE, "`%s` is not HOST or USER@HOST", host);
        return err_hint(err, "letters, digits and . _ - : %% + only");
    }
    if (!is_word(name)) {
        err_set(err, ERR_USAGE, "`%s` is not a valid node name", name);
        return err_hint(err, "letters, digits and . _ - : %% + only");
    }
    if (remotes_find(r, name)) {
        return err_set(err, ERR_USAGE, "node `%s` is listed twice", name);
    }
    if (r->n == REMOTES_MAX) {
        return err_set(err, ERR_USAGE, "more than %d nodes", REMOTES_MAX);
    }
    VEC_GROW(r->items, r->n);
    r->items[r->n++] = (struct remote){
        .name = TAKE_PTR(owned), .host = xstrdup(host), .peer = xstrdup(without_user(host))};
    return 0;
}

static void release_one(struct remote *n)
{
    free(n->name);
    free(n->host);
    free(n->peer);
    free(n->board);
    free(n->identity);
    free(n->from);
}

int remotes_add(struct remotes *r, const char *name, const char *host, struct err *err)
{
    _cleanup_strv_ struct strv hosts = {0};
    _cleanup_strv_ struct strv names = {0};
    size_t before = r->n;

    if (remotes_expand(host, &hosts, err) != 0 ||
        (name && remotes_expand(name, &names, err) != 0)) {
        return -1;
    }
    if (name && names.n != hosts.n) {
        return err_set(err, ERR_USAGE, "`%s` is %zu, and `%s` is %zu", name, names.n, host,
                       hosts.n);
    }
    for (size_t i = 0; i < hosts.n; i++) {
        char *own = name ? xstrdup(names.items[i]) : name_of_host(hosts.items[i]);
        if (add_one(r, own, hosts.items[i], err) != 0) {
            while (r->n > before) {
                release_one(&r->items[--r->n]);
            }
            return -1;
        }
    }
    return 0;
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

int remotes_copy(struct remotes *r, const struct remote *node, struct err *err)
{
    if (add_one(r, xstrdup(node->name), node->host, err) != 0) {
        return -1;
    }
    struct remote *copy = &r->items[r->n - 1];
    free(copy->peer);
    copy->peer = xstrdup(node->peer);
    copy->board = copy_text(node->board);
    copy->identity = copy_text(node->identity);
    copy->from = copy_text(node->from);
    copy->port = node->port;
    copy->slots = node->slots;
    return 0;
}

void remotes_release(struct remotes *r)
{
    for (size_t i = 0; i < r->n; i++) {
        release_one(&r->items[i]);
    }
    free(r->items);
    free(r->folder);
    free(r->ssh_config);
    *r = (struct remotes){0};
}
