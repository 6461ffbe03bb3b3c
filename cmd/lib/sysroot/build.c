#include "sysroot/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "deb/resolver.h"
#include "sysroot/index.h"
#include "sysroot/pipeline.h"
#include "sysroot/store.h"
#include "sysroot/verify.h"

enum { FOLDER_MODE = 0755 };

struct build {
    const struct recipe *recipe;
    const struct sysroot_build_options *o;
    struct sysroot_build_report *report;
    char *place;   // DATA/sysroots/NAME
    char *staging; // DATA/sysroots/.NAME.new
    int root;      // staging/root, open
    struct package_list packages;
    struct strv mirrors;
    struct unpack_result unpacked;
    double last; // when the last step ended
};

static void step_done(struct build *b, const char *what)
{
    double now = clock_seconds();
    log_debug(b->o->log, "%s: %.2f s", what, now - b->last);
    b->last = now;
}

static bool is_up_to_date(const struct build *b)
{
    struct sysroot old;
    struct err ignored = ERR_INIT;
    if (sysroot_open(b->o->data, b->recipe->name, &old, &ignored) != 0) {
        return false;
    }
    bool same = strcmp(old.recipe_sha256, b->recipe->sha256) == 0;
    b->report->packages = old.packages.n;
    b->report->bytes = old.bytes;
    sysroot_release(&old);
    return same;
}

// Was the sysroot built from just these packages?
static bool has_same_packages(const struct build *b)
{
    struct sysroot old;
    struct err ignored = ERR_INIT;
    if (!is_up_to_date(b) || sysroot_open(b->o->data, b->recipe->name, &old, &ignored) != 0) {
        return false;
    }
    bool same = old.packages.n == b->packages.n;
    for (size_t i = 0; same && i < b->packages.n; i++) {
        same = strcmp(old.packages.items[i].sha256, b->packages.items[i].sha256) == 0;
    }
    sysroot_release(&old);
    return same;
}

static int choose_packages(struct build *b, const struct fetch_options *fetch, struct err *err)
{
    const struct index_options options = {
        .fetch = fetch,
        .mirror = b->o->mirror,
        .etc_apt = b->o->etc_apt ? b->o->etc_apt : "/etc/apt",
        .log = b->o->log,
    };
    _cleanup_(index_release) struct index_set indexes = {0};
    if (index_load(b->recipe, &options, &indexes, err) != 0) {
        return -1;
    }
    step_done(b, "package indexes");
    struct resolver *resolver = resolver_new(b->recipe->arch);
    int r = 0;
    for (size_t i = 0; i < indexes.n && r == 0; i++) {
        const struct index_text *index = &indexes.items[i];
        r = resolver_add_index(resolver, index->text.data, index->text.len, index->origin, err);
    }
    if (r == 0) {
        r = resolver_solve(resolver, &b->recipe->wanted, &b->recipe->provided, &b->packages, err);
    }
    resolver_free(resolver);
    strv_add_all(&b->mirrors, indexes.mirrors.items);
    step_done(b, "resolving");
    return r;
}

