// SPDX-License-Identifier: MIT
#include "sysroot/mirror.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fs.h"
#include "deb/aptconf.h"
#include "fetch/cache.h"
#include "fetch/gpgv.h"

enum {
    INRELEASE_MAX = 8 << 20, // Debian's is 150 kB
    FRESH_SECONDS = 3600,    // Debian's mirrors change four times a day
};

#define SECURITY "-security"

static void add_given(const struct mirror_options *o, bool security, struct strv *out)
{
    for (size_t i = 0; i < o->mirrors.n; i++) {
        const char *url = o->mirrors.items[i];
        size_t n = strlen(url);
        while (n > 1 && url[n - 1] == '/') {
            n--;
        }
        _cleanup_free_ char *plain = xstrndup(url, n);
        if (security) {
            strv_addf(out, "%s" SECURITY, plain);
        }
        strv_add(out, plain);
    }
}

void mirror_candidates(const struct mirror_options *o, const struct recipe_origin *origin,
                       const char *suite, struct strv *out)
{
    bool security = str_ends(suite, SECURITY);
    if (o->mirrors.n) {
        add_given(o, security, out);
    } else if (origin && origin->mirror) {
        strv_add(out, origin->mirror);
    } else {
        aptconf_mirrors(o->etc_apt, security ? SECURITY : "", out);
    }
}

static int save_release(const char *path, const struct strbuf *text, struct err *err)
{
    _cleanup_free_ char *folder = fs_parent(path);
    if (fs_mkdir_all(folder, 0755, err) != 0) {
        return -1;
    }
    return fs_write_file(path, text->data, text->len, 0644, err);
}

// Checks the signature, what suite it is for, and whether it has expired.
static int check_inrelease(const struct strbuf *signed_text, const char *keyring, const char *suite,
                           struct release *out, struct err *err)
{
    _cleanup_strbuf_ struct strbuf text = {0};
    if (gpgv_verify(keyring, signed_text, &text, err) != 0 ||
        release_parse(text.data, text.len, out, err) != 0) {
        return -1;
    }
    return release_check(out, suite, time(NULL), err);
}

static int load_cached(const struct mirror_options *o, const char *url, const char *keyring,
                       const char *suite, struct release *out, struct err *err)
{
    _cleanup_free_ char *path = cache_release_path(o->fetch.cache, url);
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, INRELEASE_MAX, &text, err) != 0) {
        return -1;
    }
    return check_inrelease(&text, keyring, suite, out, err);
}

static bool is_fresh(const char *path)
{
    struct stat st;
    time_t now = time(NULL);
    return stat(path, &st) == 0 && st.st_mtime <= now && now - st.st_mtime < FRESH_SECONDS;
}

static int download_inrelease(const struct mirror_options *o, const char *url, struct strbuf *out,
                              struct err *err)
{
    const struct mirror_prefetched *p = o->prefetched;
    for (size_t i = 0; p && i < p->urls.n; i++) {
        if (strcmp(p->urls.items[i], url) == 0 && p->texts[i].len > 0) {
            strbuf_add(out, p->texts[i].data, p->texts[i].len);
            return 0;
        }
    }
    return fetch_text(&o->fetch, url, INRELEASE_MAX, out, err);
}

