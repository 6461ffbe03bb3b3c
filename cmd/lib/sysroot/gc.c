// SPDX-License-Identifier: MIT
#include "sysroot/gc.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "sysroot/bytecode.h"
#include "sysroot/packages.h"
#include "sysroot/store.h"
#include "target/toolset.h"

enum { RELEASE_MAX = 8 << 20 };

struct gc {
    const struct gc_options *o;
    struct gc_report *report;
    struct strv keys;      // of unpacked packages that are needed; of built ones, their digests
    struct strv downloads; // hashes of files that are needed
    struct strbuf known;   // all Release files of the cache, which name the indexes in use
};

static uint64_t size_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

// The sizes of all regular files below a folder.
static uint64_t tree_bytes(const char *path)
{
    _cleanup_strv_ struct strv names = {0};
    struct err ignored = ERR_INIT;
    uint64_t sum = 0;
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || fs_list_dir(path, &names, &ignored) != 0) {
        return size_of(path);
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *below = fs_join(path, names.items[i]);
        sum += tree_bytes(below);
    }
    return sum;
}

static int drop(struct gc *g, const char *path, struct err *err)
{
    g->report->bytes += tree_bytes(path);
    return g->o->dry_run ? 0 : fs_remove_tree(path, err);
}

static bool has_lock(const char *project, const char *name, const struct lock *expected)
{
    _cleanup_free_ char *file = fs_join(project, name);
    _cleanup_(lock_release) struct lock lock = {0};
    struct err ignored = ERR_INIT;
    return lock_read(file, &lock, &ignored) == 0 && lock_is_same(&lock, expected);
}

bool sysroot_users(const struct sysroot *s,
                   bool (*by_its_name)(const char *project, const char *name),
                   struct strv *projects)
{
    _cleanup_free_ char *path = fs_join(s->dir, SYSROOT_PROJECTS);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    struct slice line;

    if (fs_read_file(path, SYSROOT_PROJECTS_MAX, &text, &ignored) != 0) {
        return false;
    }
    struct slice rest = {text.data, text.len};
    while (slice_cut(&rest, '\n', &line)) {
        _cleanup_free_ char *project = slice_dup(line);
        _cleanup_free_ char *lock = fs_join(project, LOCK_FILE);
        bool by_name = by_its_name && !fs_exists(lock) && by_its_name(project, s->name);
        if (!strv_has(projects, project) && (by_name || has_lock(project, LOCK_FILE, &s->lock) ||
                                             has_lock(project, LOCK_BOARD_FILE, &s->lock))) {
            strv_add(projects, project);
        }
    }
    return true;
}

// One that was made for no project is the user's own.
static bool is_used(const struct sysroot *s)
{
    _cleanup_strv_ struct strv projects = {0};
    return !sysroot_users(s, NULL, &projects) || projects.n > 0;
}

static void keep_list(struct gc *g, const struct lock *lock, const struct lock_native *native,
                      const struct package_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct package *p = &list->items[i];
        char key[HASH_HEX + 1];
        if (p->kind == PACKAGE_SOURCE) {
            memcpy(key, p->contents, sizeof(key));
        } else {
            packages_key(lock, native, p, key);
        }
        strv_add(&g->keys, key);
        for (size_t j = 0; j < p->n_files; j++) {
            strv_add(&g->downloads, p->files[j].sha256);
        }
    }
}

static void keep_packages(struct gc *g, const struct lock *lock)
{
    keep_list(g, lock, NULL, &lock->packages);
    for (size_t i = 0; i < lock->n_natives; i++) {
        keep_list(g, lock, &lock->natives[i], &lock->natives[i].packages);
    }
}

// The byte code of its Python files, which its list of files tells.
static void keep_bytecode(struct gc *g, const struct sysroot *s)
{
    _cleanup_free_ char *files = fs_join(s->dir, "files");
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_(tree_release) struct tree tree = {0};
    struct err ignored = ERR_INIT;
    if (fs_read_file(files, TREE_TEXT_MAX, &text, &ignored) == 0 &&
        tree_parse(text.data, text.len, &tree, &ignored) == 0) {
        bytecode_keys(&s->lock, &tree, &g->keys);
    }
}

