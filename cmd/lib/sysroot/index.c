#include "sysroot/index.h"

#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "deb/aptconf.h"
#include "deb/archive.h"
#include "deb/release.h"
#include "fetch/cache.h"
#include "fetch/gpgv.h"

enum {
    INRELEASE_MAX = 8 << 20,  // Debian's is 150 kB
    PACKAGES_MAX = 512 << 20, // expanded; Debian's is 45 MB
};

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

static int load_cached(const struct index_options *o, const char *url, const char *keyring,
                       const char *suite, struct release *out, struct err *err)
{
    _cleanup_free_ char *path = cache_release_path(o->fetch->cache, url);
    _cleanup_strbuf_ struct strbuf text = {0};
    if (fs_read_file(path, INRELEASE_MAX, &text, err) != 0) {
        return -1;
    }
    return check_inrelease(&text, keyring, suite, out, err);
}

// InRelease from the mirror, or from the cache when the network fails, or when the mirror has an
// older one: somebody may play back one that has known holes.
static int load_inrelease(const struct index_options *o, const char *url, const char *keyring,
                          const char *suite, struct release *out, struct err *err)
{
    _cleanup_free_ char *path = cache_release_path(o->fetch->cache, url);
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_(release_release) struct release cached = {0};
    struct err ignored = ERR_INIT;

    if (fetch_text(o->fetch, url, INRELEASE_MAX, &text, err) != 0) {
        if (err->code != ERR_NETWORK || !fs_exists(path)) {
            return -1;
        }
        log_warning(o->log, "%s; going on with the copy in the cache", err->msg);
        err_clear(err);
        return load_cached(o, url, keyring, suite, out, err);
    }
    if (check_inrelease(&text, keyring, suite, out, err) != 0) {
        return -1;
    }
    if (load_cached(o, url, keyring, suite, &cached, &ignored) == 0 && cached.date > out->date) {
        log_warning(o->log, "%s is older than the one seen before; going on with that one", url);
        release_release(out);
        *out = cached;
        cached = (struct release){0};
        return 0;
    }
    return save_release(path, &text, err);
}

static char *packages_url(const char *dist, const struct release *release,
                          const struct release_file *file)
{
    if (!release->by_hash) {
        return fs_join(dist, file->path);
    }
    _cleanup_free_ char *folder = fs_parent(file->path);
    return xasprintf("%s/%s/by-hash/SHA256/%s", dist, folder, file->sha256);
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

static int load_packages(const struct index_options *o, const char *dist,
                         const struct release *release, const char *component, const char *arch,
                         struct strbuf *out, struct err *err)
{
    const struct release_file *found = release_find_packages(release, component, arch);
    if (!found) {
        return err_set(err, ERR_NOT_FOUND, "%s has no packages for %s in component `%s`", dist,
                       arch, component);
    }
    _cleanup_free_ char *url = packages_url(dist, release, found);
    struct fetch_file file = {.url = url, .sha256 = found->sha256, .size = found->size};
    struct index_progress progress = {o->log, found->size};
    const struct fetch_events events = {.user = &progress, .progress = on_progress};
    if (!cache_has(o->fetch->cache, found->sha256, found->size) &&
        fetch_files(o->fetch, &file, 1, &events, err) != 0) {
        return -1;
    }
    _cleanup_free_ char *path = cache_path(o->fetch->cache, found->sha256);
    return archive_expand_file(path, PACKAGES_MAX, out, err);
}

static int load_suite(const struct recipe *recipe, int origin, const char *mirror,
                      const char *suite, const struct index_options *o, struct index_set *out,
                      struct err *err)
{
    const struct recipe_origin *from = &recipe->origins[origin];
    _cleanup_free_ char *dist = xasprintf("%s/dists/%s", mirror, suite);
    _cleanup_free_ char *url = fs_join(dist, "InRelease");
    _cleanup_(release_release) struct release release = {0};

    if (load_inrelease(o, url, from->keyring, suite, &release, err) != 0) {
        return str_starts(err->msg, url) ? -1 : err_wrap(err, "%s", url);
    }
    log_debug(o->log, "%s: signature good, %zu files listed", url, release.n_files);
    for (size_t i = 0; i < from->components.n; i++) {
        VEC_GROW(out->items, out->n);
        struct index_text *to = &out->items[out->n++];
        *to = (struct index_text){.origin = origin};
        if (load_packages(o, dist, &release, from->components.items[i], recipe->arch, &to->text,
                          err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void drop_from(struct index_set *set, size_t n)
{
    while (set->n > n) {
        strbuf_release(&set->items[--set->n].text);
    }
}

static int load_origin(const struct recipe *recipe, int origin, const char *mirror,
                       const struct index_options *o, struct index_set *out, struct err *err)
{
    const struct strv *suites = &recipe->origins[origin].suites;
    size_t before = out->n;
    for (size_t i = 0; i < suites->n; i++) {
        if (load_suite(recipe, origin, mirror, suites->items[i], o, out, err) != 0) {
            drop_from(out, before);
            return -1;
        }
    }
    strv_add(&out->mirrors, mirror);
    return 0;
}

static int no_mirror(const char *etc_apt, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "no Debian mirror is known: the apt configuration in %s has none",
            etc_apt);
    return err_hint(err, "give one with --mirror URL, or export PISDK_MIRROR=URL: the address that "
                         "has dists/ and pool/ below it");
}

static void find_mirrors(const struct recipe_origin *from, const struct index_options *o,
                         struct strv *mirrors)
{
    if (o->mirror) {
        size_t n = strlen(o->mirror);
        while (n > 1 && o->mirror[n - 1] == '/') {
            n--;
        }
        strv_take(mirrors, xstrndup(o->mirror, n));
    } else if (from->mirror) {
        strv_add(mirrors, from->mirror);
    } else {
        aptconf_mirrors(o->etc_apt, mirrors);
    }
}

// The desktop may have several mirrors, some of them not Debian's: the signature decides. When none
// will do, the first one's error is reported.
static int try_mirrors(const struct recipe *recipe, int origin, const struct strv *mirrors,
                       const struct index_options *o, struct index_set *out, struct err *err)
{
    for (size_t i = 0; i < mirrors->n; i++) {
        struct err later = ERR_INIT;
        struct err *e = i == 0 ? err : &later;
        log_debug(o->log, "mirror: %s", mirrors->items[i]);
        if (load_origin(recipe, origin, mirrors->items[i], o, out, e) == 0) {
            return 0;
        }
        if (e->code == ERR_INTERRUPTED) {
            *err = *e;
            return -1;
        }
        log_debug(o->log, "%s", e->msg);
    }
    return -1;
}

int index_load(const struct recipe *recipe, const struct index_options *o, struct index_set *out,
               struct err *err)
{
    *out = (struct index_set){0};
    for (size_t i = 0; i < recipe->n_origins; i++) {
        _cleanup_strv_ struct strv mirrors = {0};
        find_mirrors(&recipe->origins[i], o, &mirrors);
        int r = mirrors.n == 0 ? no_mirror(o->etc_apt, err)
                               : try_mirrors(recipe, (int)i, &mirrors, o, out, err);
        if (r != 0) {
            index_release(out);
            return -1;
        }
    }
    return 0;
}

void index_release(struct index_set *set)
{
    drop_from(set, 0);
    free(set->items);
    strv_release(&set->mirrors);
    *set = (struct index_set){0};
}
