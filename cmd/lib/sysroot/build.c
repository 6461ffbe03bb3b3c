// SPDX-License-Identifier: MIT
#include "sysroot/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "sysroot/bytecode.h"
#include "sysroot/native.h"
#include "sysroot/pipeline.h"
#include "sysroot/source_build.h"
#include "sysroot/source_script.h"
#include "sysroot/staging.h"
#include "sysroot/store.h"
#include "sysroot/verify.h"

enum { DIGITS = 8 }; // of the lock's hash, in the name of a project's sysroot

struct build {
    struct lock *lock;
    const struct recipe *recipe; // may be NULL
    const struct sysroot_build_options *o;
    struct sysroot_build_report *report;
    struct log *log;
    struct staging staging;
    struct tree tree;
    double last; // when the last step ended
};

static void step_done(struct build *b, const char *what)
{
    double now = clock_seconds();
    log_debug(b->log, "%s: %.2f s", what, now - b->last);
    b->last = now;
}

static void report_existing(const struct sysroot *s, struct sysroot_build_report *report)
{
    report->up_to_date = true;
    report->packages = s->lock.packages.n;
    report->bytes = s->lock.tree_size;
}

char *sysroot_locked_name(const struct lock *lock)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    char hex[HASH_HEX + 1];
    lock_format(lock, false, &text);
    hash_bytes(text.data, text.len, hex);
    return xasprintf("%s-%.*s", lock->name, DIGITS, hex);
}

// The tree must be the one that the lock describes, if it does already. Where a package came out of
// its build otherwise than the lock says, it cannot be: then the sysroot keeps its own digest.
static int check_digest(struct build *b, bool differs, struct err *err)
{
    struct lock *lock = b->lock;
    char digest[HASH_HEX + 1];

    tree_digest(&b->tree, digest);
    lock->built_sha256[0] = '\0';
    if (!lock->tree_sha256[0]) {
        memcpy(lock->tree_sha256, digest, sizeof(digest));
        lock->tree_size = tree_size(&b->tree);
        return 0;
    }
    if (strcmp(digest, lock->tree_sha256) == 0) {
        return 0;
    }
    if (differs) {
        log_warning(b->log, "what was built from source differs from that of " LOCK_FILE
                            ": another compiler, or another version of pisdk");
        memcpy(lock->built_sha256, digest, sizeof(digest));
        return 0;
    }
    err_set(err, ERR_VERIFY,
            "the finished sysroot does not match " LOCK_FILE " (digest %.12s…, expected %.12s…)",
            digest, lock->tree_sha256);
    return err_hint(err, "the lock was edited, or made by another version of pisdk: `pisdk sysroot "
                         "update` writes a new one");
}

// Of the files of one architecture: `native`, or NULL for the sysroot's own.
static int check_libraries_of(struct build *b, const struct lock_native *native, struct err *err)
{
    _cleanup_free_ char *folder = native ? fs_join(NATIVE_IN_ROOT, native->arch) : xstrdup("");
    _cleanup_close_ int root = fs_open_beneath(b->staging.root, folder, O_PATH | O_DIRECTORY, 0);
    _cleanup_strv_ struct strv files = {0};
    if (root < 0) {
        return err_sys(err, "cannot open %s in the sysroot", folder);
    }
    for (size_t i = 0; i < b->tree.n; i++) {
        const char *inner = b->tree.items[i].path;
        if (b->tree.items[i].elf && native_of_path(b->lock, inner, &inner) == native) {
            strv_add(&files, inner);
        }
    }
    return sysroot_verify_needed(root, native ? native->triple : b->lock->triple, !native, &files,
                                 err);
}

static int check_libraries(struct build *b, struct err *err)
{
    int r = check_libraries_of(b, NULL, err);
    for (size_t i = 0; r == 0 && i < b->lock->n_natives; i++) {
        r = check_libraries_of(b, &b->lock->natives[i], err);
    }
    return r;
}

static int add_bytecode(struct build *b, struct err *err)
{
    _cleanup_free_ char *path = fs_join(b->staging.dir, "root");
    const struct bytecode_options options = {
        .data = b->o->data,
        .share = b->o->share,
        .root = b->staging.root,
        .path = path,
        .log = b->log,
    };
    return bytecode_add(&options, b->lock, &b->tree, err);
}