static int sort_sysroots(struct gc *g, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    if (sysroot_names(g->o->data, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        struct sysroot s;
        struct err ignored = ERR_INIT;
        if (sysroot_open(g->o->data, names.items[i], &s, &ignored) != 0) {
            continue; // of another version of pisdk: the user's to remove
        }
        int r = 0;
        if (strcmp(s.name, s.lock.name) == 0 || is_used(&s)) {
            keep_packages(g, &s.lock);
            keep_bytecode(g, &s);
        } else {
            strv_add(&g->report->sysroots, s.name);
            r = g->o->dry_run ? 0 : sysroot_remove(g->o->data, s.name, err);
        }
        sysroot_release(&s);
        if (r != 0) {
            return -1;
        }
    }
    return 0;
}

typedef int on_entry(struct gc *g, const char *path, struct err *err);

// Calls `each` for every entry of a folder, which may be missing.
static int each_entry(struct gc *g, const char *folder, on_entry *each, struct err *err)
{
    _cleanup_strv_ struct strv names = {0};
    if (!fs_is_dir(folder)) {
        return 0;
    }
    if (fs_list_dir(folder, &names, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < names.n; i++) {
        _cleanup_free_ char *path = fs_join(folder, names.items[i]);
        if (each(g, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int drop_file(struct gc *g, const char *path, struct err *err)
{
    g->report->files++;
    return drop(g, path, err);
}

// Is it a built package that is needed? Those are known by what is in them.
static bool is_built(const struct gc *g, const char *path)
{
    _cleanup_free_ char *files = fs_join(path, "files");
    _cleanup_strbuf_ struct strbuf text = {0};
    char digest[HASH_HEX + 1];
    struct err ignored = ERR_INIT;
    if (fs_read_file(files, TREE_TEXT_MAX, &text, &ignored) != 0) {
        return false;
    }
    hash_bytes(text.data, text.len, digest);
    return strv_has(&g->keys, digest);
}

static int check_package(struct gc *g, const char *path, struct err *err)
{
    if (strv_has(&g->keys, fs_base(path)) || is_built(g, path)) {
        return 0;
    }
    g->report->packages++;
    return drop(g, path, err);
}

static int check_download(struct gc *g, const char *path, struct err *err)
{
    const char *name = fs_base(path);
    bool needed = strv_has(&g->downloads, name) || (g->known.data && strstr(g->known.data, name));
    if (needed && !g->o->downloads) {
        return 0;
    }
    return drop_file(g, path, err);
}

// One of the two-letter folders of unpacked packages.
static int check_packages(struct gc *g, const char *path, struct err *err)
{
    if (fs_base(path)[0] == '.') { // what a killed import has left
        return fs_is_dir(path) ? drop_file(g, path, err) : 0;
    }
    return each_entry(g, path, check_package, err);
}

static int check_downloads(struct gc *g, const char *path, struct err *err)
{
    return each_entry(g, path, check_download, err);
}

static int read_release(struct gc *g, const char *path, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;
    (void)err; // one that cannot be read names nothing
    if (fs_read_file(path, RELEASE_MAX, &text, &ignored) == 0) {
        strbuf_add(&g->known, text.data, text.len);
    }
    return 0;
}

static int look_at_index(struct gc *g, const char *path, struct err *err)
{
    const char *name = fs_base(path);
    _cleanup_free_ char *hash = xstrndup(name, strcspn(name, "."));
    bool known = g->known.data && strlen(hash) == HASH_HEX && strstr(g->known.data, hash);
    return known ? 0 : drop_file(g, path, err);
}

// Half-made and half-removed sysroots of a pisdk that was killed; none is at work now.
static int look_at_leftover(struct gc *g, const char *path, struct err *err)
{
    bool leftover = fs_base(path)[0] == '.' && (str_ends(path, ".new") || str_ends(path, ".old"));
    return leftover ? drop_file(g, path, err) : 0;
}

// Compiler commands for a sysroot that is gone. Those of others are made again when needed.
static int look_at_toolset(struct gc *g, const char *path, struct err *err)
{
    struct toolset tools;
    struct err ignored = ERR_INIT;
    if (toolset_read(path, &tools, &ignored) == 0) {
        bool used = fs_is_dir(tools.root);
        toolset_release(&tools);
        if (used) {
            return 0;
        }
    }
    return drop_file(g, path, err);
}

static int collect(struct gc *g, struct err *err)
{
    // In this order: what is needed is known before anything is looked at.
    const struct {
        const char *top, *folder;
        on_entry *each;
    } places[] = {
        {g->o->data, "sysroots", look_at_leftover}, {g->o->cache, "release", read_release},
        {g->o->data, "packages", check_packages},   {g->o->cache, "sha256", check_downloads},
        {g->o->data, "indexes", look_at_index},     {g->o->cache, "build", drop_file},
        {g->o->cache, "tools", look_at_toolset},
    };
    if (sort_sysroots(g, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *folder = fs_join(places[i].top, places[i].folder);
        if (each_entry(g, folder, places[i].each, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int gc_run(const struct gc_options *o, struct gc_report *report, struct err *err)
{
    struct gc g = {.o = o, .report = report};

    *report = (struct gc_report){0};
    _cleanup_close_ int lock = packages_lock(o->data, FS_LOCK_TRY, err);
    if (lock < 0) {
        return -1;
    }
    int r = collect(&g, err);
    strv_release(&g.keys);
    strv_release(&g.downloads);
    strbuf_release(&g.known);
    return r;
}

void gc_report_release(struct gc_report *report)
{
    strv_release(&report->sysroots);
}
