// SPDX-License-Identifier: MIT
#include "deploy/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

enum {
    FILE_MODE = 0644,
    PROGRAM_MODE = 0755,
    FOLDER_MODE = 0755,
    LINK_MODE = 0777,
    CHUNK = 1 << 20,
    DEPTH_MAX = 64,
};

static const int64_t ns_a_second = 1000000000;

const struct payload_file *payload_find(const struct payload *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->items[i].path, path) == 0) {
            return &r->items[i];
        }
    }
    return NULL;
}

static struct payload_file *add_entry(struct payload *r, enum payload_kind kind, const char *path)
{
    VEC_GROW(r->items, r->n);
    r->items[r->n] = (struct payload_file){.path = xstrdup(path), .kind = kind};
    return &r->items[r->n++];
}

static int add_file(struct payload *r, const char *source, const char *path, const struct stat *st)
{
    struct payload_file *f = add_entry(r, PAYLOAD_FILE, path);
    f->source = xstrdup(source);
    f->program = (st->st_mode & 0111) != 0;
    f->size = (uint64_t)st->st_size;
    f->time = st->st_mtim.tv_sec * ns_a_second + st->st_mtim.tv_nsec;
    r->size += f->size;
    return 0;
}

// The target of an absolute link, as seen from the folder that the link is in.
static char *relative_target(const char *link, const char *target)
{
    _cleanup_free_ char *from = fs_parent(link);
    struct strbuf out = {0};
    size_t same = 0;
    for (size_t i = 0; from[i] == target[i]; i++) {
        if (from[i] == '\0' || from[i] == '/') {
            same = i;
        }
        if (from[i] == '\0') {
            break;
        }
    }
    if (strncmp(from, target, strlen(from)) == 0 && target[strlen(from)] == '/') {
        same = strlen(from);
    }
    for (const char *p = from + same; *p; p++) {
        strbuf_adds(&out, *p == '/' ? "../" : "");
    }
    strbuf_adds(&out, target + same + 1);
    return strbuf_take(&out);
}

static int add_link(struct payload *r, const char *root, const char *source, const char *path,
                    struct err *err)
{
    char target[PATH_MAX];
    ssize_t n = readlink(source, target, sizeof(target) - 1);
    if (n < 0) {
        return err_sys(err, "cannot read the link %s", source);
    }
    target[n] = '\0';
    _cleanup_free_ char *real = fs_real_path(source);
    if (!real) {
        err_set(err, ERR_USAGE, "the link %s points to %s, which does not exist", source, target);
        return err_hint(err, "remove it, or leave it out of `files` in [deploy]");
    }
    if (!fs_is_below(real, root)) {
        err_set(err, ERR_USAGE, "the link %s points to %s, outside %s", source, target, root);
        return err_hint(err, "replace it with a copy, or leave it out of `files` in [deploy]");
    }
    struct payload_file *f = add_entry(r, PAYLOAD_LINK, path);
    f->source = xstrdup(source);
    f->target = target[0] == '/' ? relative_target(source, target) : xstrdup(target);
    return 0;
}

static int add(struct payload *r, const char *root, const char *source, const char *path, int depth,
               struct err *err);

