// SPDX-License-Identifier: MIT
#include "sysroot/pipeline.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/proc.h"
#include "fetch/cache.h"
#include "sysroot/native.h"
#include "sysroot/packages.h"
#include "sysroot/unpack.h"

enum { WORKERS_MAX = 16 };

// A package on its way into the sysroot.
struct item {
    const struct package *package;
    const struct lock_native *native; // the part of the lock that it is in; NULL: its own packages
    char key[HASH_HEX + 1];
    bool unpacked;    // it is among the unpacked packages of this machine
    struct tree tree; // what is in it, once that is known
};

struct pipeline {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Below: under the lock.
    struct item **queue; // room for every package
    size_t queued, taken, finished;
    bool closed; // nothing more will be queued
    bool failed;
    struct err err;
    // Below: constant while workers run.
    const struct pipeline_options *o;
    const struct lock *sysroot;
    int root;
    struct strv everything; // the pattern: of native packages, only what is listed is kept
    struct item *items;     // one for each package
    size_t n;
    struct log *log;
    uint64_t total_bytes;
};

struct worker {
    pthread_t thread;
    struct pipeline *pipe;
};

static void enqueue(struct pipeline *p, struct item *item)
{
    pthread_mutex_lock(&p->lock);
    p->queue[p->queued++] = item;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void close_queue(struct pipeline *p, bool failed)
{
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    p->failed = p->failed || failed;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

// The next package, or NULL when there is no more work.
static struct item *dequeue(struct pipeline *p)
{
    struct item *item = NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->failed && !p->closed && p->taken == p->queued) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    if (!p->failed && p->taken < p->queued) {
        item = p->queue[p->taken++];
    }
    pthread_mutex_unlock(&p->lock);
    return item;
}

static void finish(struct pipeline *p, const struct package *package, int r, struct err *err)
{
    pthread_mutex_lock(&p->lock);
    p->finished++;
    if (r != 0 && !p->failed) {
        err_wrap(err, "package %s", package->name);
        p->err = *err;
        p->failed = true;
    }
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static int unpack(const struct pipeline *p, struct item *item, struct err *err)
{
    _cleanup_free_ char *deb =
        cache_path(p->o->mirror->fetch.cache, item->package->files[0].sha256);
    struct packages_new fresh;

    if (packages_begin(p->o->data, item->key, &fresh, err) != 0) {
        return -1;
    }
    const struct unpack_target own = {fresh.tree, &p->sysroot->leave_out, &p->sysroot->keep};
    const struct unpack_target native = {fresh.tree, &p->everything,
                                         item->native ? &item->native->files : NULL};
    int r = unpack_deb(item->native ? &native : &own, deb, &item->tree, err);
    if (r == 0) {
        r = packages_commit(p->o->data, item->key, &fresh, &item->tree, err);
    }
    packages_end(&fresh);
    return r;
}

static int link_into_root(const struct pipeline *p, const struct item *item, struct err *err)
{
    _cleanup_free_ char *folder =
        item->native ? fs_join(NATIVE_IN_ROOT, item->native->arch) : xstrdup("");
    _cleanup_close_ int to = fs_open_folder_beneath(p->root, folder, TREE_FOLDER_MODE);
    return to < 0 ? err_sys(err, "cannot create folder %s in the sysroot", folder)
                  : packages_link(p->o->data, item->key, &item->tree, to, err);
}

static void *work(void *arg)
{
    struct pipeline *p = ((struct worker *)arg)->pipe;
    for (struct item *item = dequeue(p); item; item = dequeue(p)) {
        struct err err = ERR_INIT;
        int r = item->unpacked ? 0 : unpack(p, item, &err);
        if (r == 0) {
            r = link_into_root(p, item, &err);
        }
        finish(p, item->package, r, &err);
    }
    return NULL;
}

static void on_downloaded(void *user, struct fetch_file *file)
{
    enqueue(user, file->user);
}

static void on_progress(void *user, uint64_t received)
{
    struct pipeline *p = user;
    log_progress(p->log, "downloading packages", received, p->total_bytes);
}

static bool on_stop(void *user)
{
    struct pipeline *p = user;
    pthread_mutex_lock(&p->lock);
    bool failed = p->failed;
    pthread_mutex_unlock(&p->lock);
    return failed;
}

// Reports progress until the workers are done with `total` packages, or one failed.
static void wait_finished(struct pipeline *p, size_t total)
{
    enum { TICK_NS = 100 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };
    pthread_mutex_lock(&p->lock);
    while (!p->failed && p->finished < total) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_NS;
        if (until.tv_nsec >= SECOND_NS) {
            until.tv_nsec -= SECOND_NS;
            until.tv_sec++;
        }
        pthread_cond_clockwait(&p->changed, &p->lock, CLOCK_MONOTONIC, &until);
        size_t finished = p->finished;
        pthread_mutex_unlock(&p->lock);
        log_progress(p->log, "unpacking packages", finished, total);
        pthread_mutex_lock(&p->lock);
        if (proc_stop_requested() && !p->failed) {
            p->failed = true;
            err_set(&p->err, ERR_INTERRUPTED, "interrupted");
            pthread_cond_broadcast(&p->changed);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

static int compare_sizes(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a;
    const struct item *y = *(struct item *const *)b;
    uint64_t n = package_size(x->package);
    uint64_t m = package_size(y->package);
    return (n < m) - (n > m);
}

static int plan_item(struct pipeline *p, struct item *item, struct mirror_downloads *d,
                     struct err *err)
{
    const struct package *package = item->package;
    size_t before = d->n;

    if (package->kind == PACKAGE_SOURCE) {
        return 0; // see sysroot/source_build.h
    }
    packages_key(p->sysroot, item->native, package, item->key);
    item->unpacked = packages_load(p->o->data, item->key, &item->tree);
    if (package->kind == PACKAGE_COPIED && !item->unpacked) {
        err_set(err, ERR_NOT_FOUND, "%s %s was copied from a board, and is not on this machine",
                package->name, package->version);
        return err_hint(err, "`pisdk sysroot import` copies it from the board again; or build from "
                             "a file that `pisdk sysroot export` wrote");
    }
    if (!item->unpacked) {
        mirror_add_downloads(p->o->mirror, p->o->recipe, package, item, d);
    }
    if (d->n == before) {
        enqueue(p, item);
    }
    return 0;
}

// Queues what is there already; the rest becomes a list of downloads. The largest come first, so
// that no worker is left alone with a large one at the end.
static int plan(struct pipeline *p, struct mirror_downloads *d, struct err *err)
{
    size_t n = p->n;
    struct item **sorted = xcalloc(n, sizeof(struct item *));
    int r = 0;

    for (size_t i = 0; i < n; i++) {
        sorted[i] = &p->items[i];
    }
    qsort(sorted, n, sizeof(struct item *), compare_sizes);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = plan_item(p, sorted[i], d, err);
    }
    free(sorted);
    return r;
}

static size_t start_workers(struct pipeline *p, struct worker *workers)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (size_t)cores;
    size_t n = 0;
    while (n < wanted) {
        workers[n] = (struct worker){.pipe = p};
        if (pthread_create(&workers[n].thread, NULL, work, &workers[n]) != 0) {
            break;
        }
        n++;
    }
    return n;
}

static size_t count_unbuilt(const struct pipeline *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += p->items[i].package->kind != PACKAGE_SOURCE;
    }
    return n;
}

static int run_pipeline(struct pipeline *p, struct pipeline_report *report, struct err *err)
{
    const struct fetch_events events = {p, on_downloaded, on_progress, on_stop};
    struct mirror_downloads d = {0};
    int r = plan(p, &d, err);

    report->downloaded = d.n;
    report->downloaded_bytes = p->total_bytes = d.bytes;
    if (r == 0) {
        r = fetch_files(&p->o->mirror->fetch, d.files, d.n, &events, err);
    }
    if (r == 0) {
        wait_finished(p, count_unbuilt(p));
    }
    mirror_downloads_release(&d);
    return r;
}

static void add_list(struct pipeline *p, const struct lock_native *native,
                     const struct package_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        VEC_GROW(p->items, p->n);
        p->items[p->n++] = (struct item){.package = &list->items[i], .native = native};
    }
}

