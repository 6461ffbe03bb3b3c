#include "sysroot/suites.h"

#include <pthread.h>
#include <string.h>

#include "deb/archive.h"
#include "fetch/cache.h"

enum { PACKAGES_MAX = 512 << 20 }; // bytes expanded; Debian's is 45 MB

// One suite, and the thread that fetches it.
struct job {
    pthread_t thread;
    bool started;
    const struct suites_options *o;
    const struct recipe_origin *origin;
    const char *suite, *arch;
    struct suite_list found;
    int result;
    struct err err;
};

// A mirror that is in the middle of an update, or has only some architectures.
static bool is_mirrors_fault(const struct err *err)
{
    return err->code == ERR_NOT_FOUND || err->code == ERR_VERIFY;
}

static int fetch_index(const struct job *j, const struct mirror_suite *suite, const char *component,
                       struct suite_index *out, struct err *err)
{
    _cleanup_free_ char *path = xasprintf("%s/binary-%s/Packages", component, j->arch);
    const struct release_file *file = release_find_index(&suite->release, path);

    if (!file) {
        return err_set(err, ERR_NOT_FOUND, "%s has no %s", suite->dist, path);
    }
    memcpy(out->sha256, file->sha256, sizeof(out->sha256));
    if (j->o->is_known(j->o->user, file->sha256)) {
        return 0;
    }
    _cleanup_free_ char *packed = cache_path(j->o->mirror->fetch.cache, file->sha256);
    if (mirror_fetch_index(j->o->mirror, suite, file, err) != 0) {
        return -1;
    }
    return archive_expand_file(packed, PACKAGES_MAX, &out->text, err);
}

static int fetch_suite(struct job *j, struct err *err)
{
    _cleanup_(mirror_suite_release) struct mirror_suite suite = {0};
    int r = mirror_open_suite(j->o->mirror, j->origin, j->suite, &suite, err);

    for (size_t i = 0; r == 0 && i < j->origin->components.n; i++) {
        struct suite_index index = {.origin = j->origin, .suite = j->suite};
        r = fetch_index(j, &suite, j->origin->components.items[i], &index, err);
        if (r == 0) {
            VEC_GROW(j->found.items, j->found.n);
            j->found.items[j->found.n++] = index;
            continue;
        }
        strbuf_release(&index.text);
        if (j->origin->optional && is_mirrors_fault(err)) {
            log_warning(j->o->mirror->fetch.log, "going on without %s: %s", j->suite, err->msg);
            err_clear(err);
            r = 0;
        }
    }
    return r < 0 ? -1 : 0; // 1: there is no such suite, and need not be
}

static void *run(void *arg)
{
    struct job *j = arg;
    j->result = fetch_suite(j, &j->err);
    return NULL;
}

static struct job *make_jobs(const struct recipe *recipe, const struct suites_options *o, size_t *n)
{
    struct job *jobs = NULL;
    *n = 0;
    for (size_t i = 0; i < recipe->n_origins; i++) {
        const struct recipe_origin *origin = &recipe->origins[i];
        for (size_t k = 0; k < origin->suites.n; k++) {
            VEC_GROW(jobs, *n);
            jobs[(*n)++] = (struct job){
                .o = o, .origin = origin, .suite = origin->suites.items[k], .arch = recipe->arch};
        }
    }
    return jobs;
}

static void take_found(struct suite_list *to, struct suite_list *from)
{
    for (size_t i = 0; i < from->n; i++) {
        VEC_GROW(to->items, to->n);
        to->items[to->n++] = from->items[i];
    }
    free(from->items);
    *from = (struct suite_list){0};
}

int suites_fetch(const struct recipe *recipe, const struct suites_options *o,
                 struct suite_list *out, struct err *err)
{
    size_t n;
    struct job *jobs = make_jobs(recipe, o, &n);
    int r = 0;

    *out = (struct suite_list){0};
    for (size_t i = 0; i < n; i++) {
        jobs[i].started = pthread_create(&jobs[i].thread, NULL, run, &jobs[i]) == 0;
        if (!jobs[i].started) {
            run(&jobs[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].started) {
            pthread_join(jobs[i].thread, NULL);
        }
        if (jobs[i].result != 0 && r == 0) {
            *err = jobs[i].err;
            r = -1;
        }
        take_found(out, &jobs[i].found);
    }
    free(jobs);
    if (r != 0) {
        suites_release(out);
    }
    return r;
}

void suites_release(struct suite_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        strbuf_release(&list->items[i].text);
    }
    free(list->items);
    *list = (struct suite_list){0};
}
