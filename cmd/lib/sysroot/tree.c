// SPDX-License-Identifier: MIT
#include "sysroot/tree.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/fs.h"
#include "deb/text.h"

#define HEADER "#mtree\n"

enum { MODE_BITS = 07777, LINK_MODE = 0777, FOLDER_DEPTH_MAX = 128 };

struct tree_entry *tree_add(struct tree *t, enum tree_type type, const char *path)
{
    VEC_GROW(t->items, t->n);
    struct tree_entry *e = &t->items[t->n++];
    *e = (struct tree_entry){.path = xstrdup(path), .type = type, .time = TREE_TIME};
    e->mode = type == TREE_FOLDER ? TREE_FOLDER_MODE
              : type == TREE_LINK ? LINK_MODE
                                  : TREE_FILE_MODE;
    return e;
}

void tree_add_parents(struct tree *t, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        _cleanup_free_ char *folder = xstrndup(path, (size_t)(slash - path));
        tree_add(t, TREE_FOLDER, folder);
    }
}

static void release_entry(struct tree_entry *e)
{
    free(e->path);
    free(e->target);
}

static int compare_paths(const void *a, const void *b)
{
    const struct tree_entry *x = a;
    const struct tree_entry *y = b;
    return strcmp(x->path, y->path);
}

void tree_sort(struct tree *t)
{
    size_t kept = 0;
    if (t->n > 1) {
        qsort(t->items, t->n, sizeof(*t->items), compare_paths);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (kept > 0 && t->items[i].type == TREE_FOLDER && t->items[kept - 1].type == TREE_FOLDER &&
            strcmp(t->items[i].path, t->items[kept - 1].path) == 0) {
            release_entry(&t->items[i]);
        } else {
            t->items[kept++] = t->items[i];
        }
    }
    t->n = kept;
}

void tree_append(struct tree *to, struct tree *from)
{
    for (size_t i = 0; i < from->n; i++) {
        VEC_GROW(to->items, to->n);
        to->items[to->n++] = from->items[i];
    }
    free(from->items);
    *from = (struct tree){0};
}

uint64_t tree_size(const struct tree *t)
{
    uint64_t size = 0;
    for (size_t i = 0; i < t->n; i++) {
        size += t->items[i].size;
    }
    return size;
}

void tree_release(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        release_entry(&t->items[i]);
    }
    free(t->items);
    *t = (struct tree){0};
}

// As mtree(5) has names: bytes other than plain characters as a backslash and three octal digits.
static void add_escaped(struct strbuf *b, const char *name)
{
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c >= 0x7f || c == '\\' || c == '#' || c == '=') {
            strbuf_addf(b, "\\%03o", c);
        } else {
            strbuf_add(b, p, 1);
        }
    }
}

static void format_entry(const struct tree_entry *e, struct strbuf *out)
{
    static const char *const types[] = {"file", "dir", "link"};
    strbuf_adds(out, "./");
    add_escaped(out, e->path);
    strbuf_addf(out, " type=%s mode=0%o time=%" PRId64 ".0", types[e->type], (unsigned)e->mode,
                e->time);
    if (e->type == TREE_LINK) {
        strbuf_adds(out, " link=");
        add_escaped(out, e->target);
    } else if (e->type == TREE_FILE) {
        strbuf_addf(out, " size=%" PRIu64 " sha256=%s%s", e->size, e->sha256,
                    e->elf ? " tags=elf" : "");
    }
    strbuf_adds(out, "\n");
}

void tree_format(const struct tree *t, struct strbuf *out)
{
    strbuf_adds(out, HEADER);
    for (size_t i = 0; i < t->n; i++) {
        format_entry(&t->items[i], out);
    }
}

void tree_digest(const struct tree *t, char out[HASH_HEX + 1])
{
    _cleanup_strbuf_ struct strbuf text = {0};
    tree_format(t, &text);
    hash_bytes(text.data, text.len, out);
}

// NULL when it is not what add_escaped writes.
static char *unescape(struct slice s)
{
    char *out = xmalloc(s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            out[n++] = s.p[i];
            continue;
        }
        unsigned c = 0;
        for (size_t d = 1; d <= 3; d++) {
            if (i + d >= s.n || s.p[i + d] < '0' || s.p[i + d] > '7') {
                free(out);
                return NULL;
            }
            c = c * 8 + (unsigned)(s.p[i + d] - '0');
        }
        if (c == 0 || c > UCHAR_MAX) {
            free(out);
            return NULL;
        }
        out[n++] = (char)c;
        i += 3;
    }
    out[n] = '\0';
    return out;
}