// InRelease from the mirror, or from the cache when the network fails, or when the mirror has an
// older one: somebody may play back one that has known holes.
static int load_inrelease(const struct mirror_options *o, const char *url, const char *keyring,
                          const char *suite, struct release *out, struct err *err)
{
    _cleanup_free_ char *path = cache_release_path(o->fetch.cache, url);
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_(release_release) struct release cached = {0};
    struct err ignored = ERR_INIT;

    if (o->fetch.offline) {
        if (!fs_exists(path)) {
            return err_set(err, ERR_NOT_FOUND, "%s: not in the cache", url);
        }
        return load_cached(o, url, keyring, suite, out, err);
    }
    if (!o->ask && is_fresh(path) && load_cached(o, url, keyring, suite, out, &ignored) == 0) {
        return 0;
    }
    if (download_inrelease(o, url, &text, err) != 0) {
        if (err->code != ERR_NETWORK || !fs_exists(path)) {
            return -1;
        }
        log_warning(o->fetch.log, "%s; using the cached copy", err->msg);
        err_clear(err);
        return load_cached(o, url, keyring, suite, out, err);
    }
    if (check_inrelease(&text, keyring, suite, out, err) != 0) {
        return -1;
    }
    if (load_cached(o, url, keyring, suite, &cached, &ignored) == 0 && cached.date > out->date) {
        log_warning(o->fetch.log, "%s is older than the one seen before; using that one", url);
        release_release(out);
        *out = cached;
        cached = (struct release){0};
        return 0;
    }
    return save_release(path, &text, err);
}

static int no_mirror(const struct mirror_options *o, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "no Debian mirror in the apt configuration in %s", o->etc_apt);
    return err_hint(err, "give one with --mirror URL, or export PISDK_MIRROR=URL: the folder that "
                         "has dists/ and pool/ in it");
}

static int try_mirror(const struct mirror_options *o, const char *mirror, const char *keyring,
                      const char *suite, struct mirror_suite *out, struct err *err)
{
    _cleanup_free_ char *dist = xasprintf("%s/dists/%s", mirror, suite);
    _cleanup_free_ char *url = fs_join(dist, "InRelease");

    log_debug(o->fetch.log, "mirror: %s", mirror);
    if (load_inrelease(o, url, keyring, suite, &out->release, err) != 0) {
        release_release(&out->release);
        return str_starts(err->msg, url) ? -1 : err_wrap(err, "%s", url);
    }
    log_debug(o->fetch.log, "%s: signature good, %zu files listed", url, out->release.n_files);
    out->mirror = xstrdup(mirror);
    out->dist = TAKE_PTR(dist);
    return 0;
}

// The desktop may have several mirrors, some of them not Debian's: the signature decides. When none
// will do, the first one's error is reported, or the first that is more than a missing suite.
int mirror_open_suite(const struct mirror_options *o, const struct recipe_origin *origin,
                      const char *suite, struct mirror_suite *out, struct err *err)
{
    _cleanup_strv_ struct strv mirrors = {0};
    bool missing = true; // none of them has it

    *out = (struct mirror_suite){0};
    mirror_candidates(o, origin, suite, &mirrors);
    for (size_t i = 0; i < mirrors.n; i++) {
        struct err later = ERR_INIT;
        if (try_mirror(o, mirrors.items[i], origin->keyring, suite, out, &later) == 0) {
            err_clear(err);
            return 0;
        }
        if (i == 0 || later.code == ERR_INTERRUPTED ||
            (missing && err->code == ERR_NOT_FOUND && later.code != ERR_NOT_FOUND)) {
            *err = later;
        }
        if (later.code == ERR_INTERRUPTED) {
            return -1;
        }
        missing = missing && later.code == ERR_NOT_FOUND;
        log_debug(o->fetch.log, "%s", later.msg);
    }
    if (origin->optional && missing) {
        err_clear(err);
        log_info(o->fetch.log, "no known mirror has %s; continuing without it", suite);
        return 1;
    }
    return mirrors.n ? -1 : no_mirror(o, err);
}

void mirror_suite_release(struct mirror_suite *suite)
{
    free(suite->mirror);
    free(suite->dist);
    release_release(&suite->release);
    *suite = (struct mirror_suite){0};
}

// By its hash first, as the file of that name may have changed since InRelease was read; some
// mirrors say that they have indexes by hash, and have not.
static void add_index_urls(const struct mirror_suite *suite, const struct release_file *file,
                           struct strv *urls)
{
    _cleanup_free_ char *folder = fs_parent(file->path);
    if (suite->release.by_hash) {
        strv_addf(urls, "%s/%s/by-hash/SHA256/%s", suite->dist, folder, file->sha256);
    }
    strv_addf(urls, "%s/%s", suite->dist, file->path);
}