static void add_items(struct pipeline *p)
{
    const struct lock *lock = p->sysroot;
    add_list(p, NULL, &lock->packages);
    for (size_t i = 0; i < lock->n_natives; i++) {
        add_list(p, &lock->natives[i], &lock->natives[i].packages);
    }
    strv_add(&p->everything, "*");
}

// Takes what is in the item's tree.
static void add_to_tree(struct item *item, struct tree *tree)
{
    if (item->native && item->tree.n > 0) {
        _cleanup_free_ char *folder = fs_join(NATIVE_IN_ROOT, item->native->arch);
        for (size_t i = 0; i < item->tree.n; i++) {
            _cleanup_free_ char *inner = item->tree.items[i].path;
            item->tree.items[i].path = fs_join(folder, inner);
        }
        tree_add_parents(tree, item->tree.items[0].path);
    }
    tree_append(tree, &item->tree);
}

int pipeline_run(const struct pipeline_options *o, const struct lock *lock, int root,
                 struct tree *tree, struct pipeline_report *report, struct err *err)
{
    struct worker workers[WORKERS_MAX];
    struct pipeline p = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
        .o = o,
        .sysroot = lock,
        .root = root,
        .log = o->mirror->fetch.log,
    };
    *report = (struct pipeline_report){0};
    add_items(&p);
    p.queue = xcalloc(p.n + 1, sizeof(struct item *));
    size_t n = start_workers(&p, workers);
    int r =
        n > 0 ? run_pipeline(&p, report, err) : err_set(err, ERR_FAILED, "cannot start a thread");
    close_queue(&p, r != 0);
    for (size_t i = 0; i < n; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    strv_release(&p.everything);
    for (size_t i = 0; i < p.n; i++) {
        add_to_tree(&p.items[i], tree);
    }
    free(p.queue);
    free(p.items);
    if (p.err.code != ERR_NONE) {
        *err = p.err;
        return -1;
    }
    return r;
}