static bool parse_time(struct slice s, int64_t *out)
{
    uint64_t seconds;
    if (s.n < 3 || memcmp(s.p + s.n - 2, ".0", 2) != 0 ||
        !text_number((struct slice){s.p, s.n - 2}, &seconds)) {
        return false;
    }
    *out = (int64_t)seconds;
    return true;
}

static bool parse_mode(struct slice s, mode_t *out)
{
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7') {
            return false;
        }
        *out = *out * 8 + (mode_t)(s.p[i] - '0');
    }
    return s.n > 0 && s.n <= 5 && *out <= MODE_BITS;
}

static bool parse_keyword(struct slice word, struct tree_entry *e)
{
    struct slice key;
    struct slice value = word;
    if (!slice_cut(&value, '=', &key)) {
        return false;
    }
    if (slice_is(key, "type")) {
        e->type = slice_is(value, "dir")    ? TREE_FOLDER
                  : slice_is(value, "link") ? TREE_LINK
                                            : TREE_FILE;
        return e->type != TREE_FILE || slice_is(value, "file");
    }
    if (slice_is(key, "mode")) {
        return parse_mode(value, &e->mode);
    }
    if (slice_is(key, "tags")) {
        e->elf = slice_is(value, "elf");
        return e->elf;
    }
    if (slice_is(key, "link") && !e->target) {
        e->target = unescape(value);
        return e->target != NULL;
    }
    return slice_is(key, "size")     ? text_number(value, &e->size)
           : slice_is(key, "sha256") ? text_hash(value, e->sha256)
           : slice_is(key, "time")   ? parse_time(value, &e->time)
                                     : false;
}

// A path that is fit to be used below a folder: nothing absolute, empty, "." or "..".
static bool is_inner(const char *path)
{
    struct slice rest = {path, strlen(path)};
    struct slice part;
    if (*path == '\0' || *path == '/' || path[strlen(path) - 1] == '/') {
        return false;
    }
    while (slice_cut(&rest, '/', &part)) {
        if (part.n == 0 || slice_is(part, ".") || slice_is(part, "..")) {
            return false;
        }
    }
    return true;
}

static bool parse_line(struct slice line, struct tree *out)
{
    struct slice word;
    if (!slice_word(&line, &word) || word.n < 3 || memcmp(word.p, "./", 2) != 0) {
        return false;
    }
    _cleanup_free_ char *path = unescape((struct slice){word.p + 2, word.n - 2});
    if (!path || !is_inner(path)) {
        return false;
    }
    struct tree_entry *e = tree_add(out, TREE_FILE, path);
    while (slice_word(&line, &word)) {
        if (!parse_keyword(word, e)) {
            return false;
        }
    }
    return e->type == TREE_LINK ? e->target != NULL
                                : e->target == NULL && (e->type == TREE_FOLDER || e->sha256[0]);
}

int tree_parse(const char *text, size_t n, struct tree *out, struct err *err)
{
    struct slice rest = {text, n};
    struct slice line;

    *out = (struct tree){0};
    if (!slice_cut(&rest, '\n', &line) || !slice_is(line, "#mtree")) {
        return err_set(err, ERR_VERIFY, "not a list of files that pisdk has written");
    }
    for (int number = 2; slice_cut(&rest, '\n', &line); number++) {
        if (!parse_line(line, out)) {
            tree_release(out);
            return err_set(err, ERR_VERIFY, "line %d of the list of files is malformed", number);
        }
    }
    return 0;
}

int tree_read_file(int fd, struct tree_entry *e, struct err *err)
{
    char magic[SELFMAG];
    if (hash_fd(fd, e->sha256, &e->size, err) != 0) {
        return -1;
    }
    e->elf = pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
    return 0;
}

static int scan_link(int dir, const char *name, struct tree_entry *e, struct err *err)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof(target));
    if (n < 0 || (size_t)n == sizeof(target)) {
        return err_sys(err, "cannot read link %s", e->path);
    }
    e->target = xstrndup(target, (size_t)n);
    return 0;
}

static int scan_file(int dir, const char *name, struct tree_entry *e, struct err *err)
{
    _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(err, "cannot read %s", e->path);
    }
    return tree_read_file(fd, e, err);
}

