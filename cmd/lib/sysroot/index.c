// SPDX-License-Identifier: MIT
#include "sysroot/index.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "deb/archive.h"
#include "deb/deb822.h"
#include "deb/resolver.h"
#include "deb/text.h"
#include "fetch/cache.h"
#include "sysroot/source_script.h"

enum { PACKAGES_MAX = 512 << 20 }; // bytes expanded; Debian's is 45 MB, and so is Sources

struct choice {
    const struct recipe *recipe;
    const struct mirror_options *o;
    const char *data;
    const struct index_query *query; // what is looked for; NULL: packages are chosen
    struct strv seen;                // names that were found
    struct resolver *resolver;
    struct strv origins, suites; // of each index of the resolver, by its number
};

static char *fast_index_path(const struct choice *c, const char *sha256)
{
    return xasprintf("%s/indexes/%s.solv", c->data, sha256);
}

// Written beside its place, so that another pisdk sees it whole. That it cannot be written does no
// harm but to the next time.
static void save_fast_index(const struct choice *c, int index, const char *path)
{
    struct err err = ERR_INIT;
    _cleanup_free_ char *folder = fs_parent(path);
    _cleanup_free_ char *part = xasprintf("%s.%d", path, (int)getpid());
    _cleanup_fclose_ FILE *f = fs_mkdir_all(folder, 0755, &err) == 0 ? fopen(part, "we") : NULL;
    if (!f) {
        return;
    }
    if (resolver_save_index(c->resolver, index, f, &err) != 0 || rename(part, path) != 0) {
        log_debug(c->o->fetch.log, "%s: not kept", path);
        unlink(part);
    }
}

static int add_index(struct choice *c, const struct mirror_suite *suite,
                     const struct release_file *file, struct err *err)
{
    _cleanup_free_ char *fast = fast_index_path(c, file->sha256);
    _cleanup_free_ char *packed = cache_path(c->o->fetch.cache, file->sha256);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct err ignored = ERR_INIT;

    int index = fs_exists(fast) ? resolver_load_index(c->resolver, fast, &ignored) : -1;
    if (index >= 0) {
        return 0;
    }
    if (mirror_fetch_index(c->o, suite, file, err) != 0 ||
        archive_expand_file(packed, PACKAGES_MAX, &text, err) != 0) {
        return -1;
    }
    index = resolver_add_index(c->resolver, text.data, text.len, err);
    if (index < 0) {
        return -1;
    }
    if (text.len > 0) {
        save_fast_index(c, index, fast);
    }
    return 0;
}

// --- Looking for words ---------------------------------------------------------------------------