struct index_progress {
    struct log *log;
    uint64_t size;
};

static void on_progress(void *user, uint64_t received)
{
    const struct index_progress *p = user;
    log_progress(p->log, "downloading the package index", received, p->size);
}

int mirror_fetch_index(const struct mirror_options *o, const struct mirror_suite *suite,
                       const struct release_file *file, struct err *err)
{
    if (cache_has(o->fetch.cache, file->sha256, file->size)) {
        return 0;
    }
    struct fetch_file wanted = {.sha256 = file->sha256, .size = file->size};
    struct index_progress progress = {o->fetch.log, file->size};
    const struct fetch_events events = {.user = &progress, .progress = on_progress};
    add_index_urls(suite, file, &wanted.urls);
    int r = fetch_files(&o->fetch, &wanted, 1, &events, err);
    strv_release(&wanted.urls);
    return r;
}

void mirror_add_downloads(const struct mirror_options *o, const struct recipe *recipe,
                          const struct package *package, void *user, struct mirror_downloads *out)
{
    const struct recipe_origin *origin =
        recipe && package->origin ? recipe_find_origin(recipe, package->origin) : NULL;
    _cleanup_strv_ struct strv mirrors = {0};

    mirror_candidates(o, origin, package->suite ? package->suite : "", &mirrors);
    for (size_t i = 0; i < package->n_files; i++) {
        const struct package_file *from = &package->files[i];
        if (cache_has(o->fetch.cache, from->sha256, from->size)) {
            continue;
        }
        VEC_GROW(out->files, out->n);
        struct fetch_file *file = &out->files[out->n++];
        *file = (struct fetch_file){.sha256 = from->sha256, .size = from->size, .user = user};
        for (size_t j = 0; j < mirrors.n; j++) {
            strv_take(&file->urls, fetch_url(mirrors.items[j], from->filename));
        }
        if (mirrors.n == 0) { // an address that cannot be, so that the error names the file
            strv_add(&file->urls, from->filename);
        }
        out->bytes += from->size;
    }
}

void mirror_downloads_release(struct mirror_downloads *d)
{
    for (size_t i = 0; i < d->n; i++) {
        strv_release(&d->files[i].urls);
    }
    free(d->files);
    *d = (struct mirror_downloads){0};
}

int mirror_prefetch(const struct mirror_options *o, const struct recipe *recipe,
                    struct mirror_prefetched *out, struct err *err)
{
    *out = (struct mirror_prefetched){0};
    if (o->fetch.offline) {
        return 0;
    }
    for (size_t i = 0; i < recipe->n_origins; i++) {
        const struct recipe_origin *origin = &recipe->origins[i];
        for (size_t k = 0; k < origin->suites.n; k++) {
            _cleanup_strv_ struct strv mirrors = {0};
            mirror_candidates(o, origin, origin->suites.items[k], &mirrors);
            if (mirrors.n == 0) {
                continue;
            }
            _cleanup_free_ char *url =
                xasprintf("%s/dists/%s/InRelease", mirrors.items[0], origin->suites.items[k]);
            _cleanup_free_ char *kept = cache_release_path(o->fetch.cache, url);
            if (o->ask || !is_fresh(kept)) {
                strv_add(&out->urls, url);
            }
        }
    }
    out->texts = xcalloc(out->urls.n + 1, sizeof(*out->texts));
    return fetch_texts(&o->fetch, &out->urls, INRELEASE_MAX, out->texts, err);
}

void mirror_prefetched_release(struct mirror_prefetched *p)
{
    for (size_t i = 0; i < p->urls.n; i++) {
        strbuf_release(&p->texts[i]);
    }
    free(p->texts);
    strv_release(&p->urls);
    *p = (struct mirror_prefetched){0};
}
