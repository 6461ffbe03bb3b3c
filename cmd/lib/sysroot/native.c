// SPDX-License-Identifier: MIT
#include "sysroot/native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "fetch/cache.h"
#include "sysroot/index.h"
#include "sysroot/packages.h"

enum { FOLDER_MODE = 0755 };

// The length of a version without the number of a rebuild at its end: +b1, +b12 (Debian Policy
// 5.6.12; only binary packages have it).
static size_t source_length(const char *version)
{
    size_t n = strlen(version);
    size_t digits = n;
    while (digits > 0 && strchr("0123456789", version[digits - 1])) {
        digits--;
    }
    bool rebuilt = digits < n && digits >= 2 && strncmp(version + digits - 2, "+b", 2) == 0;
    return rebuilt ? digits - 2 : n;
}

bool native_is_same_version(const char *a, const char *b)
{
    size_t n = source_length(a);
    return n == source_length(b) && strncmp(a, b, n) == 0;
}

// The recipe of the packages of this architecture: no other settings, the same suites.
static struct recipe recipe_of(const struct recipe *recipe, const struct recipe_native *n,
                               const struct strv *wanted, const struct strv *provided)
{
    struct recipe other = *recipe;
    other.arch = n->arch;
    other.triple = n->triple;
    other.wanted = *wanted;
    other.provided = *provided;
    other.flavour = NULL;
    other.n_sources = 0;
    other.n_natives = 0;
    return other;
}

static bool can_do_without(const struct mirror_options *o, const struct err *err)
{
    return err->code != ERR_INTERRUPTED && (err->code != ERR_NETWORK || o->fetch.offline);
}

// Takes the names out of `wanted` whose versions differ. True when there were any.
static bool drop_other_versions(const struct lock *lock, const struct lock *found,
                                const struct mirror_options *o, struct strv *wanted)
{
    struct strv same = {0};
    for (size_t i = 0; i < wanted->n; i++) {
        const struct package *own = package_list_find(&lock->packages, wanted->items[i]);
        const struct package *p = package_list_find(&found->packages, wanted->items[i]);
        if (p && native_is_same_version(own->version, p->version)) {
            strv_add(&same, wanted->items[i]);
        } else {
            log_warning(o->fetch.log, "%s stays emulated: %s has version %s of it, %s has %s",
                        own->name, found->arch, p ? p->version : "no", lock->arch, own->version);
        }
    }
    bool dropped = same.n < wanted->n;
    strv_release(wanted);
    *wanted = same;
    return dropped;
}

static void take_packages(const struct recipe_native *n, const struct strv *wanted,
                          struct lock *found, struct lock *lock)
{
    _cleanup_strv_ struct strv files = {0};
    strv_add(&files, "usr/share/doc/*/copyright");
    strv_add_all(&files, n->libraries.items);
    for (size_t i = 0; i < n->n_programs; i++) {
        if (strv_has(wanted, n->programs[i].package)) {
            strv_add_all(&files, n->programs[i].paths.items);
        }
    }
    struct package_list *list = &lock_add_native(lock, n->arch, n->triple, &files)->packages;
    for (size_t i = 0; i < found->packages.n; i++) {
        const struct package *p = &found->packages.items[i];
        if (strcmp(p->arch, n->arch) == 0) { // what is for all is there already
            VEC_GROW(list->items, list->n);
            package_copy(&list->items[list->n++], p);
        }
    }
}