// `within`: in the middle of a word as well.
static bool contains(struct slice text, const char *word, bool within)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        bool begins = i == 0 || !isalnum((unsigned char)text.p[i - 1]);
        if ((begins || within) && strncasecmp(text.p + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct index_query *query, struct slice name, struct slice description)
{
    for (size_t i = 0; i < query->words->n; i++) {
        const char *word = query->words->items[i];
        if (!contains(name, word, true) && !contains(description, word, false)) {
            return false;
        }
    }
    return true;
}

static int search_index(struct choice *c, const struct mirror_suite *suite,
                        const struct release_file *file, struct err *err)
{
    _cleanup_free_ char *packed = cache_path(c->o->fetch.cache, file->sha256);
    _cleanup_strbuf_ struct strbuf text = {0};
    struct deb822_reader reader;
    struct deb822 p = {0};

    if (mirror_fetch_index(c->o, suite, file, err) != 0 ||
        archive_expand_file(packed, PACKAGES_MAX, &text, err) != 0) {
        return -1;
    }
    deb822_reader_init(&reader, text.data ? text.data : "", text.len);
    while (deb822_next(&reader, &p)) {
        struct slice name = deb822_get(&p, "Package");
        struct slice all = deb822_get(&p, "Description");
        struct slice line = all; // the first one says it
        (void)!slice_cut(&all, '\n', &line);
        if (!fits(c->query, name, line)) {
            continue;
        }
        _cleanup_free_ char *text_name = slice_dup(name);
        if (!strv_has(&c->seen, text_name)) {
            strv_add(&c->seen, text_name);
            c->query->on_package(c->query->user, name, deb822_get(&p, "Version"), line);
        }
    }
    deb822_release(&p);
    return 0;
}

// --- Suites --------------------------------------------------------------------------------------

// A mirror that is in the middle of an update, or has only some architectures.
static bool is_mirrors_fault(const struct choice *c, const struct err *err)
{
    return err->code == ERR_NOT_FOUND || err->code == ERR_VERIFY ||
           (c->o->fetch.offline && err->code == ERR_NETWORK); // as it was when we were online
}

static int add_suite(struct choice *c, const struct recipe_origin *origin, const char *suite,
                     struct err *err)
{
    _cleanup_(mirror_suite_release) struct mirror_suite found = {0};
    int r = mirror_open_suite(c->o, origin, suite, &found, err);
    for (size_t i = 0; r == 0 && i < origin->components.n; i++) {
        _cleanup_free_ char *path =
            xasprintf("%s/binary-%s/Packages", origin->components.items[i], c->recipe->arch);
        const struct release_file *file = release_find_index(&found.release, path);
        r = file ? (c->query ? search_index : add_index)(c, &found, file, err)
                 : err_set(err, ERR_NOT_FOUND, "%s has no %s", found.dist, path);
        if (r == 0) {
            strv_add(&c->origins, origin->name);
            strv_add(&c->suites, suite);
        } else if (origin->optional && is_mirrors_fault(c, err)) {
            log_warning(c->o->fetch.log, "continuing without %s: %s", suite, err->msg);
            err_clear(err);
            r = 0;
        }
    }
    return r < 0 ? -1 : 0; // 1: there is no such suite, and need not be
}

static int add_suites(struct choice *c, struct err *err)
{
    for (size_t i = 0; i < c->recipe->n_origins; i++) {
        const struct recipe_origin *origin = &c->recipe->origins[i];
        for (size_t j = 0; j < origin->suites.n; j++) {
            if (add_suite(c, origin, origin->suites.items[j], err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int add_all(struct choice *c, struct err *err)
{
    struct mirror_prefetched prefetched;
    struct mirror_options with = *c->o;
    const struct mirror_options *without = c->o;

    with.prefetched = &prefetched;
    int r = mirror_prefetch(without, c->recipe, &prefetched, err);
    c->o = &with;
    r = r == 0 ? add_suites(c, err) : r;
    c->o = without;
    mirror_prefetched_release(&prefetched);
    return r;
}

static int solve(struct choice *c, const struct package_list *favoured, struct lock *lock,
                 struct err *err)
{
    _cleanup_strv_ struct strv wanted = {0};
    strv_add_all(&wanted, c->recipe->wanted.items);
    strv_add_all(&wanted, lock->added.items);
    const struct resolver_request request = {&wanted, &c->recipe->provided, &c->recipe->preferred,
                                             favoured};
    if (resolver_solve(c->resolver, &request, &lock->packages, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < lock->packages.n; i++) {
        struct package *p = &lock->packages.items[i];
        if (!c->origins.items || (size_t)p->index >= c->origins.n) {
            return err_set(err, ERR_FAILED, "%s is in no index", p->name);
        }
        p->origin = xstrdup(c->origins.items[p->index]);
        p->suite = xstrdup(c->suites.items[p->index]);
    }
    return 0;
}

// The tarballs of a source package; its .dsc says nothing that the signed index does not.
static int add_source_files(const struct deb822 *p, struct package *to, struct err *err)
{
    _cleanup_free_ char *folder = slice_dup(deb822_get(p, "Directory"));
    struct slice rest = deb822_get(p, "Checksums-Sha256");
    struct slice line;
    while (slice_cut(&rest, '\n', &line)) {
        struct slice hash;
        struct slice size;
        struct slice name;
        if (!slice_word(&line, &hash) || !slice_word(&line, &size) || !slice_word(&line, &name) ||
            !memmem(name.p, name.n, ".tar.", strlen(".tar.")) ||
            memmem(name.p, name.n, ".asc", strlen(".asc"))) {
            continue;
        }
        struct package_file *file = package_add_file(to);
        _cleanup_free_ char *base = slice_dup(name);
        file->filename = fs_join(folder, base);
        if (!text_hash(hash, file->sha256) || !text_number(size, &file->size) ||
            !text_is_inner_path(file->filename)) {
            return err_set(err, ERR_VERIFY, "the source index gives no usable file for `%s`",
                           to->name);
        }
    }
    return to->n_files ? 0
                       : err_set(err, ERR_VERIFY, "the source index has no file of `%s`", to->name);
}

static int find_in_sources(const struct strbuf *text, struct package *to, struct err *err)
{
    struct deb822_reader reader;
    struct deb822 p = {0};
    int r = 1;

    deb822_reader_init(&reader, text->data, text->len);
    while (r == 1 && deb822_next(&reader, &p)) {
        if (slice_is(deb822_get(&p, "Package"), to->name)) {
            to->version = slice_dup(deb822_get(&p, "Version"));
            to->source = xasprintf("%s (%s)", to->name, to->version);
            r = add_source_files(&p, to, err);
        }
    }
    deb822_release(&p);
    if (r == 1) {
        return err_set(err, ERR_NOT_FOUND, "there is no source package `%s`", to->name);
    }
    return r;
}

static int add_source(struct choice *c, const struct recipe_source *source, struct lock *lock,
                      struct err *err)
{
    const struct recipe_origin *origin = recipe_find_origin(c->recipe, source->origin);
    _cleanup_(mirror_suite_release) struct mirror_suite found = {0};
    _cleanup_strbuf_ struct strbuf text = {0};

    VEC_GROW(lock->packages.items, lock->packages.n);
    struct package *to = &lock->packages.items[lock->packages.n++];
    *to = (struct package){
        .kind = PACKAGE_SOURCE,
        .name = xstrdup(source->package),
        .arch = xstrdup("source"),
        .origin = xstrdup(source->origin),
        .suite = xstrdup(source->suite),
        .script = xstrdup(fs_base(source->script)),
    };
    char sum[HASH_HEX + 1];
    if (source_script_hash(source->script, sum, err) != 0) {
        return -1;
    }
    to->script_sha256 = xstrdup(sum);
    int r = mirror_open_suite(c->o, origin, source->suite, &found, err);
    if (r != 0) {
        return r < 0 ? -1
                     : err_set(err, ERR_NOT_FOUND, "suite %s, where the source of %s is",
                               source->suite, source->package);
    }
    _cleanup_free_ char *path = xasprintf("%s/source/Sources", origin->components.items[0]);
    const struct release_file *file = release_find_index(&found.release, path);
    if (!file) {
        return err_set(err, ERR_NOT_FOUND, "%s has no %s", found.dist, path);
    }
    _cleanup_free_ char *packed = cache_path(c->o->fetch.cache, file->sha256);
    if (mirror_fetch_index(c->o, &found, file, err) != 0 ||
        archive_expand_file(packed, PACKAGES_MAX, &text, err) != 0 ||
        find_in_sources(&text, to, err) != 0) {
        return err_wrap(err, "source of %s", source->package);
    }
    return 0;
}

static int choose(struct choice *c, const struct package_list *favoured, struct lock *lock,
                  struct err *err)
{
    if (add_all(c, err) != 0 || solve(c, favoured, lock, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < c->recipe->n_sources; i++) {
        if (add_source(c, &c->recipe->sources[i], lock, err) != 0) {
            return -1;
        }
    }
    package_list_sort(&lock->packages);
    return 0;
}

// Programs of one MPI and mpirun of another make N jobs of one rank instead of one of N.
static void warn_of_two_mpis(const struct choice *c, const struct lock *lock)
{
    static const char *const libraries[][2] = {
        {"libmpich12", "MPICH"}, {"libopenmpi3", "Open MPI"}, {"libopenmpi40", "Open MPI"}};
    const char *own = lock->flavour && strcmp(lock->flavour, "mpich") == 0 ? "MPICH" : "Open MPI";
    for (size_t i = 0; lock->flavour && i < ARRAY_SIZE(libraries); i++) {
        if (strcmp(libraries[i][1], own) == 0 ||
            !package_list_find(&lock->packages, libraries[i][0])) {
            continue;
        }
        log_warning(c->o->fetch.log,
                    "some packages are built for %s, but this sysroot's MPI is %s: they cannot be "
                    "run together",
                    libraries[i][1], own);
        log_info(c->o->fetch.log, "hint: pisdk sysroot build %s --mpi %s", lock->recipe,
                 strcmp(own, "MPICH") == 0 ? "openmpi" : "mpich");
    }
}

int index_choose(const struct recipe *recipe, const struct mirror_options *o, const char *data,
                 const struct package_list *favoured, struct lock *lock, struct err *err)
{
    struct choice c = {
        .recipe = recipe, .o = o, .data = data, .resolver = resolver_new(recipe->arch)};
    int r = choose(&c, favoured, lock, err);
    if (r == 0) {
        warn_of_two_mpis(&c, lock);
    }
    resolver_free(c.resolver);
    strv_release(&c.origins);
    strv_release(&c.suites);
    return r;
}

int index_search(const struct recipe *recipe, const struct mirror_options *o,
                 const struct index_query *query, struct err *err)
{
    struct choice c = {.recipe = recipe, .o = o, .query = query};
    int r = add_all(&c, err);
    strv_release(&c.seen);
    strv_release(&c.origins);
    strv_release(&c.suites);
    return r;
}

// --- Boards --------------------------------------------------------------------------------------

// "install ok installed", and "hold" for one that apt must not touch.
static bool is_installed(const struct deb822 *p)
{
    struct slice status = deb822_get(p, "Status");
    static const char wanted[] = " ok installed";
    size_t n = strlen(wanted);
    return status.n > n && memcmp(status.p + status.n - n, wanted, n) == 0;
}

void index_installed(const struct strbuf *status, struct strv *names)
{
    struct deb822_reader reader;
    struct deb822 p = {0};

    deb822_reader_init(&reader, status->data, status->len);
    while (deb822_next(&reader, &p)) {
        if (is_installed(&p)) {
            strv_take(names, slice_dup(deb822_get(&p, "Package")));
        }
    }
    deb822_release(&p);
}

struct board_packages {
    struct package_list installed; // name and version
    struct strbuf own;             // a package index of what no mirror has
    struct strv dev;               // -dev packages
};

// As it would be in a mirror's index; where it is, and its hash, nobody asks.
static void add_own(const struct deb822 *p, struct strbuf *index)
{
    static const char *const fields[] = {"Package",  "Version",  "Architecture", "Multi-Arch",
                                         "Provides", "Depends",  "Pre-Depends",  "Conflicts",
                                         "Breaks",   "Replaces", "Source",       "Installed-Size"};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct slice value = deb822_get(p, fields[i]);
        if (value.p) {
            strbuf_addf(index, "%s: %.*s\n", fields[i], (int)value.n, value.p);
        }
    }
    strbuf_addf(index, "Filename: board\nSize: 1\nSHA256: %064d\n\n", 0);
}

static void sort_board_packages(const struct choice *c, const struct strbuf *status,
                                struct board_packages *out)
{
    struct deb822_reader reader;
    struct deb822 p = {0};

    deb822_reader_init(&reader, status->data, status->len);
    while (deb822_next(&reader, &p)) {
        struct slice arch = deb822_get(&p, "Architecture");
        if (!is_installed(&p) || (!slice_is(arch, c->recipe->arch) && !slice_is(arch, "all"))) {
            continue;
        }
        VEC_GROW(out->installed.items, out->installed.n);
        struct package *to = &out->installed.items[out->installed.n++];
        *to = (struct package){.name = slice_dup(deb822_get(&p, "Package")),
                               .version = slice_dup(deb822_get(&p, "Version"))};
        if (str_ends(to->name, "-dev") && !strv_has(&c->recipe->provided, to->name)) {
            strv_add(&out->dev, to->name);
        }
        if (!resolver_has(c->resolver, to->name, to->version)) {
            add_own(&p, &out->own);
        }
    }
    deb822_release(&p);
}

static int choose_installed(struct choice *c, const struct strbuf *status,
                            struct board_packages *board, struct lock *lock, struct err *err)
{
    if (add_all(c, err) != 0) {
        return -1;
    }
    sort_board_packages(c, status, board);
    if (board->own.len > 0) {
        if (resolver_add_index(c->resolver, board->own.data, board->own.len, err) < 0) {
            return -1;
        }
        strv_add(&c->origins, INDEX_BOARD);
        strv_add(&c->suites, "");
    }
    strv_add_all(&lock->added, board->dev.items);
    if (solve(c, &board->installed, lock, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < lock->packages.n; i++) {
        struct package *p = &lock->packages.items[i];
        if (strcmp(p->origin, INDEX_BOARD) == 0) {
            p->kind = PACKAGE_COPIED;
            package_drop_files(p);
        }
    }
    return 0;
}

int index_choose_installed(const struct recipe *recipe, const struct mirror_options *o,
                           const char *data, const struct strbuf *status, struct lock *lock,
                           struct err *err)
{
    struct choice c = {
        .recipe = recipe, .o = o, .data = data, .resolver = resolver_new(recipe->arch)};
    struct board_packages board = {0};
    int r = choose_installed(&c, status, &board, lock, err);
    resolver_free(c.resolver);
    strv_release(&c.origins);
    strv_release(&c.suites);
    package_list_release(&board.installed);
    strbuf_release(&board.own);
    strv_release(&board.dev);
    return r;
}