static int fill(struct build *b, struct err *err)
{
    const struct pipeline_options options = {b->o->data, &b->o->mirror, b->recipe};
    struct pipeline_report report;
    bool differs = false;

    int r = pipeline_run(&options, b->lock, b->staging.root, &b->tree, &report, err);
    b->report->downloaded = report.downloaded;
    b->report->downloaded_bytes = report.downloaded_bytes;
    step_done(b, "download and unpack");
    if (r != 0) {
        return -1;
    }
    const struct source_build_options source = {
        .data = b->o->data,
        .share = b->o->share,
        .mirror = &b->o->mirror,
        .recipe = b->recipe,
        .root = b->staging.root,
    };
    if (source_build_all(&source, b->lock, &b->tree, &differs, err) != 0 ||
        staging_make_links(&b->staging, b->lock, &b->tree, err) != 0) {
        return -1;
    }
    tree_sort(&b->tree);
    log_working(b->log, "checking libraries");
    if (check_libraries(b, err) != 0) {
        return -1;
    }
    step_done(b, "checking libraries");
    log_working(b->log, "compiling Python files");
    if (add_bytecode(b, err) != 0) {
        return -1;
    }
    step_done(b, "compiling Python files");
    log_working(b->log, "writing the sysroot");
    if (check_digest(b, differs, err) != 0) {
        return -1;
    }
    r = staging_publish(&b->staging, b->lock, &b->tree, b->log, err);
    step_done(b, "moving it into place");
    return r;
}

static int try_to_make(struct lock *lock, const struct recipe *recipe, const char *name,
                       const struct sysroot_build_options *o, struct sysroot_build_report *report,
                       struct err *err)
{
    struct build b = {.lock = lock,
                      .recipe = recipe,
                      .o = o,
                      .report = report,
                      .log = o->mirror.fetch.log,
                      .last = clock_seconds()};
    int r = staging_begin(o->data, name, &b.staging, &b.tree, err);
    r = r == 0 ? fill(&b, err) : r;
    log_working(b.log, NULL);
    report->packages = lock->packages.n;
    report->bytes = tree_size(&b.tree);
    staging_end(&b.staging);
    tree_release(&b.tree);
    return r;
}

// Makes DATA/sysroots/NAME from the lock. The name's lock is held.
static int make(struct lock *lock, const struct recipe *recipe, const char *name,
                const struct sysroot_build_options *o, struct sysroot_build_report *report,
                struct err *err)
{
    int r = try_to_make(lock, recipe, name, o, report, err);
    const struct sysroot_build_report first = *report;
    if (r != 0 && err->code == ERR_NOT_FOUND && !lock->tree_sha256[0] &&
        native_drop_missing(recipe, &o->mirror, o->data, lock)) {
        err_clear(err);
        r = try_to_make(lock, recipe, name, o, report, err);
        report->downloaded += first.downloaded;
        report->downloaded_bytes += first.downloaded_bytes;
    }
    return r;
}

int sysroot_wait_lock(const char *data, const char *name, struct log *log, struct err *err)
{
    int lock = sysroot_lock(data, name, FS_LOCK_TRY, err);
    if (lock >= 0 || err->sys != EWOULDBLOCK) {
        return lock;
    }
    log_info(log, "another pisdk is building `%s`; waiting for it", name);
    while (!proc_stop_requested()) {
        const struct timespec tick = {.tv_nsec = 100000000}; // 0.1 s
        nanosleep(&tick, NULL);
        lock = sysroot_lock(data, name, FS_LOCK_TRY, err);
        if (lock >= 0 || err->sys != EWOULDBLOCK) {
            return lock;
        }
    }
    return err_set(err, ERR_INTERRUPTED, "interrupted");
}

static int take_lock(const struct sysroot_build_options *o, const char *name, struct err *err)
{
    return sysroot_wait_lock(o->data, name, o->mirror.fetch.log, err);
}

// Were the scripts of its source packages what they are now?
static bool has_same_scripts(const struct recipe *recipe, const struct lock *lock)
{
    for (size_t i = 0; i < recipe->n_sources; i++) {
        const struct package *p = package_list_find(&lock->packages, recipe->sources[i].package);
        char sum[HASH_HEX + 1];
        struct err ignored = ERR_INIT;
        if (!p || source_script_hash(recipe->sources[i].script, sum, &ignored) != 0 ||
            !str_eq(p->script_sha256, sum)) {
            return false;
        }
    }
    return true;
}

// Is there a sysroot of this name, made from this recipe as it is now? Its packages may be older
// than the mirror's.
static bool is_current(const struct recipe *recipe, const struct sysroot_build_options *o,
                       struct sysroot_build_report *report)
{
    struct sysroot s;
    struct err ignored = ERR_INIT;
    if (o->refresh || sysroot_open(o->data, recipe->name, &s, &ignored) != 0) {
        return false;
    }
    bool same =
        strcmp(s.lock.recipe_sha256, recipe->sha256) == 0 && has_same_scripts(recipe, &s.lock);
    if (same) {
        report_existing(&s, report);
    }
    sysroot_release(&s);
    return same;
}