static int add_folder(struct payload *r, const char *root, const char *source, const char *path,
                      int depth, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    if (depth > DEPTH_MAX) {
        return err_set(err, ERR_USAGE, "%s: folders are nested too deeply", source);
    }
    if (fs_list_dir(source, &names, err) != 0) {
        return -1;
    }
    add_entry(r, PAYLOAD_FOLDER, path);
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *from = fs_join(source, names.items[i]);
        _cleanup_free_ char *to = xasprintf("%s/%s", path, names.items[i]);
        if (add(r, root, from, to, depth + 1, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add(struct payload *r, const char *root, const char *source, const char *path, int depth,
               struct err *err)
{
    struct stat st;
    if (lstat(source, &st) != 0) {
        err_sys(err, "cannot read %s", source);
        err->code = errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
        return -1;
    }
    if (r->n >= PAYLOAD_FILES_MAX) {
        return err_set(err, ERR_USAGE, "more than %d files", PAYLOAD_FILES_MAX);
    }
    if (S_ISREG(st.st_mode)) {
        return add_file(r, source, path, &st);
    }
    if (S_ISDIR(st.st_mode)) {
        return add_folder(r, root, source, path, depth, err);
    }
    if (S_ISLNK(st.st_mode)) {
        return add_link(r, root, source, path, err);
    }
    return err_set(err, ERR_USAGE, "%s is neither a file, a folder nor a link", source);
}

// The folders that lead to it.
static void add_parents(struct payload *r, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        _cleanup_free_ char *folder = xstrndup(path, (size_t)(slash - path));
        if (!payload_find(r, folder)) {
            add_entry(r, PAYLOAD_FOLDER, folder);
        }
    }
}

void payload_add_link(struct payload *r, const char *path, const char *target)
{
    add_parents(r, path);
    add_entry(r, PAYLOAD_LINK, path)->target = xstrdup(target);
}

int payload_add(struct payload *r, const char *root, const char *source, const char *path,
                struct err *err)
{
    if (payload_find(r, path)) {
        return 0;
    }
    add_parents(r, path);
    return add(r, root, source, path, 0, err);
}

int payload_add_text(struct payload *r, const char *dir, const char *path, const char *text,
                     bool program, struct err *err)
{
    _cleanup_free_ char *name = xstrdup(path);
    struct stat st;
    for (char *p = name; *p; p++) {
        *p = *p == '/' ? '_' : *p;
    }
    _cleanup_free_ char *source = fs_join(dir, name);
    if (fs_write_file(source, text, strlen(text), program ? PROGRAM_MODE : FILE_MODE, err) != 0) {
        return -1;
    }
    if (stat(source, &st) != 0) {
        return err_sys(err, "cannot read %s", source);
    }
    add_parents(r, path);
    return payload_find(r, path) ? 0 : add_file(r, source, path, &st);
}

// --- Its name ------------------------------------------------------------------------------------

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct payload_file *)a)->path, ((const struct payload_file *)b)->path);
}

// What `find -printf '%y %m %P %l\0' | sort -z` on a board has to give.
static void list_tree(const struct payload *r, struct strv *lines)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct payload_file *f = &r->items[i];
        unsigned mode = f->kind == PAYLOAD_LINK     ? LINK_MODE
                        : f->kind == PAYLOAD_FOLDER ? FOLDER_MODE
                        : f->program                ? PROGRAM_MODE
                                                    : FILE_MODE;
        char kind = f->kind == PAYLOAD_LINK ? 'l' : f->kind == PAYLOAD_FOLDER ? 'd' : 'f';
        strv_addf(lines, "%c %o %s %s", kind, mode, f->path, f->target ? f->target : "");
    }
    strv_sort(lines);
}

static void tree_digest(const struct strv *lines, char out[HASH_HEX + 1])
{
    struct hash h;
    hash_init(&h);
    for (size_t i = 0; i < lines->n; i++) {
        hash_update(&h, lines->items[i], strlen(lines->items[i]) + 1);
    }
    hash_finish(&h, out);
}

static void add_escaped(struct strbuf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\n') {
            strbuf_adds(out, "\\n");
        } else {
            strbuf_addf(out, "%s%c", *p == '\\' ? "\\" : "", *p);
        }
    }
    strbuf_adds(out, "\n");
}

// A name as sha256sum(1) writes it: with a backslash in front of the line when there is a newline
// or a backslash in it.
static void add_line(struct strbuf *out, const char *sha256, const char *path)
{
    bool escaped = strpbrk(path, "\n\\") != NULL;
    strbuf_addf(out, "%s%s  ./", escaped ? "\\" : "", sha256);
    add_escaped(out, path);
}

static int hash_file(struct payload_file *f, struct err *err)
{
    _cleanup_close_ int fd = open(f->source, O_RDONLY | O_CLOEXEC);
    uint64_t size;
    if (fd < 0) {
        return err_sys(err, "cannot read %s", f->source);
    }
    if (hash_fd(fd, f->sha256, &size, err) != 0) {
        return err_wrap(err, "%s", f->source);
    }
    f->size = size;
    return 0;
}