static int scan_folder(int fd, const char *path, int depth, struct tree *out, struct err *err);

static int scan_entry(int dir, const char *name, const char *path, int depth, struct tree *out,
                      struct err *err)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return err_sys(err, "cannot look at %s", path);
    }
    if (S_ISDIR(st.st_mode)) {
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
            return err_sys(err, "cannot open folder %s", path);
        }
        tree_add(out, TREE_FOLDER, path)->mode = st.st_mode & MODE_BITS;
        return scan_folder(fd, path, depth + 1, out, err);
    }
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
        return err_set(err, ERR_VERIFY, "%s is a device, fifo or socket", path);
    }
    struct tree_entry *e = tree_add(out, S_ISREG(st.st_mode) ? TREE_FILE : TREE_LINK, path);
    e->time = st.st_mtime;
    e->mode = st.st_mode & MODE_BITS;
    return S_ISREG(st.st_mode) ? scan_file(dir, name, e, err) : scan_link(dir, name, e, err);
}

// Takes the descriptor.
static int scan_folder(int fd, const char *path, int depth, struct tree *out, struct err *err)
{
    DIR *dir = fdopendir(fd);
    int r = 0;

    if (!dir) {
        close(fd);
        return err_sys(err, "cannot read folder %s", path);
    }
    if (depth > FOLDER_DEPTH_MAX) {
        r = err_set(err, ERR_VERIFY, "%s: folders are nested more than %d deep", path,
                    FOLDER_DEPTH_MAX);
    }
    for (const struct dirent *e = readdir(dir); e && r == 0; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        _cleanup_free_ char *below =
            *path ? xasprintf("%s/%s", path, e->d_name) : xstrdup(e->d_name);
        r = scan_entry(dirfd(dir), e->d_name, below, depth, out, err);
    }
    closedir(dir);
    return r;
}

int tree_scan(int root, struct tree *out, struct err *err)
{
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *out = (struct tree){0};
    if (fd < 0) {
        return err_sys(err, "cannot open the folder");
    }
    if (scan_folder(fd, "", 0, out, err) != 0) {
        tree_release(out);
        return -1;
    }
    tree_sort(out);
    return 0;
}

// How two entries with the same path differ, or NULL.
static const char *difference(const struct tree_entry *a, const struct tree_entry *b)
{
    if (a->type != b->type) {
        return "another file type";
    }
    if (a->type == TREE_FOLDER) {
        return a->mode != b->mode ? "mode" : NULL;
    }
    if (a->type == TREE_LINK && strcmp(a->target, b->target) != 0) {
        return "points elsewhere";
    }
    if (a->size != b->size || strcmp(a->sha256, b->sha256) != 0) {
        return "content";
    }
    if (a->mode != b->mode) {
        return "mode";
    }
    return a->time != b->time ? "time" : NULL;
}

size_t tree_compare(const struct tree *expected, const struct tree *found, tree_on_change *tell,
                    void *user)
{
    size_t i = 0;
    size_t j = 0;
    size_t changes = 0;
    while (i < expected->n || j < found->n) {
        int order = i == expected->n ? 1
                    : j == found->n  ? -1
                                     : strcmp(expected->items[i].path, found->items[j].path);
        const char *how = "";
        if (order < 0) {
            tell(user, TREE_MISSING, expected->items[i++].path, how);
        } else if (order > 0) {
            tell(user, TREE_ADDED, found->items[j++].path, how);
        } else {
            how = difference(&expected->items[i], &found->items[j++]);
            const char *path = expected->items[i++].path;
            if (how) {
                tell(user, TREE_CHANGED, path, how);
            }
        }
        changes += how != NULL;
    }
    return changes;
}

int tree_set_folder_times(int root, const struct tree *t, struct err *err)
{
    const struct timespec times[2] = {{.tv_sec = TREE_TIME}, {.tv_sec = TREE_TIME}};
    if (utimensat(root, ".", times, 0) != 0) {
        return err_sys(err, "cannot set the time of the sysroot");
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct tree_entry *e = &t->items[i];
        if (e->type == TREE_FOLDER && utimensat(root, e->path, times, AT_SYMLINK_NOFOLLOW) != 0) {
            return err_sys(err, "cannot set the time of %s", e->path);
        }
    }
    return 0;
}