static int choose(const struct recipe *recipe, const struct recipe_native *n,
                  const struct mirror_options *o, const char *data, struct lock *lock,
                  struct err *err)
{
    _cleanup_strv_ struct strv wanted = {0};
    _cleanup_strv_ struct strv provided = {0};
    strv_add_all(&provided, recipe->provided.items);
    strv_add_all(&provided, n->provided.items);
    for (size_t i = 0; i < n->n_programs; i++) {
        if (package_list_find(&lock->packages, n->programs[i].package)) {
            strv_add(&wanted, n->programs[i].package);
        }
    }
    while (wanted.n > 0) {
        const struct recipe other = recipe_of(recipe, n, &wanted, &provided);
        _cleanup_(lock_release) struct lock found;
        lock_from_recipe(&other, NULL, &found);
        if (index_choose(&other, o, data, &lock->packages, &found, err) != 0) {
            return -1;
        }
        if (!drop_other_versions(lock, &found, o, &wanted)) {
            take_packages(n, &wanted, &found, lock);
            break;
        }
    }
    return 0;
}

// Expands the indexes of an architecture in another process, meanwhile: that takes a second, and is
// kept for whoever needs it next. It chooses something, and what becomes of that does not matter.
static pid_t start_expanding(const struct recipe *recipe, const struct recipe_native *n,
                             const struct mirror_options *o, const char *data)
{
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    struct strv wanted = {0};
    struct err ignored = ERR_INIT;
    struct lock lock;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < n->n_programs; i++) {
        strv_add(&wanted, n->programs[i].package);
    }
    const struct recipe other = recipe_of(recipe, n, &wanted, &recipe->provided);
    lock_from_recipe(&other, NULL, &lock);
    dup2(null, STDERR_FILENO); // what there is to say will be said by the one who chooses
    (void)!index_choose(&other, o, data, NULL, &lock, &ignored);
    _exit(0);
}