// Does a link lead to something that is in the release? Its target is relative.
static bool leads_somewhere(const struct payload *r, const struct payload_file *link)
{
    _cleanup_free_ char *at = fs_parent(link->path);
    struct slice rest = {link->target, strlen(link->target)};
    struct slice part;
    _cleanup_free_ char *place = strcmp(at, ".") == 0 ? xstrdup("") : xstrdup(at);
    while (slice_cut(&rest, '/', &part)) {
        if (slice_is(part, "..")) {
            if (*place == '\0') {
                return false;
            }
            char *slash = strrchr(place, '/');
            *(slash ? slash : place) = '\0';
        } else if (part.n > 0 && !slice_is(part, ".")) {
            char *next = xasprintf("%s%s%.*s", place, *place ? "/" : "", (int)part.n, part.p);
            free(place);
            place = next;
        }
    }
    const struct payload_file wanted = {.path = place};
    return *place == '\0' || bsearch(&wanted, r->items, r->n, sizeof(wanted), by_path) != NULL;
}

static int check_links(const struct payload *r, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct payload_file *f = &r->items[i];
        if (f->kind == PAYLOAD_LINK && !leads_somewhere(r, f)) {
            err_set(err, ERR_USAGE, "the link %s points to %s, which is not deployed", f->source,
                    f->target);
            return err_hint(err, "add that to `files` in [deploy] as well");
        }
    }
    return 0;
}

int payload_finish(struct payload *r, struct err *err)
{
    _cleanup_strv_ struct strv lines = {0};
    char tree[HASH_HEX + 1];

    if (r->n > 0) {
        qsort(r->items, r->n, sizeof(*r->items), by_path);
    }
    if (check_links(r, err) != 0) {
        return -1;
    }
    list_tree(r, &lines);
    tree_digest(&lines, tree);
    strbuf_addf(&r->manifest, "# a release made by pisdk; tree %s\n", tree);
    for (size_t i = 0; i < lines.n; i++) {
        strbuf_adds(&r->manifest, "# ");
        add_escaped(&r->manifest, lines.items[i]);
    }
    r->size = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct payload_file *f = &r->items[i];
        if (f->kind == PAYLOAD_FILE) {
            if (hash_file(f, err) != 0) {
                return -1;
            }
            add_line(&r->manifest, f->sha256, f->path);
            r->size += f->size;
        }
    }
    hash_bytes(r->manifest.data, r->manifest.len, r->sha256);
    snprintf(r->id, sizeof(r->id), "%.*s", PAYLOAD_ID, r->sha256);
    return 0;
}

void payload_release(struct payload *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->items[i].path);
        free(r->items[i].source);
        free(r->items[i].target);
    }
    free(r->items);
    strbuf_release(&r->manifest);
    *r = (struct payload){0};
}

bool payload_is_library(const char *path)
{
    return strstr(fs_base(path), ".so") != NULL;
}

bool payload_id_is_valid(const char *text)
{
    return strlen(text) == PAYLOAD_ID && strspn(text, "0123456789abcdef") == PAYLOAD_ID;
}

// --- Its copy ------------------------------------------------------------------------------------

static int copy_bytes(int from, int to, struct hash *h, const char *name, struct err *err)
{
    _cleanup_free_ char *chunk = xmalloc(CHUNK);
    for (;;) {
        ssize_t n = read(from, chunk, CHUNK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_sys(err, "cannot read %s", name);
        }
        if (n == 0) {
            return 0;
        }
        hash_update(h, chunk, (size_t)n);
        if (fs_write_all(to, chunk, (size_t)n, err) != 0) {
            return -1;
        }
    }
}

