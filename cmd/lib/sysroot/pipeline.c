#include "sysroot/pipeline.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/proc.h"
#include "fetch/cache.h"

enum { WORKERS_MAX = 16 };

struct pipeline {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Below: under the lock.
    const struct package **queue; // room for every package
    size_t queued, taken, finished;
    bool closed; // nothing more will be queued
    bool failed;
    struct err err;
    // Below: constant while workers run.
    const char *cache;
    const struct unpack_target *target;
    struct log *log;
    uint64_t total_bytes;
};

struct worker {
    pthread_t thread;
    struct pipeline *pipe;
    struct unpack_result result;
};

static void enqueue(struct pipeline *p, const struct package *package)
{
    pthread_mutex_lock(&p->lock);
    p->queue[p->queued++] = package;
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
static const struct package *dequeue(struct pipeline *p)
{
    const struct package *package = NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->failed && !p->closed && p->taken == p->queued) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    if (!p->failed && p->taken < p->queued) {
        package = p->queue[p->taken++];
    }
    pthread_mutex_unlock(&p->lock);
    return package;
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

static void *work(void *arg)
{
    struct worker *w = arg;
    for (const struct package *p = dequeue(w->pipe); p; p = dequeue(w->pipe)) {
        struct err err = ERR_INIT;
        _cleanup_free_ char *path = cache_path(w->pipe->cache, p->sha256);
        int r = unpack_deb(w->pipe->target, path, &w->result, &err);
        finish(w->pipe, p, r, &err);
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
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_NS;
        if (until.tv_nsec >= SECOND_NS) {
            until.tv_nsec -= SECOND_NS;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&p->changed, &p->lock, &until);
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
    const struct package *x = *(struct package *const *)a;
    const struct package *y = *(struct package *const *)b;
    return (x->size < y->size) - (x->size > y->size);
}

// Queues what is in the cache; the rest becomes a list of downloads. The largest come first, so
// that no worker is left alone with a large one at the end.
static struct fetch_file *plan(struct pipeline *p, const struct package_list *packages,
                               const struct strv *mirrors, struct pipeline_report *report)
{
    struct fetch_file *files = xcalloc(packages->n, sizeof(*files));
    struct package **sorted = xcalloc(packages->n, sizeof(struct package *));
    for (size_t i = 0; i < packages->n; i++) {
        sorted[i] = &packages->items[i];
    }
    qsort(sorted, packages->n, sizeof(struct package *), compare_sizes);
    for (size_t i = 0; i < packages->n; i++) {
        struct package *package = sorted[i];
        if (cache_has(p->cache, package->sha256, package->size)) {
            enqueue(p, package);
            continue;
        }
        files[report->downloaded++] = (struct fetch_file){
            .url = xasprintf("%s/%s", mirrors->items[package->origin], package->filename),
            .sha256 = package->sha256,
            .size = package->size,
            .user = package,
        };
        report->downloaded_bytes += package->size;
    }
    p->total_bytes = report->downloaded_bytes;
    free(sorted);
    return files;
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

static void merge_result(struct unpack_result *into, struct unpack_result *from)
{
    into->bytes += from->bytes;
    strv_add_all(&into->elf_files, from->elf_files.items);
    unpack_result_release(from);
}

static int run(struct pipeline *p, const struct fetch_options *fetch,
               const struct package_list *packages, const struct strv *mirrors,
               struct pipeline_report *report, struct err *err)
{
    const struct fetch_events events = {p, on_downloaded, on_progress, on_stop};
    struct fetch_file *files = plan(p, packages, mirrors, report);
    int r = fetch_files(fetch, files, report->downloaded, &events, err);
    if (r == 0) {
        wait_finished(p, packages->n);
    }
    for (size_t i = 0; i < report->downloaded; i++) {
        free(files[i].url);
    }
    free(files);
    return r;
}

int pipeline_run(const struct fetch_options *fetch, const struct package_list *packages,
                 const struct strv *mirrors, const struct unpack_target *target,
                 struct unpack_result *result, struct pipeline_report *report, struct err *err)
{
    struct worker workers[WORKERS_MAX];
    struct pipeline p = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
        .cache = fetch->cache,
        .target = target,
        .log = fetch->log,
    };
    *report = (struct pipeline_report){0};
    p.queue = xcalloc(packages->n, sizeof(const struct package *));
    size_t n = start_workers(&p, workers);
    int r = n > 0 ? run(&p, fetch, packages, mirrors, report, err)
                  : err_set(err, ERR_FAILED, "cannot start a thread");
    close_queue(&p, r != 0);
    for (size_t i = 0; i < n; i++) {
        pthread_join(workers[i].thread, NULL);
        merge_result(result, &workers[i].result);
    }
    free(p.queue);
    if (p.err.code != ERR_NONE) {
        *err = p.err;
        return -1;
    }
    return r;
}