static int choose_own(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                      const struct package_list *favoured, struct lock *lock, struct err *err)
{
    pid_t *helpers = xcalloc(recipe->n_natives + 1, sizeof(*helpers));
    for (size_t i = 0; i < recipe->n_natives; i++) {
        helpers[i] = start_expanding(recipe, &recipe->natives[i], o, data);
    }
    int r = index_choose(recipe, o, data, favoured, lock, err);
    for (size_t i = 0; i < recipe->n_natives; i++) {
        if (helpers[i] > 0) {
            if (r != 0) {
                kill(helpers[i], SIGKILL);
            }
            while (waitpid(helpers[i], NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
    free(helpers);
    return r;
}

int native_choose(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                  const struct package_list *favoured, struct lock *lock, struct err *err)
{
    if (choose_own(recipe, o, data, favoured, lock, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < recipe->n_natives; i++) {
        const struct recipe_native *n = &recipe->natives[i];
        if (choose(recipe, n, o, data, lock, err) == 0) {
            continue;
        }
        if (!can_do_without(o, err)) {
            return -1;
        }
        log_warning(o->fetch.log, "all programs of %s stay emulated: %s", n->arch, err->msg);
        err_clear(err);
    }
    return 0;
}

static bool is_missing(const struct lock *lock, const struct lock_native *n,
                       const struct package *p, const struct mirror_options *o, const char *data)
{
    char key[HASH_HEX + 1];
    struct tree list;
    packages_key(lock, n, p, key);
    bool unpacked = packages_list(data, key, &list);
    tree_release(&list);
    return !unpacked && !cache_has(o->fetch.cache, p->files[0].sha256, p->files[0].size);
}

static bool has_programs(const struct recipe *recipe, const char *arch, const char *package)
{
    for (size_t i = 0; recipe && i < recipe->n_natives; i++) {
        const struct recipe_native *n = &recipe->natives[i];
        for (size_t k = 0; strcmp(n->arch, arch) == 0 && k < n->n_programs; k++) {
            if (strcmp(n->programs[k].package, package) == 0) {
                return true;
            }
        }
    }
    return false;
}

// What of this architecture is there; empty when a library is not.
static bool keep_what_is_there(const struct recipe *recipe, const struct mirror_options *o,
                               const char *data, const struct lock *lock, struct lock_native *n)
{
    struct package_list kept = {0};
    bool whole = true;
    bool useful = true;
    for (size_t i = 0; i < n->packages.n; i++) {
        struct package *p = &n->packages.items[i];
        if (!is_missing(lock, n, p, o, data)) {
            VEC_GROW(kept.items, kept.n);
            kept.items[kept.n++] = *p;
            *p = (struct package){0};
            continue;
        }
        whole = false;
        useful = useful && has_programs(recipe, n->arch, p->name);
        log_warning(o->fetch.log, "the mirror has no %s: %s%s stay emulated",
                    fs_base(p->files[0].filename), useful ? "its programs" : "all programs of ",
                    useful ? "" : n->arch);
    }
    package_list_release(&n->packages);
    n->packages = kept;
    if (!useful) {
        package_list_release(&n->packages);
    }
    return !whole;
}

bool native_drop_missing(const struct recipe *recipe, const struct mirror_options *o,
                         const char *data, struct lock *lock)
{
    bool dropped = false;
    size_t n = 0;
    for (size_t i = 0; i < lock->n_natives; i++) {
        struct lock_native *native = &lock->natives[i];
        dropped = keep_what_is_there(recipe, o, data, lock, native) || dropped;
        if (native->packages.n > 0) {
            lock->natives[n++] = *native;
        } else {
            lock_release_native(native);
        }
    }
    lock->n_natives = n;
    return dropped;
}

const struct lock_native *native_of_path(const struct lock *lock, const char *path,
                                         const char **inner)
{
    static const char folder[] = NATIVE_IN_ROOT "/";
    if (!str_starts(path, folder)) {
        return NULL;
    }
    path += strlen(folder);
    for (size_t i = 0; i < lock->n_natives; i++) {
        size_t n = strlen(lock->natives[i].arch);
        if (strncmp(path, lock->natives[i].arch, n) == 0 && path[n] == '/') {
            *inner = path + n + 1;
            return &lock->natives[i];
        }
    }
    return NULL;
}

// Its part of the tree, with paths in the layer. The texts of the entries stay the tree's.
static void list_layer(const struct lock *lock, const struct lock_native *n,
                       const struct tree *tree, struct tree *out)
{
    for (size_t i = 0; i < tree->n; i++) {
        char *path = tree->items[i].path;
        const char *inner = path;
        if (native_of_path(lock, path, &inner) == n) {
            VEC_GROW(out->items, out->n);
            out->items[out->n] = tree->items[i];
            out->items[out->n++].path = path + (inner - path);
        }
    }
}

static int make_layer(const struct lock_native *n, const char *dir, int root,
                      const struct tree *list, struct err *err)
{
    _cleanup_free_ char *source = fs_join(NATIVE_IN_ROOT, n->arch);
    _cleanup_free_ char *place = xasprintf("%s/" NATIVE_LAYERS "/%s", dir, n->arch);
    _cleanup_close_ int from = fs_open_beneath(root, source, O_PATH | O_DIRECTORY, 0);
    if (from < 0) {
        return err_sys(err, "cannot open %s in the sysroot", source);
    }
    if (fs_mkdir_all(place, FOLDER_MODE, err) != 0) {
        return -1;
    }
    _cleanup_close_ int to = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (to < 0) {
        return err_sys(err, "cannot open %s", place);
    }
    if (packages_link_tree(from, list, to, err) != 0) {
        return -1;
    }
    // Where programs look for their loader; a merged /usr, as the rest of the sysroot.
    if (faccessat(to, "usr/lib64", F_OK, 0) == 0 && symlinkat("usr/lib64", to, "lib64") != 0) {
        return err_sys(err, "cannot create link %s/lib64", place);
    }
    return 0;
}

int native_make_layers(const struct lock *lock, const char *dir, int root, const struct tree *tree,
                       struct err *err)
{
    for (size_t i = 0; i < lock->n_natives; i++) {
        struct tree list = {0};
        list_layer(lock, &lock->natives[i], tree, &list);
        int r = make_layer(&lock->natives[i], dir, root, &list, err);
        free(list.items);
        if (r != 0) {
            return -1;
        }
    }
    return 0;
}