static int copy_file(const struct payload_file *f, const char *to, struct err *err)
{
    _cleanup_close_ int in = open(f->source, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int out =
        open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, f->program ? PROGRAM_MODE : FILE_MODE);
    const struct timespec times[] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = f->time / ns_a_second, .tv_nsec = f->time % ns_a_second}};
    char sha256[HASH_HEX + 1];
    struct hash h;

    if (in < 0 || out < 0) {
        return err_sys(err, "cannot copy %s to %s", f->source, to);
    }
    hash_init(&h);
    if (copy_bytes(in, out, &h, f->source, err) != 0) {
        hash_release(&h);
        return -1;
    }
    hash_finish(&h, sha256);
    if (strcmp(sha256, f->sha256) != 0) {
        err_set(err, ERR_FAILED, "%s changed while it was read", f->source);
        return err_hint(err, "try again when nothing writes to it");
    }
    if (fchmod(out, f->program ? PROGRAM_MODE : FILE_MODE) != 0 || futimens(out, times) != 0) {
        return err_sys(err, "cannot write %s", to);
    }
    return 0;
}

static int copy_entry(const struct payload_file *f, const char *dir, struct err *err)
{
    _cleanup_free_ char *to = fs_join(dir, f->path);
    switch (f->kind) {
    case PAYLOAD_FILE:
        return copy_file(f, to, err);
    case PAYLOAD_LINK:
        return symlink(f->target, to) == 0 ? 0 : err_sys(err, "cannot write %s", to);
    default:
        return mkdir(to, FOLDER_MODE) == 0 && chmod(to, FOLDER_MODE) == 0
                   ? 0
                   : err_sys(err, "cannot write %s", to);
    }
}

int payload_keep(const struct payload *r, const char *dir, struct err *err)
{
    _cleanup_free_ char *place = fs_join(dir, r->id);
    _cleanup_free_ char *fresh = xasprintf("%s/.%s-%d", dir, r->id, (int)getpid());
    _cleanup_free_ char *manifest = fs_join(fresh, PAYLOAD_MANIFEST);

    if (fs_is_dir(place)) { // now the newest
        return utimensat(AT_FDCWD, place, NULL, 0) == 0 ? 0
                                                        : err_sys(err, "cannot write %s", place);
    }
    if (fs_mkdir_all(fresh, FOLDER_MODE, err) != 0) {
        return -1;
    }
    int keep = 0;
    for (size_t i = 0; i < r->n && keep == 0; i++) { // sorted: folders come before what is in them
        keep = copy_entry(&r->items[i], fresh, err);
    }
    if (keep == 0) {
        keep = fs_write_file(manifest, r->manifest.data, r->manifest.len, FILE_MODE, err);
    }
    if (keep == 0 && rename(fresh, place) != 0 && errno != EEXIST && errno != ENOTEMPTY) {
        keep = err_sys(err, "cannot write %s", place);
    }
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(fresh, &ignored);
    return keep;
}

int payload_check(const char *place, const char *id, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    struct payload found = {0};
    int r = fs_list_dir(place, &names, err);
    for (size_t i = 0; i < names.n && r == 0; i++) {
        _cleanup_free_ char *path = fs_join(place, names.items[i]);
        r = strcmp(names.items[i], PAYLOAD_MANIFEST) == 0
                ? 0
                : payload_add(&found, place, path, names.items[i], err);
    }
    r = r == 0 ? payload_finish(&found, err) : r;
    if (r == 0 && strcmp(found.id, id) != 0) {
        r = err_set(err, ERR_VERIFY, "it is not what was deployed under that name");
    }
    payload_release(&found);
    return r;
}

void payload_forget(const char *dir, size_t n)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    if (fs_list_dir(dir, &names, &ignored) != 0) {
        return;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(dir, names.items[i]);
        struct stat st;
        size_t newer = 0;
        if (!payload_id_is_valid(names.items[i]) || stat(path, &st) != 0) {
            continue;
        }
        for (size_t j = 0; j < names.n; j++) {
            _cleanup_free_ char *other = fs_join(dir, names.items[j]);
            struct stat there;
            newer += payload_id_is_valid(names.items[j]) && stat(other, &there) == 0 &&
                     there.st_mtim.tv_sec > st.st_mtim.tv_sec;
        }
        if (newer >= n) {
            (void)!fs_remove_tree(path, &ignored);
        }
    }
}
