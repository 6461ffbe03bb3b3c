#include "remote/hostfile.h"

#include <ctype.h>
#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "remote/hostfile_internal.h"

enum { FILE_MAX = 1 << 20 };

// --- Words ---------------------------------------------------------------------------------------

// One word as Ansible reads it, without its quotes. Moves *p behind it.
static char *cut_word(const char **p, const char *end, struct err *err)
{
    _cleanup_strbuf_ struct strbuf word = {0};
    char quote = '\0';

    for (; *p < end && (quote || !isspace((unsigned char)**p)); (*p)++) {
        if (quote ? **p == quote : **p == '"' || **p == '\'') {
            quote = quote ? '\0' : **p;
        } else {
            strbuf_add(&word, *p, 1);
        }
    }
    if (quote) {
        err_set(err, ERR_USAGE, "unclosed quote");
        return NULL;
    }
    return strbuf_take(&word);
}

int hostfile_words(struct slice line, struct strv *words, struct err *err)
{
    const char *end = line.p + line.n;

    for (const char *p = line.p; p < end;) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if (*p == '#') {
            break;
        }
        char *word = cut_word(&p, end, err);
        if (!word) {
            return -1;
        }
        strv_take(words, word);
    }
    return 0;
}

// Such a character would get into messages, and is not text.
static bool has_control(struct slice line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (iscntrl((unsigned char)line.p[i]) && line.p[i] != '\t') {
            return true;
        }
    }
    return false;
}

int hostfile_lines(struct hostfile_source *s, hostfile_line_handler *handler, void *user,
                   struct err *err)
{
    struct slice rest = s->text;
    struct slice line;

    for (s->line = 1; slice_cut(&rest, '\n', &line); s->line++) {
        line = slice_trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        if (line.n > HOSTFILE_LINE_MAX) {
            return err_set(err, ERR_USAGE, "%s:%d: the line is longer than %d bytes", s->path,
                           s->line, HOSTFILE_LINE_MAX);
        }
        if (has_control(line)) {
            return err_set(err, ERR_USAGE, "%s:%d: contains a control character", s->path, s->line);
        }
        if (handler(user, line, err) != 0) {
            return err_wrap(err, "%s:%d", s->path, s->line);
        }
    }
    return 0;
}

int hostfile_mention(struct hostfile_source *s, size_t n, struct err *err)
{
    s->mentions += n;
    if (s->mentions > HOSTFILE_MENTIONS_MAX) {
        return err_set(err, ERR_USAGE, "hosts are named more than %d times", HOSTFILE_MENTIONS_MAX);
    }
    return 0;
}

// --- Hostfiles -----------------------------------------------------------------------------------

struct hostfile {
    struct hostfile_source *source;
    struct remotes *out;
    size_t first; // of the nodes that are from here
};

// What a line says of its hosts.
struct line {
    char *host;
    long slots; // 0: not said
};

// MPICH's host:N. An IPv6 address has more colons.
static int split_slots(char *host, long *slots, struct err *err)
{
    char *colon = strchr(host, ':');
    if (!colon || strchr(colon + 1, ':')) {
        return 0;
    }
    *colon = '\0';
    return ini_number("slots", colon + 1, 1, REMOTE_SLOTS_MAX, slots, err);
}

// Open MPI allows blanks around the equals sign, which then is a word or begins or ends one.
static void join_assignments(const struct strv *words, struct strv *joined)
{
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->items[i];
        char *last = joined->n > 1 ? joined->items[joined->n - 1] : NULL;
        if (last && (word[0] == '=' || str_ends(last, "="))) {
            joined->items[joined->n - 1] = xasprintf("%s%s", last, word);
            free(last);
        } else {
            strv_add(joined, word);
        }
    }
}

