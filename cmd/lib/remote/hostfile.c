// SPDX-License-Identifier: MIT
#include "remote/hostfile.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/ini.h"
#include "remote/inventory.h"

// A host may be named more than once; looking each up takes time.
enum { FILE_MAX = 1 << 20, LINE_BYTES_MAX = 4096, MENTIONS_MAX = 4 * REMOTES_MAX };

// --- Words ---------------------------------------------------------------------------------------

// Without its quotes. Moves *p behind it.
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

// The words of a line, up to a comment, without their quotes.
static int split_words(struct slice line, struct strv *words, struct err *err)
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

struct hostfile {
    const char *path;
    struct remotes *out;
    size_t first;    // of the nodes that are from here
    size_t mentions; // of hosts, so far
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

    if (remotes_add(&added, NULL, l->host, err) != 0) {
        return -1;
    }
    h->mentions += added.n;
    if (h->mentions > MENTIONS_MAX) {
        return err_set(err, ERR_USAGE, "hosts are named more than %d times", MENTIONS_MAX);
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
        n->from = xstrdup(h->path);
        if (remotes_copy(h->out, n, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_line(struct hostfile *h, struct slice text, struct err *err)
{
    _cleanup_strv_ struct strv split = {0};
    _cleanup_strv_ struct strv words = {0};
    struct line l = {0};

    if (split_words(text, &split, err) != 0) {
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
    return add_hosts(h, &l, err);
}

int hostfile_parse(const char *path, const char *text, size_t n, struct remotes *out,
                   struct err *err)
{
    struct hostfile h = {.path = path, .out = out, .first = out->n};
    struct slice rest = {text, n};
    struct slice line;

    for (int number = 1; slice_cut(&rest, '\n', &line); number++) {
        line = slice_trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        if (line.n > LINE_BYTES_MAX) {
            return err_set(err, ERR_USAGE, "%s:%d: the line is longer than %d bytes", path, number,
                           LINE_BYTES_MAX);
        }
        if (has_control(line)) {
            return err_set(err, ERR_USAGE, "%s:%d: contains a control character", path, number);
        }
        if (read_line(&h, line, err) != 0) {
            return err_wrap(err, "%s:%d", path, number);
        }
    }
    return 0;
}

// --- Which one it is -----------------------------------------------------------------------------

// A file that prints an inventory when it is run. Its mode alone does not say: on some file systems
// all files may be run.
static bool is_program(const char *path)
{
    char magic[SELFMAG] = "";
    if (!fs_is_program(path)) { // also a pipe, which can be read only once
        return false;
    }
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, magic, sizeof(magic)) > 0 &&
           (memcmp(magic, "#!", 2) == 0 || memcmp(magic, ELFMAG, SELFMAG) == 0);
}

static bool is_yaml(const char *path, struct slice rest)
{
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.n && line.p[0] != '#') {
            break;
        }
    }
    return str_ends(path, ".yml") || str_ends(path, ".yaml") || str_ends(path, ".json") ||
           slice_is(line, "---");
}

static bool is_ini(struct slice rest)
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

int hostfile_read(const char *path, const char *group, struct remotes *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};

    if (is_program(path)) {
        return inventory_read(path, "script", group, out, err);
    }
    if (fs_read_file(path, FILE_MAX, &text, err) != 0) {
        return -1;
    }
    const struct slice all = {text.data, text.len};
    if (is_yaml(path, all) || is_ini(all)) {
        return inventory_read(path, is_yaml(path, all) ? "yaml,auto" : "ini", group, out, err);
    }
    if (group) {
        return err_set(err, ERR_USAGE, "%s is a hostfile, which has no group `%s`", path, group);
    }
    return hostfile_parse(path, text.data, text.len, out, err);
}