// What the packages of a sysroot do not bring themselves: the merged /usr, and the folders that a
// running system has.
static int make_skeleton(struct build *b, struct err *err)
{
    static const char *const folders[] = {
        "usr/bin", "usr/sbin", "usr/lib", "dev", "etc", "home", "media", "mnt",
        "opt",     "proc",     "root",    "run", "srv", "sys",  "tmp",   "var/tmp"};
    static const char *const merged[] = {"bin", "sbin", "lib"};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        _cleanup_close_ int fd = fs_open_folder_beneath(b->root, folders[i], FOLDER_MODE);
        if (fd < 0) {
            return err_sys(err, "cannot create folder %s in the sysroot", folders[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
        _cleanup_free_ char *target = xasprintf("usr/%s", merged[i]);
        if (symlinkat(target, b->root, merged[i]) != 0) {
            return err_sys(err, "cannot create link %s in the sysroot", merged[i]);
        }
    }
    return 0;
}

static int make_staging(struct build *b, struct err *err)
{
    static const char *const parts[] = {"root", "folders", "mnt"};

    _cleanup_free_ char *old = sysroot_side_path(b->o->data, b->recipe->name, "old");
    if (fs_remove_tree(b->staging, err) != 0 || fs_remove_tree(old, err) != 0) {
        return -1; // what a killed build or removal left
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        _cleanup_free_ char *path = fs_join(b->staging, parts[i]);
        if (fs_mkdir_all(path, FOLDER_MODE, err) != 0) {
            return -1;
        }
        if (chmod(path, FOLDER_MODE) != 0 || chmod(b->staging, FOLDER_MODE) != 0) {
            return err_sys(err, "cannot set the mode of %s", path);
        }
    }
    _cleanup_free_ char *root = fs_join(b->staging, "root");
    b->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (b->root < 0) {
        return err_sys(err, "cannot open %s", root);
    }
    return make_skeleton(b, err);
}

static int make_links(struct build *b, struct err *err)
{
    for (size_t i = 0; i < b->recipe->n_links; i++) {
        const struct recipe_link *link = &b->recipe->links[i];
        struct stat st;
        _cleanup_free_ char *parent = fs_parent(link->path);
        _cleanup_close_ int dir = fs_open_folder_beneath(b->root, parent, FOLDER_MODE);
        if (dir < 0) {
            return err_sys(err, "cannot create the folder of link %s", link->path);
        }
        if (fstatat(dir, link->target, &st, 0) != 0) {
            return err_sys(err, "%s: link %s: its target %s", b->recipe->file, link->path,
                           link->target);
        }
        if (symlinkat(link->target, dir, fs_base(link->path)) != 0) {
            return err_sys(err, "cannot create link %s", link->path);
        }
    }
    return 0;
}

// Makes in `to` every folder that is in `from`. Takes both descriptors.
static int copy_folders(int from, int to, struct err *err)
{
    _cleanup_close_ int target = to;
    DIR *dir = fdopendir(from);
    int r = 0;

    if (!dir) {
        close(from);
        return err_sys(err, "cannot read a folder of the sysroot");
    }
    for (const struct dirent *e = readdir(dir); e && r == 0; e = readdir(dir)) {
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int below = -1;
        int sub = openat(dirfd(dir), e->d_name, flags);
        if (sub >= 0 && fs_mkdir_at(target, e->d_name, FOLDER_MODE) == 0) {
            below = openat(target, e->d_name, flags);
        }
        if (sub < 0 || below < 0) {
            r = err_sys(err, "cannot copy folder %s", e->d_name);
            if (sub >= 0) {
                close(sub);
            }
        } else {
            r = copy_folders(sub, below, err);
        }
    }
    closedir(dir);
    return r;
}

static int make_folders_layer(struct build *b, struct err *err)
{
    _cleanup_free_ char *folders = fs_join(b->staging, "folders");
    int to = open(folders, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int from = openat(b->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0 || from < 0) {
        err_sys(err, "cannot open %s", folders);
        if (to >= 0) {
            close(to);
        }
        return -1;
    }
    return copy_folders(from, to, err);
}

// The new sysroot is in its place; that the old one cannot be removed does not change that.
static int discard(const struct build *b, const char *path)
{
    struct err err = ERR_INIT;
    if (fs_remove_tree(path, &err) != 0) {
        log_warning(b->o->log, "the old sysroot: %s", err.msg);
    }
    return 0;
}

// Puts the finished staging folder in its place, in one rename.
static int publish(struct build *b, struct err *err)
{
    _cleanup_free_ char *old = sysroot_side_path(b->o->data, b->recipe->name, "old");
    _cleanup_close_ int dir = openat(b->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0 || syncfs(dir) != 0) {
        return err_sys(err, "cannot write the sysroot to disk");
    }
    step_done(b, "syncing");
    if (rename(b->staging, b->place) == 0) {
        return 0;
    }
    if (renameat2(AT_FDCWD, b->staging, AT_FDCWD, b->place, RENAME_EXCHANGE) == 0) {
        return discard(b, b->staging);
    }
    // A file system that cannot exchange: for a moment there is none.
    if (rename(b->place, old) != 0) {
        return err_sys(err, "cannot replace %s", b->place);
    }
    if (rename(b->staging, b->place) != 0) {
        err_sys(err, "cannot put the sysroot in its place %s", b->place);
        (void)!rename(old, b->place);
        return -1;
    }
    return discard(b, old);
}

static int fill(struct build *b, const struct fetch_options *fetch, struct err *err)
{
    struct pipeline_report report;

    if (make_staging(b, err) != 0) {
        return -1;
    }
    const struct unpack_target target = {b->root, &b->recipe->leave_out, &b->recipe->keep};
    int r = pipeline_run(fetch, &b->packages, &b->mirrors, &target, &b->unpacked, &report, err);
    b->report->downloaded = report.downloaded;
    b->report->downloaded_bytes = report.downloaded_bytes;
    b->report->packages = b->packages.n;
    b->report->bytes = b->unpacked.bytes;
    step_done(b, "download and unpack");
    if (r != 0 || make_links(b, err) != 0 || make_folders_layer(b, err) != 0) {
        return -1;
    }
    strv_sort(&b->unpacked.elf_files);
    if (sysroot_verify_needed(b->root, b->recipe->triple, &b->unpacked.elf_files, err) != 0) {
        return -1;
    }
    step_done(b, "checking libraries");
    if (sysroot_write_manifest(b->staging, b->recipe, &b->packages, b->unpacked.bytes, err) != 0) {
        return -1;
    }
    return publish(b, err);
}

static int take_lock(const struct build *b, struct err *err)
{
    int lock = sysroot_lock(b->o->data, b->recipe->name, false, err);
    if (lock >= 0 || err->sys != EWOULDBLOCK) {
        return lock;
    }
    log_info(b->o->log, "another pisdk is building `%s`; waiting for it", b->recipe->name);
    while (!proc_stop_requested()) {
        const struct timespec tick = {.tv_nsec = 100000000}; // 0.1 s
        nanosleep(&tick, NULL);
        lock = sysroot_lock(b->o->data, b->recipe->name, false, err);
        if (lock >= 0 || err->sys != EWOULDBLOCK) {
            return lock;
        }
    }
    return err_set(err, ERR_INTERRUPTED, "interrupted");
}

static int build_locked(struct build *b, struct err *err)
{
    const struct fetch_options fetch = {b->o->cache, b->o->stall_seconds, b->o->log};

    if (!b->o->refresh && is_up_to_date(b)) { // while we waited for the lock
        b->report->up_to_date = true;
        return 0;
    }
    if (choose_packages(b, &fetch, err) != 0) {
        return -1;
    }
    if (has_same_packages(b)) {
        b->report->up_to_date = true;
        return 0;
    }
    if (fill(b, &fetch, err) == 0) {
        return 0;
    }
    struct err ignored = ERR_INIT;
    (void)!fs_remove_tree(b->staging, &ignored);
    return -1;
}

int sysroot_build(const struct recipe *recipe, const struct sysroot_build_options *o,
                  struct sysroot_build_report *report, struct err *err)
{
    struct build b = {.recipe = recipe, .o = o, .report = report, .root = -1};
    double start = clock_seconds();

    *report = (struct sysroot_build_report){0};
    b.last = start;
    if (!sysroot_name_is_valid(recipe->name)) {
        return err_set(err, ERR_USAGE, "`%s` cannot be the name of a sysroot", recipe->name);
    }
    if (!o->refresh && is_up_to_date(&b)) {
        report->up_to_date = true;
        return 0;
    }
    b.place = xasprintf("%s/sysroots/%s", o->data, recipe->name);
    b.staging = sysroot_side_path(o->data, recipe->name, "new");
    _cleanup_close_ int lock = take_lock(&b, err);
    int r = lock < 0 ? -1 : build_locked(&b, err);
    if (b.root >= 0) {
        close(b.root);
    }
    free(b.place);
    free(b.staging);
    package_list_release(&b.packages);
    strv_release(&b.mirrors);
    unpack_result_release(&b.unpacked);
    report->seconds = clock_seconds() - start;
    return r;
}