static int read_assignment(struct line *l, const char *word, struct err *err)
{
    static const char *const more[] = {"max_slots", "max-slots", "slots_max", "slots-max"};
    _cleanup_free_ char *key = xstrndup(word, strcspn(word, "="));
    const char *value = word[strlen(key)] ? word + strlen(key) + 1 : NULL;
    long limit;

    if (value && strcmp(key, "slots") == 0) {
        return ini_number(key, value, 1, REMOTE_SLOTS_MAX, &l->slots, err);
    }
    for (size_t i = 0; value && i < ARRAY_SIZE(more); i++) {
        if (strcmp(key, more[i]) == 0) { // pisdk starts no more than `slots` anyway
            return ini_number(key, value, 1, REMOTE_SLOTS_MAX, &limit, err);
        }
    }
    if (value && (strcmp(key, "ifname") == 0 || strcmp(key, "binding") == 0)) {
        return 0;
    }
    err_set(err, ERR_USAGE, "unknown word `%s` in a hostfile", word);
    return err_hint(err, "a line is HOST slots=N, or HOST:N");
}

// A host that is there again has that many slots more, as with mpirun.
static int add_hosts(struct hostfile *h, const struct line *l, struct err *err)
{
    _cleanup_(remotes_release) struct remotes added = {0};

    if (remotes_add(&added, NULL, l->host, err) != 0 ||
        hostfile_mention(h->source, added.n, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < added.n; i++) {
        struct remote *n = &added.items[i];
        struct remote *there = remotes_find(h->out, n->name);
        if (there && there >= h->out->items + h->first && strcmp(there->host, n->host) == 0) {
            there->slots = (there->slots ? there->slots : 1) + (l->slots ? l->slots : 1);
            if (there->slots > REMOTE_SLOTS_MAX) {
                return err_set(err, ERR_USAGE, "more than %d slots", REMOTE_SLOTS_MAX);
            }
            continue;
        }
        n->slots = l->slots;
        n->from = xstrdup(h->source->path);
        if (remotes_copy(h->out, n, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int on_line(void *user, struct slice text, struct err *err)
{
    _cleanup_strv_ struct strv split = {0};
    _cleanup_strv_ struct strv words = {0};
    struct line l = {0};

    if (hostfile_words(text, &split, err) != 0) {
        return -1;
    }
    join_assignments(&split, &words);
    if (words.n == 0) {
        return 0;
    }
    l.host = words.items[0];
    if (split_slots(l.host, &l.slots, err) != 0) {
        return -1;
    }
    for (size_t i = 1; i < words.n; i++) {
        if (read_assignment(&l, words.items[i], err) != 0) {
            return -1;
        }
    }
    return add_hosts(user, &l, err);
}

// --- Files ---------------------------------------------------------------------------------------

static bool is_inventory(struct slice rest)
{
    struct slice line;
    struct slice word;

    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.n && line.p[0] == '[') {
            return true;
        }
        while (slice_word(&line, &word) && word.p[0] != '#') {
            if (word.n > strlen("ansible_") &&
                memcmp(word.p, "ansible_", strlen("ansible_")) == 0) {
                return true;
            }
        }
    }
    return false;
}

int hostfile_parse(const char *path, const char *text, size_t n, const char *group,
                   struct remotes *out, struct err *err)
{
    struct hostfile_source source = {.path = path, .text = {text, n}};
    struct hostfile h = {.source = &source, .out = out, .first = out->n};

    if (str_ends(path, ".yml") || str_ends(path, ".yaml")) {
        err_set(err, ERR_USAGE, "%s: inventories are read in INI form only, not YAML", path);
        return err_hint(err, "`ansible-inventory --list` shows what is in it");
    }
    if (is_inventory(source.text)) {
        return inventory_parse(&source, group, out, err);
    }
    if (group) {
        return err_set(err, ERR_USAGE, "%s is a hostfile, which has no group `%s`", path, group);
    }
    return hostfile_lines(&source, on_line, &h, err);
}

int hostfile_read(const char *path, const char *group, struct remotes *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};

    if (fs_read_file(path, FILE_MAX, &text, err) != 0) {
        return -1;
    }
    return hostfile_parse(path, text.data, text.len, group, out, err);
}