// Is there a sysroot of this name, made of just these packages?
static bool has_same_packages(const struct lock *lock, const struct sysroot_build_options *o,
                              struct sysroot_build_report *report)
{
    struct sysroot s;
    struct err ignored = ERR_INIT;
    if (sysroot_open(o->data, lock->name, &s, &ignored) != 0) {
        return false;
    }
    bool same = lock_is_same(&s.lock, lock);
    if (same) {
        report_existing(&s, report);
    }
    sysroot_release(&s);
    return same;
}

static int build_recipe(const struct recipe *recipe, const struct sysroot_build_options *o,
                        struct sysroot_build_report *report, struct err *err)
{
    _cleanup_(lock_release) struct lock lock = {0};
    _cleanup_close_ int held = take_lock(o, recipe->name, err);
    double start = clock_seconds();

    lock_from_recipe(recipe, NULL, &lock);
    if (held < 0) {
        return -1;
    }
    if (is_current(recipe, o, report)) { // made while we waited
        return 0;
    }
    log_working(o->mirror.fetch.log, "choosing packages");
    int r = native_choose(recipe, &o->mirror, o->data, NULL, &lock, err);
    log_working(o->mirror.fetch.log, NULL);
    if (r != 0) {
        return -1;
    }
    log_debug(o->mirror.fetch.log, "choosing packages: %.2f s", clock_seconds() - start);
    if (has_same_packages(&lock, o, report)) {
        return 0;
    }
    return make(&lock, recipe, recipe->name, o, report, err);
}

int sysroot_build(const struct recipe *recipe, const struct sysroot_build_options *o,
                  struct sysroot_build_report *report, struct err *err)
{
    double start = clock_seconds();

    *report = (struct sysroot_build_report){0};
    if (!sysroot_name_is_valid(recipe->name)) {
        return err_set(err, ERR_USAGE, "`%s` is not a valid sysroot name", recipe->name);
    }
    int r = is_current(recipe, o, report) ? 0 : build_recipe(recipe, o, report, err);
    report->seconds = clock_seconds() - start;
    return r;
}

// A sysroot that this lock gives, under either name that it can have. One that was just solved has
// no digest yet: it takes that of the sysroot.
static bool find_built(struct lock *lock, char **name, struct sysroot_build_report *report,
                       const struct sysroot_build_options *o)
{
    char *names[] = {xstrdup(lock->name), sysroot_locked_name(lock)};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct sysroot s;
        struct err ignored = ERR_INIT;
        if (!*name && sysroot_open(o->data, names[i], &s, &ignored) == 0) {
            if (lock_is_same(&s.lock, lock) &&
                (!lock->tree_sha256[0] || strcmp(lock->tree_sha256, s.lock.tree_sha256) == 0)) {
                *name = xstrdup(names[i]);
                report_existing(&s, report);
                lock_release(lock);
                *lock = s.lock;
                s.lock = (struct lock){0};
            }
            sysroot_release(&s);
        }
        free(names[i]);
    }
    return *name != NULL;
}

int sysroot_build_locked(struct lock *lock, const struct recipe *recipe,
                         const struct sysroot_build_options *o, char **name,
                         struct sysroot_build_report *report, struct err *err)
{
    double start = clock_seconds();
    _cleanup_free_ char *place = sysroot_locked_name(lock);

    *report = (struct sysroot_build_report){0};
    *name = NULL;
    if (!sysroot_name_is_valid(place)) {
        return err_set(err, ERR_VERIFY, "`%s` is not a valid sysroot name", lock->name);
    }
    if (find_built(lock, name, report, o)) {
        return 0;
    }
    _cleanup_close_ int held = take_lock(o, place, err);
    if (held < 0) {
        return -1;
    }
    int r = find_built(lock, name, report, o) ? 0 : make(lock, recipe, place, o, report, err);
    if (r == 0 && !*name) {
        *name = TAKE_PTR(place);
    }
    report->seconds = clock_seconds() - start;
    return r;
}

int sysroot_build_as(const char *name, struct lock *lock, const struct recipe *recipe,
                     const struct sysroot_build_options *o, struct sysroot_build_report *report,
                     struct err *err)
{
    double start = clock_seconds();
    _cleanup_close_ int held = take_lock(o, name, err);

    *report = (struct sysroot_build_report){0};
    if (held < 0) {
        return -1;
    }
    int r = make(lock, recipe, name, o, report, err);
    report->seconds = clock_seconds() - start;
    return r;
}
